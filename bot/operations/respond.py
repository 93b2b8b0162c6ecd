"""Acknowledge; change the status, severity, title or description; note; resolve, close, reopen."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain import escalation
from bot.domain import incident as rules
from bot.domain.errors import AlreadyAcknowledged, AlreadyOpen, AlreadyThere, Invalid
from bot.domain.incident import COMMENT_LIMIT, DESCRIPTION_LIMIT, Ender, Incident, Status
from bot.domain.rights import Right, right_to_move
from bot.domain.sla import Severity, is_breached
from bot.domain.time import when
from bot.domain.timeline import (
    Acknowledged,
    Actor,
    Closed,
    DescriptionChanged,
    Entry,
    Escalated,
    EscalationExhausted,
    Event,
    Noted,
    Reason,
    Reopened,
    Resolved,
    SeverityChanged,
    StatusChanged,
    TitleChanged,
)
from bot.operations import look_up, rows
from bot.operations.declare import sla_of
from bot.operations.permit import permit
from bot.operations.record import record
from storage import timeline

NOTE_LIMIT = rules.NOTE_LIMIT
#: What pages people until somebody acknowledges.
_PAGING = (Escalated.__name__, EscalationExhausted.__name__)
_TICK = timedelta(microseconds=1)


def acknowledge(tx: Connection, now: datetime, actor: Actor, number: str) -> Incident:
    """The incident acknowledged and the escalation stopped. Raises AlreadyAcknowledged."""
    permit(actor, Right.ACKNOWLEDGE, number)
    before = look_up.incident(tx, number)
    # Another process may have been asked later and have written first: what was escalated before the
    # acknowledgement must not seem to have come after it.
    escalated = [row.at for row in timeline.of_kinds(tx, before.id, _PAGING)]
    now = max([now, *(at + _TICK for at in escalated if at > now)])
    try:
        after = rules.acknowledge(before, now, actor.name, actor.person_id)
    except AlreadyAcknowledged as refusal:
        first = _last(tx, before, Acknowledged)
        if first is not None and actor.person_id is not None and first.by.person_id == actor.person_id:
            refusal.say_to_oneself()
        raise
    took = now - before.clock_started_at
    event = Acknowledged(took, is_breached(before.acknowledge_by, now, now))
    return record(tx, now, actor, before, after, event)


def change_status(
    tx: Connection, now: datetime, actor: Actor, number: str, to: Status, comment: str | None = None
) -> Incident:
    """The incident in another status.

    Raises AlreadyThere, InvalidTransition, or Invalid where a comment is missing.
    """
    before = look_up.incident(tx, number)
    permit(actor, right_to_move(before.status, to), number)
    check_is_news(tx, now, before, to)
    comment = rules.checked_text("comment", comment, COMMENT_LIMIT)
    if not to.is_open:
        after = rules.end(before, to, comment, now, Ender(actor.name, actor.person_id))
        if to is Status.RESOLVED:
            return record(tx, now, actor, before, after, Resolved(before.status, comment or ""))
        return record(tx, now, actor, before, after, Closed(before.status, comment))
    if not before.is_open:
        return _reopen(tx, now, actor, before, to, comment)
    after = rules.move(before, to, comment)
    return record(tx, now, actor, before, after, StatusChanged(before.status, to, comment))


def check_is_news(tx: Connection, now: datetime, before: Incident, to: Status) -> None:
    """Raises AlreadyThere for what is so already; it names who ended it."""
    if before.status is not to and (before.status, to) != (Status.CLOSED, Status.RESOLVED):
        return
    kind = Resolved if before.status is Status.RESOLVED else Closed
    ended = None if before.is_open else _last(tx, before, kind)
    by = (f"by {ended.by.name} {when(ended.at, now)}", ended.at) if ended is not None else ()
    raise AlreadyThere(before.number, before.status, rules.MOVES[before.status], *by)


def _last(tx: Connection, found: Incident, kind: type[Event]) -> Entry | None:
    entries = timeline.of_kinds(tx, found.id, [kind.__name__])
    return rows.entry(entries[-1]) if entries else None


def reopen(tx: Connection, now: datetime, actor: Actor, number: str, comment: str | None = None) -> Incident:
    """The incident that was over, investigated again. Raises AlreadyOpen, or Invalid without a comment.

    Whoever changes the status to investigating may mean an open one; whoever reopens does not: they may have
    asked for the form while it was closed.
    """
    permit(actor, Right.REOPEN, number)
    before = look_up.incident(tx, number)
    check_is_over(tx, now, before)
    return change_status(tx, now, actor, number, Status.INVESTIGATING, comment)


def check_is_over(tx: Connection, now: datetime, before: Incident) -> None:
    """Raises AlreadyOpen; it names who reopened it."""
    if not before.is_open:
        return
    reopened = _last(tx, before, Reopened)
    if reopened is None:
        raise AlreadyOpen(before.number, None)
    raise AlreadyOpen(before.number, f"by {reopened.by.name} {when(reopened.at, now)}", reopened.at)


def _reopen(
    tx: Connection, now: datetime, actor: Actor, before: Incident, to: Status, comment: str | None
) -> Incident:
    rules.check_move(before, to, comment)
    organization = look_up.organization(tx)
    after = rules.reopen(before, comment, now, sla_of(organization, before.severity))
    after, escalations = escalation.climb(organization, after, now, Reason.REOPENED)
    return record(tx, now, actor, before, after, Reopened(before.status, comment or ""), *escalations)


def change_severity(tx: Connection, now: datetime, actor: Actor, number: str, to: Severity) -> Incident:
    """The incident with another severity; raising it begins the escalation anew. No change is no event."""
    permit(actor, Right.CHANGE_SEVERITY, number)
    before = look_up.incident(tx, number)
    if to is before.severity:
        return before
    organization = look_up.organization(tx)
    after = rules.change_severity(before, to, sla_of(organization, to), now)
    is_restart = after.round != before.round
    event = SeverityChanged(before.severity, to, is_restart)
    if not is_restart:
        return record(tx, now, actor, before, after, event)
    after, escalations = escalation.climb(organization, after, now, Reason.RAISED)
    return record(tx, now, actor, before, after, event, *escalations)


def change_title(tx: Connection, now: datetime, actor: Actor, number: str, title: str) -> Incident:
    permit(actor, Right.REWORD, number)
    before = look_up.incident(tx, number)
    title = rules.checked_title(title)
    if title == before.title:
        return before
    after = replace(before, title=title)
    return record(tx, now, actor, before, after, TitleChanged(before.title, title))


def describe(tx: Connection, now: datetime, actor: Actor, number: str, description: str | None) -> Incident:
    permit(actor, Right.REWORD, number)
    before = look_up.incident(tx, number)
    description = rules.checked_text("description", description, DESCRIPTION_LIMIT)
    if description == before.description:
        return before
    after = replace(before, description=description)
    return record(tx, now, actor, before, after, DescriptionChanged(before.description, description))


def note(tx: Connection, now: datetime, actor: Actor, number: str, text: str) -> Incident:
    """The incident with a note on its timeline, in whatever status it is. Raises Invalid."""
    permit(actor, Right.NOTE, number)
    before = look_up.incident(tx, number)
    noted = rules.checked_text("note", text, NOTE_LIMIT)
    if noted is None:
        raise Invalid(note="must say something")
    return record(tx, now, actor, before, before, Noted(noted))
