"""The outbox: what is owed to the outside, lane by lane."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, exists, func, or_, select, text
from sqlalchemy.dialects.sqlite import insert

from storage import touched
from storage.tables import incidents, outbox

_UNSETTLED = ("pending", "sending")
_earlier = outbox.alias("earlier")

_WITH_NUMBER: Select[Any] = select(outbox, incidents.c.number).outerjoin(
    incidents, incidents.c.id == outbox.c.incident_id
)

#: The first unsettled delivery of each lane, where it is pending and its time has come. States are written
#: out: SQLite takes a partial index only for a condition that it can read.
_READY = (
    _WITH_NUMBER.where(
        text("outbox.state = 'pending'"),
        outbox.c.priority <= bindparam("least"),
        outbox.c.next_attempt_at <= bindparam("moment"),
        ~exists().where(
            _earlier.c.lane == outbox.c.lane,
            _earlier.c.id < outbox.c.id,
            text("earlier.state IN ('pending', 'sending')"),
        ),
    )
    .order_by(outbox.c.priority, outbox.c.id)
    .limit(bindparam("most"))
)
_NEXT = select(func.min(outbox.c.next_attempt_at)).where(
    text("outbox.state = 'pending'"),
    outbox.c.next_attempt_at > bindparam("moment"),
)


def add(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Owe these deliveries; one whose key was owed before is not owed again."""
    if rows:
        tx.execute(insert(outbox).on_conflict_do_nothing(index_elements=["key"]), [dict(row) for row in rows])
        touched.mark(tx, touched.OUTBOX)


def ready(
    tx: Connection,
    now: datetime,
    most: int,
    resting: Collection[str],
    least: int,
    unpaced: Collection[str],
) -> Sequence[Row[Any]]:
    """Heads of lanes that may go out now, most urgent first; in a lane that rests, unpaced kinds only."""
    may_go = or_(outbox.c.lane.not_in(resting), outbox.c.kind.in_(unpaced))
    statement = _READY.where(may_go) if resting else _READY
    return tx.execute(statement, {"moment": now, "most": most, "least": least}).all()


def newest_in_lane(tx: Connection, lane: str, kind: str) -> Row[Any]:
    """The newest pending delivery of the kind in the lane."""
    found = _WITH_NUMBER.where(outbox.c.lane == lane, outbox.c.kind == kind, outbox.c.state == "pending")
    return tx.execute(found.order_by(outbox.c.id.desc()).limit(1)).one()


def drop_older(tx: Connection, newest: Row[Any], at: datetime) -> None:
    """The newest does for all pending deliveries of its kind in its lane."""
    statement = outbox.update().where(
        outbox.c.lane == newest.lane,
        outbox.c.kind == newest.kind,
        outbox.c.state == "pending",
        outbox.c.id < newest.id,
    )
    tx.execute(statement, {"state": "dropped", "settled_at": at})


def change(tx: Connection, delivery_id: int, columns: Mapping[str, Any]) -> None:
    tx.execute(outbox.update().where(outbox.c.id == delivery_id), dict(columns))


def one(tx: Connection, delivery_id: int) -> Row[Any] | None:
    return tx.execute(select(outbox).where(outbox.c.id == delivery_id)).one_or_none()


def next_attempt(tx: Connection, now: datetime) -> datetime | None:
    """When the next delivery that waits for its time may go out."""
    found: datetime | None = tx.execute(_NEXT, {"moment": now}).scalar()
    return found


def unsettled(tx: Connection) -> dict[str, int]:
    """How many deliveries wait, and how many are being sent."""
    counted = select(outbox.c.state, func.count().label("n")).where(text("state IN ('pending', 'sending')"))
    return {row.state: row.n for row in tx.execute(counted.group_by(outbox.c.state))}


def owed_since(tx: Connection, now: datetime) -> datetime | None:
    """Since when the oldest delivery is owed whose time has come."""
    waiting = text("state = 'pending'")
    found: datetime | None = tx.execute(
        select(func.min(outbox.c.owed_at)).where(waiting, outbox.c.next_attempt_at <= now)
    ).scalar()
    return found


def take_back(tx: Connection, now: datetime) -> int:
    """What was being sent when the process died is pending again, in doubt; how many."""
    statement = outbox.update().where(outbox.c.state == "sending")
    return tx.execute(
        statement, {"state": "pending", "is_in_doubt": True, "leased_until": None, "next_attempt_at": now}
    ).rowcount


def pages_of(tx: Connection, incident_id: str) -> Sequence[Row[Any]]:
    """Every direct message that pages for the incident, sent or perhaps still to be sent."""
    return tx.execute(
        select(outbox).where(
            outbox.c.incident_id == incident_id,
            outbox.c.kind == "page",
            outbox.c.method == "slack",
            or_(outbox.c.state == "sent", outbox.c.state.in_(_UNSETTLED)),
        )
    ).all()


def pages_for_event(tx: Connection, incident_id: str, sequence: int) -> Sequence[Row[Any]]:
    """Every page that the event owed, in the order in which they were owed."""
    of_event = and_(
        outbox.c.incident_id == incident_id, outbox.c.kind == "page", outbox.c.sequence == sequence
    )
    return tx.execute(select(outbox).where(of_event).order_by(outbox.c.id)).all()


def failures_of(tx: Connection, incident_id: str, most: int) -> Sequence[Row[Any]]:
    """What could not be delivered for the incident, newest first."""
    found = select(outbox).where(outbox.c.incident_id == incident_id, outbox.c.state == "failed")
    return tx.execute(found.order_by(outbox.c.id.desc()).limit(most)).all()
