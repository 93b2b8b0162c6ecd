"""What happened, line by line: for the channel, the answer, and the machine."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import assert_never

from bot.domain import narrative
from bot.domain.contact import Method
from bot.domain.ids import PersonId
from bot.domain.incident import DESCRIPTION_LIMIT, NOTE_LIMIT
from bot.domain.overview import Overview
from bot.domain.timeline import (
    Acknowledged,
    AcknowledgementMissed,
    Assigned,
    Closed,
    ClosureMissed,
    ClosureWarned,
    Declared,
    DeliveryFailed,
    DescriptionChanged,
    Entry,
    Escalated,
    EscalationExhausted,
    LevelPassed,
    Noted,
    Paged,
    PageFailed,
    PageRerouted,
    PostmortemCreated,
    Reason,
    Reopened,
    Resolved,
    SeverityChanged,
    StatusChanged,
    TitleChanged,
    put_off,
)
from bot.slack.views import kit
from bot.slack.views.kit import Message

_REASON = {
    Reason.DECLARED: "",
    Reason.UNACKNOWLEDGED: "Nobody acknowledged in time. ",
    Reason.TIMED_OUT: "Level {before} did not answer. ",
    Reason.BY_HAND: "",
    Reason.UNREACHABLE: "",
    Reason.REOPENED: "",
    Reason.RAISED: "",
}
#: At the first level there is none before: the policy has begun again.
_REASON_AT_FIRST = dict.fromkeys((Reason.UNACKNOWLEDGED, Reason.TIMED_OUT), "Nobody acknowledged in time. ")
#: So much of what somebody wrote stands in a list of many events; all of it stands in the channel.
_COMMENT, _ALL = 500, max(NOTE_LIMIT, DESCRIPTION_LIMIT)
_SECTIONS = 45


def mirrored(entry: Entry, overview: Overview) -> Message:
    """One event for the incident's channel, with every word of it; with the first, what its card cuts."""
    text = line(entry, overview, _ALL)
    description = overview.incident.description or ""
    if isinstance(entry.event, Declared) and kit.is_cut(description, kit.DESCRIPTION):
        text += f"\n{kit.quoted(description, _ALL)}"
    sections = packed(text.splitlines())
    return kit.message(text, [kit.section("\n".join(section)) for section in sections])


def timeline(entries: Sequence[Entry], overview: Overview) -> Message:
    """All that happened, oldest first, ready for a postmortem."""
    incident = overview.incident
    title = f"Timeline of {incident.number}"
    lines = [f"{kit.date_and_time(entry.at)}  {line(entry, overview)}" for entry in entries]
    sections = packed(lines)[-_SECTIONS:]
    blocks = [kit.header(title), *[kit.section("\n".join(section)) for section in sections]]
    hidden = incident.sequence - sum(len(section) for section in sections)
    if hidden > 0:
        blocks.insert(1, kit.context(f"{hidden} older events are not shown."))
    return kit.message(f"{title}: {kit.escape(kit.shortened(incident.title, 150))}", blocks)


def packed(lines: Iterable[str]) -> list[list[str]]:
    """The lines in as few sections as a section's limit allows."""
    sections: list[list[str]] = []
    room = 0
    for text in (kit.fit(one, kit.SECTION_TEXT) for one in lines):
        if len(text) + 1 > room:
            sections.append([])
            room = kit.SECTION_TEXT + 1
        sections[-1].append(text)
        room -= len(text) + 1
    return sections


