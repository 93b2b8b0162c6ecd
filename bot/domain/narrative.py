"""What happened, in plain words: for the API, for e-mail and for postmortems.

Slack has its own lines with emphasis (`bot.slack.views.timeline`); they say the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from bot.domain.delivery import DeliveryKind
from bot.domain.ids import PersonId
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
    Escalated,
    EscalationExhausted,
    Event,
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

NameOf = Callable[[PersonId | None], str]

_WHY = {
    Reason.DECLARED: None,
    Reason.UNACKNOWLEDGED: "Nobody acknowledged in time",
    Reason.TIMED_OUT: "The level before did not answer",
    Reason.BY_HAND: None,
    Reason.UNREACHABLE: "The level before could not be reached",
    Reason.REOPENED: "The incident was reopened",
    Reason.RAISED: "The severity was raised",
}


@dataclass(frozen=True)
class Told:
    """A kind of event for machines, one line for people, and what was said with it."""

    kind: str
    title: str
    description: str | None = None

    @property
    def sentence(self) -> str:
        return f"{self.title}: {self.description}" if self.description else self.title


def told(event: Event, name_of: NameOf) -> Told:
    """The event in plain words; `name_of` gives a person's name."""
    match event:
        case Declared():
            return Told("CREATED", "Incident created")
        case Acknowledged(after, is_late):
            late = ", after the deadline" if is_late else ""
            return Told("ACKNOWLEDGED", f"Acknowledged after {span(after)}{late}")
        case StatusChanged(was, to, comment):
            return Told("STATUS_CHANGED", f"Status changed from {was} to {to}", comment)
        case Resolved(_, comment):
            return Told("RESOLVED", "Resolved", comment)
        case Closed(_, comment):
            return Told("CLOSED", "Closed", comment)
        case Reopened(_, comment):
            return Told("REOPENED", "Reopened", comment)
        case SeverityChanged(was, to, _):
            return Told("SEVERITY_CHANGED", f"Severity changed from {was} to {to}")
        case TitleChanged(_, to):
            return Told("TITLE_CHANGED", "Title changed", to)
        case DescriptionChanged(_, to):
            return Told("DESCRIPTION_CHANGED", "Description changed", to)
        case Assigned(person_id, _, is_automatic):
            why = "Is on call" if is_automatic else None
            return Told("ASSIGNED", f"Assigned to {name_of(person_id)}", why)
        case Noted(text):
            return Told("NOTE", "Note", text)
        case DeliveryFailed(what, why):
            return Told("DELIVERY_FAILED", f"{capitalized(what)} failed", why)
        case PostmortemCreated(number):
            return Told("POSTMORTEM_CREATED", f"Postmortem {number} written")
        case _:
            return _told_of_pages(event, name_of)


_Paging = (
    Paged
    | PageFailed
    | PageRerouted
    | Escalated
    | LevelPassed
    | EscalationExhausted
    | AcknowledgementMissed
    | ClosureWarned
    | ClosureMissed
)


def _told_of_pages(event: _Paging, name_of: NameOf) -> Told:
    match event:
        case Paged(person_id, message):
            return Told("PAGED", f"{name_of(person_id)} paged", message)
        case PageFailed(person_id, method, why):
            return Told("PAGE_FAILED", f"{name_of(person_id)} could not be paged by {method}", why)
        case PageRerouted(person_id, method, to, why):
            title = f"{name_of(person_id)} paged by {to}, because {method} did not answer"
            return Told("PAGE_REROUTED", title, why)
        case Escalated(level, reason=reason, late=late, repeat=repeat):
            again = f" again (repeat {repeat})" if repeat else ""
            paged = _paged(event, name_of)
            return Told("ESCALATED", f"Escalated to level {level}{again}: {paged}{_late(late)}", _WHY[reason])
        case LevelPassed(level, why):
            return Told("LEVEL_PASSED", f"Level {level} passed", f"It {why}")
        case EscalationExhausted(late=late, found_nobody=found_nobody):
            no_level = "No level has anybody" if found_nobody else "No level answered"
            return Told(
                "ESCALATION_EXHAUSTED",
                f"{no_level}: {_paged(event, name_of)} as admins{_late(late)}",
            )
        case AcknowledgementMissed(late):
            return Told("ACKNOWLEDGE_DEADLINE_MISSED", f"Acknowledge deadline passed{_late(late)}")
        case ClosureWarned(_, close_by, late):
            title = f"80 % of the time to close is used{_late(late)}"
            return Told("CLOSURE_WARNING", title, f"Close by {close_by:%Y-%m-%d %H:%M} UTC")
        case ClosureMissed(late=late):
            title = f"Closure deadline passed: {_paged(event, name_of)}{_late(late)}"
            return Told("CLOSURE_DEADLINE_MISSED", title)
        case _:
            assert_never(event)


#: What was to be delivered for an incident; `{}` is a person.
_OWED = {
    DeliveryKind.CREATE_CHANNEL: "the creation of the channel",
    DeliveryKind.SET_TOPIC: "the topic of the channel",
    DeliveryKind.POST_CARD: "the card",
    DeliveryKind.PIN_CARD: "the pin of the card",
    DeliveryKind.BOOKMARK_CARD: "the bookmark of the card",
    DeliveryKind.UPDATE_CARD: "a change of the card",
    DeliveryKind.ANNOUNCE: "the announcement",
    DeliveryKind.UPDATE_ANNOUNCEMENT: "a change of the announcement",
    DeliveryKind.INVITE: "the invitation of {}",
    DeliveryKind.MIRROR: "a line of the timeline",
    DeliveryKind.PAGE: "a page to {}",
    DeliveryKind.REFRESH_PAGE: "a change of the page to {}",
    DeliveryKind.TELL: "a message to {}",
}


def owed(kind: DeliveryKind, name: str) -> str:
    """What was to be delivered, in words: `the invitation of Ben Li`."""
    return _OWED[kind].format(name) if kind in _OWED else kind.value.replace("_", " ")


def capitalized(words: str) -> str:
    """The same, to begin a sentence with."""
    return words[:1].upper() + words[1:]


def span(length: timedelta) -> str:
    """A length of time in its two largest units: `2 h 5 min`, `45 s`."""
    seconds = max(int(length.total_seconds()), 0)
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    units = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    words = [f"{count} {unit}" for count, unit in units if count]
    return " ".join(words[:2]) or "0 s"


def _paged(event: Escalated | EscalationExhausted | ClosureMissed, name_of: NameOf) -> str:
    """`Ada, Ben paged`; whose page comes later, with the time: `Ada paged, Ben from 07:00 UTC on`."""
    first = put_off(event)
    now = ", ".join(name_of(one) for one in event.people if one not in first)
    later = [f"{name_of(one)} from {at:%Y-%m-%d %H:%M} UTC on" for one, at in first.items()]
    return ", ".join([*([f"{now} paged"] if now else []), *later]) or "nobody paged"


def _late(late: timedelta | None) -> str:
    return f" ({span(late)} late: Tocsin could not do it sooner)" if late is not None else ""
