"""Deadlines that fell due: claim one, check that it still holds, do what it stands for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row

from bot.domain import escalation
from bot.domain.deadline import DeadlineKind
from bot.domain.incident import Incident
from bot.domain.organization import Organization
from bot.domain.timeline import (
    TOCSIN,
    AcknowledgementMissed,
    ClosureMissed,
    ClosureWarned,
    Escalated,
    Event,
    Reason,
)
from bot.operations import look_up
from bot.operations.record import record
from storage import deadlines, locks

#: From when on a late deadline is called late on the timeline.
LATE = timedelta(seconds=10)


@dataclass(frozen=True)
class Fired:
    """A deadline that was carried out, and the incident after it."""

    kind: DeadlineKind
    due_at: datetime
    incident: Incident


def fire(tx: Connection, now: datetime, deadline_id: str) -> Fired | None:
    """What the deadline stood for, done in one transaction with it; None if it no longer counts."""
    incident_id = deadlines.incident_of(tx, deadline_id)
    if incident_id is None or not locks.attempt(tx, deadline_id):  # somebody else fires it
        return None
    before = look_up.incident_by_id(tx, incident_id)
    deadline = deadlines.claim(tx, deadline_id, now)
    if deadline is None:
        return None
    late = now - deadline.due_at if now - deadline.due_at > LATE else None
    organization = look_up.organization(tx)
    kind = DeadlineKind(deadline.kind)
    if kind in (DeadlineKind.CLOSURE, DeadlineKind.CLOSURE_WARNING):
        is_overtaken = kind is DeadlineKind.CLOSURE_WARNING and now >= before.close_by
        if not before.is_open or is_overtaken:
            return None
        after, events = before, [_closure(organization, before, kind, now, late)]
    else:
        if not before.awaits_acknowledgement:
            return None
        after, events = _unanswered(tx, organization, before, deadline, now, late)
    return Fired(kind, deadline.due_at, record(tx, now, TOCSIN, before, after, *events))


def earliest(tx: Connection) -> datetime | None:
    """When the next deadline falls due."""
    return deadlines.earliest(tx)


def due(tx: Connection, now: datetime, most: int) -> list[str]:
    """Ids of the deadlines that are due, the most overdue first."""
    return list(deadlines.due(tx, now, most))


def _unanswered(
    tx: Connection,
    organization: Organization,
    before: Incident,
    deadline: "Row[tuple[object, ...]]",
    now: datetime,
    late: timedelta | None,
) -> tuple[Incident, list[Event]]:
    """Nobody acknowledged in time: the next level, unless a later level has time of its own."""
    if deadline.kind == DeadlineKind.LEVEL_TIMEOUT:
        return escalation.climb(organization, before, now, Reason.TIMED_OUT, late)
    armed = deadlines.armed_of(tx, before.id)
    if any(row.kind == DeadlineKind.LEVEL_TIMEOUT for row in armed):
        return before, [AcknowledgementMissed(late)]
    return escalation.climb(organization, before, now, Reason.UNACKNOWLEDGED, late)


def _closure(
    organization: Organization,
    incident: Incident,
    kind: DeadlineKind,
    now: datetime,
    late: timedelta | None,
) -> Event:
    if kind is DeadlineKind.CLOSURE_WARNING:
        return ClosureWarned(incident.assignee_id, incident.close_by, late)
    _, events = escalation.climb(organization, incident, now, Reason.TIMED_OUT)
    reached = next((event for event in events if isinstance(event, Escalated)), None)
    people = reached.people if reached else organization.admins()
    methods = reached.methods if reached else organization.methods(people)
    level = reached.level if reached else None
    return ClosureMissed(people, level, incident.close_by, incident.round, late, methods)
