"""Deadlines: what falls due when, for which incident."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, text

from storage import shared, touched
from storage.prepared import Insert
from storage.tables import deadlines

_ARM = Insert(deadlines)
_EARLIEST = select(func.min(deadlines.c.due_at)).where(text("state = 'armed'"))
_DUE = (
    select(deadlines.c.id)
    .where(text("state = 'armed'"), deadlines.c.due_at <= bindparam("moment"))
    .order_by(deadlines.c.due_at)
    .limit(bindparam("most"))
)
_INCIDENT_OF = select(deadlines.c.incident_id).where(
    deadlines.c.id == bindparam("wanted"), deadlines.c.state == "armed"
)
_ARMED_OF = select(deadlines).where(
    deadlines.c.incident_id == bindparam("wanted"), deadlines.c.state == "armed"
)


def arm(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    shared.insert(tx, deadlines, _ARM.run, rows)
    touched.mark_deadline(tx, min(row["due_at"] for row in rows))


def disarm(tx: Connection, incident_id: str, kinds: Sequence[str], at: datetime) -> None:
    """Every armed deadline of these kinds no longer counts."""
    statement = deadlines.update().where(
        deadlines.c.incident_id == incident_id,
        deadlines.c.kind.in_(kinds),
        deadlines.c.state == "armed",
    )
    tx.execute(statement, {"state": "disarmed", "settled_at": at})


def earliest(tx: Connection) -> datetime | None:
    """When the next armed deadline falls due."""
    found: datetime | None = tx.execute(_EARLIEST).scalar()
    return found


def due(tx: Connection, now: datetime, most: int) -> Sequence[str]:
    """Ids of armed deadlines that are due, the most overdue first."""
    return tx.execute(_DUE, {"moment": now, "most": most}).scalars().all()


def incident_of(tx: Connection, deadline_id: str) -> str | None:
    """Whose deadline it is; None if it is armed no longer."""
    found: str | None = tx.execute(_INCIDENT_OF, {"wanted": deadline_id}).scalar()
    return found


def claim(tx: Connection, deadline_id: str, at: datetime) -> Row[Any] | None:
    """The deadline, now fired; None if it is armed no longer."""
    statement = (
        deadlines.update()
        .where(deadlines.c.id == deadline_id, deadlines.c.state == "armed")
        .returning(*deadlines.c)
    )
    return tx.execute(statement, {"state": "fired", "settled_at": at}).one_or_none()


def armed_of(tx: Connection, incident_id: str) -> Sequence[Row[Any]]:
    return tx.execute(_ARMED_OF, {"wanted": incident_id}).all()


def count_due(tx: Connection, moment: datetime) -> int:
    """How many armed deadlines were due at the moment."""
    found = select(func.count()).where(text("state = 'armed'"), deadlines.c.due_at <= moment)
    return int(tx.execute(found).scalar_one())