def line(entry: Entry, overview: Overview, longest: int = _COMMENT) -> str:
    """One event in mrkdwn: what happened, by whom, with the right emphasis."""
    by = kit.escape(entry.by.name)

    def person(person_id: PersonId | None) -> str:
        return kit.escape(overview.name_of(person_id))

    def comment(text: str | None) -> str:
        return f"\n{kit.quoted(text, longest)}" if text else ""

    match entry.event:
        case Declared(title, severity, _):
            return f":rotating_light: *{by}* declared it: *{kit.escape(title)}* ({severity})"
        case Acknowledged(after, is_late):
            late = " :warning: late" if is_late else ""
            return f":eyes: *{by}* acknowledged after {kit.span(after)}{late}"
        case StatusChanged(_, to, text):
            return f":arrows_counterclockwise: *{by}* set the status to *{to}*{comment(text)}"
        case Resolved(_, text):
            return f":white_check_mark: *{by}* resolved it{comment(text)}"
        case Closed(_, text):
            return f":lock: *{by}* closed it{comment(text)}"
        case Reopened(_, text):
            return f":unlock: *{by}* reopened it{comment(text)}"
        case SeverityChanged(was, to, is_restart):
            anew = "; the escalation begins anew" if is_restart else ""
            return f":chart_with_upwards_trend: *{by}* changed the severity from {was} to *{to}*{anew}"
        case TitleChanged(_, to):
            return f":label: *{by}* changed the title to *{kit.escape(to)}*"
        case DescriptionChanged(_, to):
            return f":label: *{by}* changed the description{comment(to)}"
        case Assigned(person_id, _, is_automatic):
            if is_automatic:
                return f":bust_in_silhouette: *{person(person_id)}* is on call and has it"
            return f":bust_in_silhouette: *{by}* assigned it to *{person(person_id)}*"
        case Noted(text):
            return f":memo: *{by}* noted{comment(text)}"
        case Paged(person_id, text):
            return f":pager: *{by}* paged *{person(person_id)}*{comment(text)}"
        case PageFailed(person_id, method, why):
            return f":warning: *{person(person_id)}* could not be paged by {_by(method)}: {kit.escape(why)}"
        case PageRerouted(person_id, method, to, why):
            late = f"{_by(method)} has not answered for 30 s: {kit.escape(why)}"
            return f":warning: *{person(person_id)}* is paged by {_by(to)}; {late}"
        case PostmortemCreated(number):
            return f":books: *{by}* wrote the postmortem *{number}*"
        case DeliveryFailed(what, why):
            return f":warning: {kit.escape(narrative.capitalized(what))} failed: {kit.escape(why)}"
        case _:
            return _escalation_line(entry, overview)


def _escalation_line(entry: Entry, overview: Overview) -> str:
    def people(event: Escalated | EscalationExhausted | ClosureMissed) -> str:
        later = put_off(event)
        names = [
            f"*{kit.escape(overview.name_of(one))}*"
            + (f" (from {kit.date_and_time(later[one])} on)" if one in later else "")
            for one in event.people
        ]
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        return f"{', '.join(names[:10])}{more}" or "nobody"

    match entry.event:
        case Escalated(level, reason=reason, late=late, repeat=repeat):
            why = _REASON[reason].format(before=level - 1) if level > 1 else _REASON_AT_FIRST.get(reason, "")
            by = f" by {kit.escape(entry.by.name)}" if reason is Reason.BY_HAND else ""
            again = f" again (repeat {repeat})" if repeat else ""
            return (
                f":arrow_double_up: {why}Level {level}{again}{by}: paged {people(entry.event)}{_late(late)}"
            )
        case LevelPassed(level, why):
            return f":fast_forward: Level {level} was passed: it {kit.escape(why)}"
        case EscalationExhausted(late=late, found_nobody=found_nobody):
            no_level = "No level has anybody" if found_nobody else "No level answered"
            return f":sos: {no_level}: paged the admins {people(entry.event)}{_late(late)}"
        case AcknowledgementMissed(late):
            return f":warning: The acknowledge deadline passed{_late(late)}"
        case ClosureWarned(person_id, close_by, late):
            whose = (
                f"*{kit.escape(overview.name_of(person_id))}* has it" if person_id else "nobody is assigned"
            )
            when = kit.date_and_time(close_by)
            used = ":hourglass_flowing_sand: 80 % of the time to close is used"
            return f"{used}; {whose}. Close by {when}{_late(late)}"
        case ClosureMissed(late=late):
            return f":alarm_clock: The closure deadline passed: paged {people(entry.event)}{_late(late)}"
        case (
            Declared()
            | Acknowledged()
            | StatusChanged()
            | Resolved()
            | Closed()
            | Reopened()
            | SeverityChanged()
            | TitleChanged()
            | DescriptionChanged()
            | Assigned()
            | Noted()
            | Paged()
            | PageFailed()
            | PageRerouted()
            | DeliveryFailed()
            | PostmortemCreated()
        ):
            raise AssertionError("said by `line`")
        case _:
            assert_never(entry.event)


def _by(method: str) -> str:
    return "e-mail" if method == Method.EMAIL else method.capitalize()


def _late(late: timedelta | None) -> str:
    return f" ({kit.span(late)} late: Tocsin could not do it sooner)" if late is not None else ""
