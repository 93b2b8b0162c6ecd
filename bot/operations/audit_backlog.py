"""What should have happened by now and has not."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain.delivery import UNPACED, DeliveryKind
from storage import deadlines, facts, outbox

DEADLINE_OVERDUE = timedelta(seconds=10)
DELIVERY_OVERDUE = timedelta(seconds=60)
_ROUNDS = "rounds"


@dataclass(frozen=True)
class Overdue:
    deadlines: int
    deliveries: int


def overdue(
    tx: Connection,
    now: datetime,
    resting: Collection[str] = (),
    resting_kinds: Collection[DeliveryKind] = (),
) -> Overdue:
    """How many deadlines and deliveries are overdue.

    A delivery is when nobody took it up for a minute, or when for a minute every attempt has failed. One
    that waits because the other side asked for it is not, nor one whose lane keeps its pace.
    """
    since = now - DELIVERY_OVERDUE
    late = [
        row
        for row in outbox.late_heads(tx, since)
        if row.kind not in resting_kinds
        and (row.lane not in resting or row.kind in UNPACED)
        and (row.next_attempt_at <= since or row.attempt > 0)
    ]
    return Overdue(deadlines.count_due(tx, now - DEADLINE_OVERDUE), len(late))


def made_rounds(tx: Connection, now: datetime) -> None:
    """Who works off what is owed and due has looked whether it is."""
    facts.keep(tx, _ROUNDS, now.isoformat())


def last_rounds(tx: Connection) -> datetime | None:
    """When any process did so last."""
    kept = facts.of(tx, _ROUNDS)
    return datetime.fromisoformat(kept) if kept is not None else None
