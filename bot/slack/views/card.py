"""The incident's card, in its channel and in the announcement channel."""

import unicodedata
from datetime import datetime

from bot.domain.escalation import Shown, mark, standing
from bot.domain.incident import Incident, Status
from bot.domain.outage import Told
from bot.domain.overview import NextLevel, Overview
from bot.domain.sla import Severity, is_breached
from bot.slack.verbs import Verb
from bot.slack.views import actions, kit
from bot.slack.views.kit import Block, Element, Message

SEVERITY_EMOJI = {
    Severity.SEV0: ":rotating_light:",
    Severity.SEV1: ":red_circle:",
    Severity.SEV2: ":large_orange_circle:",
    Severity.SEV3: ":large_yellow_circle:",
    Severity.SEV4: ":large_blue_circle:",
}
STATUS_WORD = {
    Status.NEW: "New",
    Status.INVESTIGATING: "Investigating",
    Status.FIXING: "Fixing",
    Status.MONITORING: "Monitoring",
    Status.RESOLVED: "Resolved",
    Status.CLOSED: "Closed",
}
ROLE_WORD = {
    "primary": "the on-call primary",
    "secondary": "the on-call secondary",
    "team_lead": "the team lead",
    "manager": "the manager",
    "org_admin": "the admins",
}
_CHANNEL_NAME = 80
_WORDS_IN_NAME = 3
_TOPIC = 250


def card(overview: Overview, now: datetime, outage: Told | None = None) -> Message:
    """What is wrong, who has it, how long there is; and what can be done about it now."""
    banner = [_banner(outage)] if outage is not None else []
    blocks = [*_facts(overview, now), *banner, *_buttons(overview, has_menu=True)]
    return kit.message(headline(overview.incident), blocks)


def announcement(overview: Overview, now: datetime) -> Message:
    """The card for everybody else, with the way to its channel."""
    blocks = [*_facts(overview, now)]
    if overview.place.channel_id and not overview.place.thread_ts:
        blocks.append(kit.context(f"Join in: <#{overview.place.channel_id}>"))
    return kit.message(headline(overview.incident), [*blocks, *_buttons(overview, has_menu=False)])


def headline(incident: Incident) -> str:
    """One line that says what matters: `INC-2026-044 · SEV1 · checkout is down`."""
    state = "" if incident.is_open else f"{STATUS_WORD[incident.status]}: "
    title = kit.escape(kit.shortened(incident.title, 200))
    return f"{SEVERITY_EMOJI[incident.severity]} {state}{incident.number} · {incident.severity} · {title}"


def topic(overview: Overview) -> str:
    incident = overview.incident
    text = f"{incident.severity} · {STATUS_WORD[incident.status]} · {incident.number} · {incident.title}"
    return kit.fit(kit.escape(kit.shortened(text, _TOPIC - 30)), _TOPIC)


def channel_name(overview: Overview, attempt: int = 1) -> str:
    """`inc-2026-044-database-pool`; a later attempt has its ordinal at the end.

    Source: Slack allows 80 lower-case letters of any script, digits, hyphens and underscores.
    """
    title = unicodedata.normalize("NFKC", overview.incident.title).lower()
    words = "".join(_in_name(character) for character in title).split()
    kept = [word for word in words if word not in _SMALL_WORDS][:_WORDS_IN_NAME]
    suffix = f"-{attempt}" if attempt > 1 else ""
    name = "-".join([overview.incident.number.lower(), *kept])
    return f"{name[: _CHANNEL_NAME - len(suffix)].rstrip('-')}{suffix}"


def _in_name(character: str) -> str:
    """A letter or digit as it is, an accent or vowel sign as nothing, anything else as a gap.

    Signs within a word (Hindi, Thai, the dot of a lower-cased İ) must not cut it into pieces.
    """
    category = unicodedata.category(character)
    if category == "Nd" or (category[0] == "L" and character == character.lower()):
        return character
    return "" if category[0] == "M" else " "


_SMALL_WORDS = frozenset({"a", "an", "the", "is", "are", "of", "in", "on", "to", "for", "and", "with", "at"})


def bookmark_title(overview: Overview) -> str:
    return f"{overview.incident.number}: card"


def _banner(told: Told) -> Block:
    """That Slack was away, so that nobody wonders why everything came at once, or not at all."""
    outage, pages = told.outage, told.pages_by_email
    until = kit.date(outage.until) if outage.until is not None else "now"
    by_email = f"; {pages} {'page' if pages == 1 else 'pages'} went by e-mail" if pages else ""
    return kit.context(f":zap: Slack did not answer from {kit.date(outage.since)} to {until}{by_email}.")


