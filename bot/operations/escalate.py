"""Escalate an incident to the next level, by hand."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain import escalation
from bot.domain.errors import EscalatedMeanwhile, Invalid, NoFurtherLevel
from bot.domain.escalation import Shown, Standing
from bot.domain.incident import Incident, check_open
from bot.domain.rights import Right
from bot.domain.time import when
from bot.domain.timeline import Actor, Entry, Escalated, EscalationExhausted, LevelPassed, Reason
from bot.operations import look_up, rows
from bot.operations.permit import permit
from bot.operations.record import record
from storage import timeline

#: What an escalation comes further by.
_CLIMBING = (Escalated.__name__, LevelPassed.__name__, EscalationExhausted.__name__)
#: So long an escalation may be unknown to somebody else who types the same.
_NEWS = timedelta(seconds=30)


def escalate(tx: Connection, now: datetime, actor: Actor, number: str, seen: Shown | None = None) -> Incident:
    """The incident at its next level, whose people are paged. Raises NoFurtherLevel after the last.

    Who was shown whom it pages says how far it had come then, and who they were: `seen`. Raises
    EscalatedMeanwhile when it has come further since, so that of several who press the same button one pages
    one level; and when others are next by now, so that nobody is woken who was not named.
    """
    permit(actor, Right.ESCALATE, number)
    before = look_up.incident(tx, number)
    check_open(before, "be escalated")
    if seen is not None:
        _check_seen(tx, now, before, seen.standing)
    # Another process may have been asked later and have written first: what was escalated after an
    # acknowledgement must not seem to have been answered by it.
    now = max(now, before.acknowledged_at or now)
    organization = look_up.organization(tx)
    paged = escalation.by_hand(organization, before, now)
    if paged is None:
        raise NoFurtherLevel(
            f"{before.number} is at its last level. Page somebody by name instead: /incident page @someone."
        )
    if seen is not None and seen.people not in (None, escalation.mark(paged[1])):
        raise EscalatedMeanwhile("Others are on call by now, or the organization was changed", now)
    after, events = escalation.climb(organization, before, now, Reason.BY_HAND)
    return record(tx, now, actor, before, after, *events)


def escalate_once(tx: Connection, now: datetime, actor: Actor, number: str) -> Incident:
    """As above, for who was not shown whom it pages, and may mean the level that is being paged already.

    Raises EscalatedMeanwhile when somebody else has just escalated it by hand.
    """
    permit(actor, Right.ESCALATE, number)
    climbed = timeline.of_kinds(tx, look_up.incident(tx, number).id, _CLIMBING)
    last = rows.entry(climbed[-1]) if climbed else None
    if last is not None and _is_news(last, actor, now):
        raise EscalatedMeanwhile(f"{_what_was_done(last)} {when(last.at, now)}", last.at)
    return escalate(tx, now, actor, number)


def _is_news(last: Entry, actor: Actor, now: datetime) -> bool:
    by_hand = isinstance(last.event, Escalated) and last.event.reason is Reason.BY_HAND
    return by_hand and last.by.person_id != actor.person_id and now - last.at <= _NEWS


def _check_seen(tx: Connection, now: datetime, before: Incident, seen: Standing) -> None:
    """Raises EscalatedMeanwhile, or Invalid for what this incident never showed."""
    is_now = escalation.standing(before)
    if seen > is_now:
        raise Invalid(current_level="is none that this incident has been at")
    if seen < is_now:
        last = rows.entry(timeline.of_kinds(tx, before.id, _CLIMBING)[-1])
        raise EscalatedMeanwhile(f"{_what_was_done(last)} {when(last.at, now)}", last.at)


def _what_was_done(last: Entry) -> str:
    match last.event:
        case Escalated(reason=Reason.REOPENED):
            return f"{last.by.name} reopened it"
        case Escalated(reason=Reason.RAISED):
            return f"{last.by.name} raised its severity"
        case Escalated(level=level):
            return f"{last.by.name} escalated it to level {level}"
        case _:
            return f"{last.by.name} escalated it beyond its last level"
