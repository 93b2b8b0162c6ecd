"""Deadlines that fell due: claim one, check that it still holds, do what it stands for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain.deadline import DeadlineKind, Due
from bot.domain.expiry import expire
from bot.domain.incident import Incident
from bot.domain.timeline import TOCSIN
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


def fire(tx: Connection, now: datetime, due: Due) -> Fired | None:
    """What the deadline stood for, done in one transaction with it; None if it no longer counts."""
    if not locks.attempt(tx, due.id):  # somebody else fires it
        return None
    before = look_up.incident_by_id(tx, due.incident_id)
    armed = {row.id: row for row in deadlines.armed_of(tx, before.id)}
    deadline = armed.pop(due.id, None)
    if deadline is None:
        return None
    deadlines.claim(tx, deadline, now)
    late = now - deadline.due_at if now - deadline.due_at > LATE else None
    kind = DeadlineKind(deadline.kind)
    others = [DeadlineKind(row.kind) for row in armed.values()]
    expired = expire(look_up.organization(tx), before, kind, others, now, late)
    if expired is None:
        return None
    after, events = expired
    return Fired(kind, deadline.due_at, record(tx, now, TOCSIN, before, after, *events))


def look(
    tx: Connection, now: datetime, known: Collection[str], most: int
) -> tuple[list[Due], datetime | None]:
    """What is due besides what is known, the most overdue first; if nothing is, when the next falls due."""
    found = [Due(*one) for one in deadlines.due(tx, now, len(known) + most)]
    others = [one for one in found if one.id not in known]
    return others, None if others else deadlines.following(tx, now)