def _facts(overview: Overview, now: datetime) -> list[Block]:
    incident = overview.incident
    services = ", ".join(kit.escape(kit.shortened(one.name, 60)) for one in overview.services[:8]) or "—"
    more = f" and {len(overview.services) - 8} more" if len(overview.services) > 8 else ""
    facts = [
        f"*Status*\n{STATUS_WORD[incident.status]}",
        f"*Severity*\n{SEVERITY_EMOJI[incident.severity]} {incident.severity}",
        f"*Assignee*\n{kit.name(overview.assignee)}",
        f"*Services*\n{services}{more}",
        f"*Acknowledge*\n{acknowledge_word(incident, now)}",
        f"*Close*\n{_close_word(incident, now)}",
    ]
    blocks = [kit.header(incident.title)]
    if len(incident.title) > kit.HEADER_TEXT:
        blocks.append(kit.section(kit.escape(incident.title)))
    if incident.description:
        blocks.append(kit.section(kit.escape(kit.shortened(incident.description, kit.DESCRIPTION))))
    last = " · ".join(
        part for part in (f"*{incident.number}*", level_word(overview), next_word(overview)) if part
    )
    declared = f"Declared by {kit.escape(incident.declared_by)}, {kit.date_and_time(incident.created_at)}"
    return [*blocks, kit.fields(facts), kit.context(last, declared)]


def acknowledge_word(incident: Incident, now: datetime) -> str:
    """`by 03:15`, `:white_check_mark: Ada, 03:04`, or that it is overdue."""
    late = is_breached(incident.acknowledge_by, incident.acknowledged_at, now)
    if incident.acknowledged_at is not None:
        by = kit.escape(incident.acknowledged_by or "somebody")
        return f":white_check_mark: {by}, {kit.date(incident.acknowledged_at)}{' (late)' if late else ''}"
    if not incident.is_open:
        return "—"
    return f"{':warning: overdue since' if late else 'by'} {kit.date_and_time(incident.acknowledge_by)}"


def _close_word(incident: Incident, now: datetime) -> str:
    ended = incident.resolved_at or incident.closed_at
    late = is_breached(incident.close_by, ended, now)
    if ended is not None:
        by = kit.escape(incident.resolved_by or "somebody")
        return f":white_check_mark: {by}, {kit.date_and_time(ended)}{' (late)' if late else ''}"
    return f"{':warning: overdue since' if late else 'by'} {kit.date_and_time(incident.close_by)}"


def level_word(overview: Overview) -> str:
    """`Level 1 of 3`, or that nobody was left to page."""
    incident = overview.incident
    if incident.is_exhausted and incident.awaits_acknowledgement:
        no_level = "no level has anybody, the admins were paged"
        return f":sos: {no_level if overview.found_nobody else 'every level was paged, the admins too'}"
    if not incident.level or not overview.levels:
        return ""
    again = f", repeat {incident.repeats}" if incident.repeats else ""
    # A lower severity may have fewer levels than were paged already.
    return f"Level {incident.level} of {max(overview.levels, incident.level)}{again}"


def next_word(overview: Overview) -> str:
    """What happens next by itself, and when; nothing while no clock runs."""
    following = next_paged(overview)
    return f"then {following}" if following else ""


def next_paged(overview: Overview) -> str:
    """Who is paged next by itself, and when: `Chloé Martin at 03:15`; nothing while no clock runs."""
    if not overview.incident.awaits_acknowledgement:
        return ""
    following = overview.next_level
    if following is not None and following.at is not None:
        again = " again" if following.is_repeat else ""
        return f"{whom(following)}{again} at {kit.date(following.at)}"
    if overview.admins_at is not None:
        return f"the admins at {kit.date(overview.admins_at)}"
    return ""


def whom(following: NextLevel) -> str:
    """The people whom the next level pages, else its role. A mention would reach them before their time."""
    names = [kit.name(person) for person in following.people[:4]]
    if names:
        more = f" and {len(following.people) - 4} more" if len(following.people) > 4 else ""
        return f"{', '.join(names)}{more}"
    return ROLE_WORD.get(following.role or "", f"level {following.level}")


def _buttons(overview: Overview, *, has_menu: bool) -> list[Block]:
    """Only what applies now."""
    incident = overview.incident
    number = incident.number
    if not incident.is_open:
        is_closed = incident.status is Status.CLOSED
        close = None if is_closed else kit.button("Close", actions.CLOSE, number)
        postmortem = kit.button("Postmortem", actions.POSTMORTEM, number)
        return [kit.row(close, postmortem, kit.button("Reopen", actions.REOPEN, number))]
    return [
        kit.row(
            acknowledge_button(overview),
            kit.button("Resolve", actions.RESOLVE, number),
            escalate_button(overview),
            kit.button("Page", actions.PAGE, number),
            _menu(number) if has_menu else None,
        )
    ]


def acknowledge_button(overview: Overview) -> Element | None:
    if not overview.incident.awaits_acknowledgement:
        return None
    return kit.button("Acknowledge", actions.ACKNOWLEDGE, overview.incident.number, style="primary")


def escalate_button(overview: Overview) -> Element | None:
    following = overview.by_hand
    if following is None:
        return None
    confirm = kit.confirmation(
        "Escalate now?", f"This pages {whom(following)} (level {following.level}).", "Escalate"
    )
    shown = Shown(standing(overview.incident), mark(person.id for person in following.people))
    value = actions.escalation(overview.incident.number, shown)
    return kit.button("Escalate", actions.ESCALATE, value, confirm=confirm)


def _menu(number: str) -> Element | None:
    words = {
        Verb.STATUS: "Change status…",
        Verb.SEVERITY: "Change severity…",
        Verb.ASSIGN: "Assign…",
        Verb.NOTE: "Add a note…",
        Verb.CLOSE: "Close without resolving…",
    }
    return kit.overflow(
        actions.MORE, [kit.option(text, actions.choice(verb, number)) for verb, text in words.items()]
    )
