"""A page: the direct message that wakes somebody. And what is told without waking."""

from datetime import datetime

from bot.domain.overview import Overview, PageFacts
from bot.domain.timeline import (
    Assigned,
    ClosureMissed,
    ClosureWarned,
    Entry,
    Escalated,
    EscalationExhausted,
    Paged,
    Reason,
)
from bot.slack.views import actions, card, kit, timeline
from bot.slack.views.kit import Block, Element, Message

_APP_REDIRECT = "https://slack.com/app_redirect?channel="


def page(facts: PageFacts, now: datetime) -> Message:
    """What is wrong, since when, why this person, and what happens next and when."""
    overview = facts.overview
    incident = overview.incident
    services = ", ".join(kit.escape(kit.shortened(one.name, 60)) for one in overview.services[:5])
    since = f"since {kit.date_and_time(incident.created_at)} ({kit.span(now - incident.created_at)})"
    what = " · ".join(
        part for part in (f"*{incident.number}*", str(incident.severity), services, since) if part
    )
    blocks = [
        kit.header(f"{card.SEVERITY_EMOJI[incident.severity]} {incident.title}"),
        kit.section(what),
        *([kit.section(kit.quoted(incident.description, 400))] if incident.description else []),
        kit.section(why(facts)),
        kit.context(_state(facts)),
        *_buttons(facts),
    ]
    blocks[0]["text"]["emoji"] = True
    return kit.message(f"{'' if facts.is_asking else 'Over: '}{card.headline(incident)}", blocks)


def why(facts: PageFacts) -> str:
    """Why this person is paged."""
    entry, by = facts.entry, kit.escape(facts.entry.by.name)
    match entry.event:
        case Paged(_, message):
            return f"*{by}* pages you{f':{chr(10)}{kit.quoted(message)}' if message else '.'}"
        case EscalationExhausted(found_nobody=True):
            return "You are an admin, and *no level has anybody to page*."
        case EscalationExhausted():
            return "You are an admin, and *every level was paged without an answer*."
        case ClosureMissed():
            return "The *closure deadline has passed* and you are next in the escalation."
        case Escalated(level, reason=reason, repeat=repeat):
            return _why_level(level, reason, by, is_first=level <= 1, is_repeat=repeat > 0)
        case _:
            return "You are needed."


def _why_level(level: int, reason: Reason, by: str, *, is_first: bool, is_repeat: bool) -> str:
    match reason:
        case Reason.BY_HAND:
            return f"*{by}* escalated it to level {level}, which is you."
        case _ if is_repeat:
            return f"*Nobody has acknowledged it yet*: it has begun again, and you are level {level}."
        case Reason.UNACKNOWLEDGED | Reason.TIMED_OUT:
            return f"*Nobody acknowledged in time*; you are level {level}."
        case Reason.UNREACHABLE:
            return f"The level before *could not be reached*; you are level {level}."
        case Reason.REOPENED:
            return "It was *reopened*, and you are on call."
        case Reason.RAISED:
            return "Its *severity was raised*, and you are on call."
        case _:
            return (
                "You are *on call*." if is_first else f"You are level {level}; the levels before have nobody."
            )


def _state(facts: PageFacts) -> str:
    """What happens next and when, or what has become of it."""
    overview, incident = facts.overview, facts.overview.incident
    if not incident.is_open:
        by = kit.escape(incident.resolved_by or "somebody")
        return f":white_check_mark: {card.STATUS_WORD[incident.ended_as]} by {by}. Nothing more to do."
    if incident.acknowledged_at is not None:
        by = kit.escape(incident.acknowledged_by or "somebody")
        return f":eyes: Acknowledged by {by} at {kit.date(incident.acknowledged_at)}."
    if _is_paged_again(facts):
        return ":repeat: You have been paged about it again since."
    if following := card.next_word(overview):
        return f"If nobody acknowledges, {following}."
    return "Nobody has acknowledged it yet."


def _is_paged_again(facts: PageFacts) -> bool:
    """Whether it asks no more although nobody has acknowledged: a newer page does."""
    event, incident = facts.entry.event, facts.overview.incident
    is_of_now = isinstance(event, Escalated) and event.round == incident.round
    return is_of_now and not facts.is_asking


def _buttons(facts: PageFacts) -> list[Block]:
    overview = facts.overview
    elements = [
        card.acknowledge_button(overview),
        card.escalate_button(overview) if facts.is_asking else None,
        open_channel(overview),
    ]
    return [kit.row(*elements)] if any(elements) else []


def open_channel(overview: Overview) -> Element | None:
    if overview.place.channel_id is None:
        return None
    url = f"{_APP_REDIRECT}{overview.place.channel_id}"
    return kit.button("Open channel", actions.OPEN_CHANNEL, overview.incident.number, url=url)


def told(entry: Entry, overview: Overview) -> Message:
    """Something the person should know, which asks for no answer."""
    incident = overview.incident
    match entry.event:
        case Assigned():
            text = f":bust_in_silhouette: *{kit.escape(entry.by.name)}* assigned *{incident.number}* to you."
        case ClosureWarned(_, close_by, _):
            text = (
                f":hourglass_flowing_sand: 80 % of the time to close *{incident.number}* is used. "
                f"Close it by {kit.date_and_time(close_by)}."
            )
        case _:
            text = timeline.line(entry, overview)
    title = kit.context(f"{incident.severity} · {kit.escape(kit.shortened(incident.title, 200))}")
    buttons = [kit.row(button)] if (button := open_channel(overview)) else []
    return kit.message(
        f"{text} {kit.escape(kit.shortened(incident.title, 100))}", [kit.section(text), title, *buttons]
    )
