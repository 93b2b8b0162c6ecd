"""Postmortems, at most one for an incident."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from storage.prepared import Statement
from storage.tables import postmortem_numbers, postmortems
from storage.upsert import insert

_NEXT_NUMBER = Statement(
    insert(postmortem_numbers)
    .values(year=bindparam("y"), last=1)
    .on_conflict_do_update(index_elements=["year"], set_={"last": postmortem_numbers.c.last + 1})
    .returning(postmortem_numbers.c.last)
)


def next_ordinal(tx: Connection, year: int) -> int:
    """The next ordinal of the year; given back if the transaction rolls back."""
    [(ordinal,)] = _NEXT_NUMBER.run(tx, {"y": year})
    return int(ordinal)


def add(tx: Connection, columns: Mapping[str, Any]) -> None:
    tx.execute(postmortems.insert(), dict(columns))


def by_number(tx: Connection, number: str) -> Row[Any] | None:
    return tx.execute(select(postmortems).where(postmortems.c.number == number)).one_or_none()


def of_incident(tx: Connection, incident_id: str) -> Row[Any] | None:
    return tx.execute(select(postmortems).where(postmortems.c.incident_id == incident_id)).one_or_none()
