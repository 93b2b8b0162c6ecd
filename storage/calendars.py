"""What calendars that are a schedule's layers said when they were last read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from storage import locks, organizations, shared, touched
from storage.tables import calendars
from storage.upsert import insert

_KEY = ("schedule_id", "layer")


@dataclass(frozen=True)
class Known:
    #: Which source was asked for last, and which one was read.
    asked: str | None
    source: str | None
    next_at: datetime
    #: Until when it was worked out.
    ends_at: datetime | None


def hold(tx: Connection) -> None:
    """Nobody else changes any of them, or the organization, until the end of this transaction."""
    organizations.hold(tx)
    locks.lanes(tx, ["calendars"])


def every(tx: Connection) -> Sequence[Row[Any]]:
    """All of them without their texts."""
    columns = [column for column in calendars.c if column.name != "text"]
    return tx.execute(select(*columns).order_by(*(calendars.c[name] for name in _KEY))).all()


def text(tx: Connection, schedule_id: str, layer: str) -> str | None:
    found: str | None = tx.execute(select(calendars.c.text).where(_is(schedule_id, layer))).scalar()
    return found


def known(tx: Connection) -> dict[tuple[str, str], Known]:
    """By schedule and layer, what tells whether it is to be read again."""
    columns = (calendars.c.asked, calendars.c.source, calendars.c.next_at, calendars.c.ends_at)
    rows = tx.execute(select(calendars.c.schedule_id, calendars.c.layer, *columns))
    return {(row[0], row[1]): Known(*row[2:]) for row in rows}


def errors(tx: Connection) -> dict[tuple[str, str], str | None]:
    """By schedule and layer, why it could not be read again."""
    rows = tx.execute(select(calendars.c.schedule_id, calendars.c.layer, calendars.c.error))
    return {(row.schedule_id, row.layer): row.error for row in rows}


def changed_at(tx: Connection) -> datetime | None:
    """When any of them last said something else."""
    found: datetime | None = tx.execute(select(func.max(calendars.c.changed_at))).scalar()
    return found


def ask(tx: Connection, schedule_id: str, layer: str, source: str, until: datetime) -> None:
    """This source is being read; nobody else reads it before then."""
    row = {"schedule_id": schedule_id, "layer": layer, "ordinal": 0}
    asking = {"asked": source, "next_at": until}
    kept = insert(calendars).values(**row, **asking)
    tx.execute(kept.on_conflict_do_update(index_elements=[*_KEY], set_=asking))


def keep(tx: Connection, schedule_id: str, layer: str, columns: Mapping[str, Any]) -> None:
    """What is known of it besides what it says."""
    tx.execute(calendars.update().where(_is(schedule_id, layer)), dict(columns))


def changed(tx: Connection, schedule_id: str, layer: str, at: datetime, columns: Mapping[str, Any]) -> None:
    """It says something else from now on. Who calls this holds them."""
    shared.forget(tx)
    touched.mark(tx, touched.DUTY)
    _, finding = organizations.newest(tx)
    shared.reorganize(tx)
    keep(tx, schedule_id, layer, {**columns, "changed_at": at, "ordinal": finding + 1})


def _is(schedule_id: str, layer: str) -> Any:
    return (calendars.c.schedule_id == schedule_id) & (calendars.c.layer == layer)
