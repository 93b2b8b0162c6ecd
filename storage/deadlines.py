"""Deadlines: what falls due when, for which incident."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, literal, select, text

from storage import shared, touched
from storage.prepared import Insert, Statement
from storage.tables import deadlines
from storage.types import as_time, kept

_ARM = Insert(deadlines)
_EARLIEST = Statement(select(kept(func.min(deadlines.c.due_at))).where(text("state = 'armed'")))
_FOLLOWING = Statement(
    select(kept(func.min(deadlines.c.due_at))).where(
        text("state = 'armed'"), deadlines.c.due_at > bindparam("moment")
    )
)
_DUE = Statement(
    select(deadlines.c.id, deadlines.c.incident_id, kept(deadlines.c.due_at))
    .where(text("state = 'armed'"), deadlines.c.due_at <= bindparam("moment"))
    .order_by(deadlines.c.due_at)
    .limit(bindparam("most"))
)
_CLAIM = Statement(
    deadlines.update()
    .where(deadlines.c.id == bindparam("wanted"), deadlines.c.incident_id == bindparam("of_incident"))
    .values(state="fired", settled_at=bindparam("moment")),
    incident="of_incident",
)
_ARMED_OF = Statement(
    select(deadlines).where(deadlines.c.incident_id == bindparam("wanted"), deadlines.c.state == "armed"),
    incident="wanted",
)


def arm(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    shared.insert(tx, deadlines, _ARM.run, rows)
    touched.mark_deadline(tx, min(row["due_at"] for row in rows))


def disarm(tx: Connection, incident_id: str, kinds: Sequence[str], at: datetime) -> None:
    """Every armed deadline of these kinds no longer counts."""
    _disarm(tuple(kinds)).change(tx, {"wanted": incident_id, "moment": at})


@cache
def _disarm(kinds: tuple[str, ...]) -> Statement:
    armed = deadlines.update().where(
        deadlines.c.incident_id == bindparam("wanted"),
        deadlines.c.kind.in_([*map(literal, kinds)]),
        deadlines.c.state == "armed",
    )
    return Statement(armed.values(state="disarmed", settled_at=bindparam("moment")), incident="wanted")


def earliest(tx: Connection) -> datetime | None:
    """When the earliest armed deadline falls due, or fell."""
    [(found,)] = _EARLIEST.run(tx, {})
    return as_time(found) if found is not None else None


def following(tx: Connection, now: datetime) -> datetime | None:
    """When the next armed deadline falls due that is not due yet."""
    [(found,)] = _FOLLOWING.run(tx, {"moment": now})
    return as_time(found) if found is not None else None


def due(tx: Connection, now: datetime, most: int) -> Sequence[tuple[str, str, datetime]]:
    """Ids of armed deadlines that are due and of their incidents, and since when; the most overdue first."""
    rows = _DUE.run(tx, {"moment": now, "most": most})
    return [(found, of, as_time(due_at)) for found, of, due_at in rows]


def claim(tx: Connection, deadline: Row[Any], at: datetime) -> None:
    """The armed deadline is fired."""
    _CLAIM.change(tx, {"wanted": deadline.id, "of_incident": deadline.incident_id, "moment": at})


def armed_of(tx: Connection, incident_id: str) -> Sequence[Row[Any]]:
    return _ARMED_OF.rows(tx, {"wanted": incident_id})


def soonest(
    tx: Connection, kinds: Sequence[str], until: datetime, most: int
) -> Sequence[tuple[str, datetime]]:
    """The incidents whose armed deadlines of these kinds fall due first, at the latest then; and when."""
    found = (
        select(deadlines.c.incident_id, deadlines.c.due_at)
        .where(text("state = 'armed'"), deadlines.c.due_at <= until, deadlines.c.kind.in_(kinds))
        .order_by(deadlines.c.due_at)
        .limit(most)
    )
    return [(row.incident_id, row.due_at) for row in tx.execute(found)]


def count_due(tx: Connection, moment: datetime) -> int:
    """How many armed deadlines were due at the moment."""
    found = select(func.count()).where(text("state = 'armed'"), deadlines.c.due_at <= moment)
    return int(tx.execute(found).scalar_one())
