"""Incidents and where they live in Slack."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from storage import others, shared, tallies
from storage.prepared import Insert, Statement, Update
from storage.tables import incidents, numbers, places
from storage.upsert import insert

Columns = Mapping[str, Any]
Rows = Sequence[Row[Any]]

_BY_NUMBER = Statement(
    select(incidents).where(incidents.c.number == bindparam("wanted")), holds=True, incident="wanted"
)
_BY_ID = Statement(
    select(incidents).where(incidents.c.id == bindparam("wanted")), holds=True, incident="wanted"
)
_GLANCE = Statement(select(incidents).where(incidents.c.id == bindparam("wanted")), incident="wanted")
_BY_CHANNEL = Statement(
    select(incidents.c.number)
    .join(places, places.c.incident_id == incidents.c.id)
    .where(places.c.channel_id == bindparam("wanted"), places.c.thread_ts.is_(None))
)
_BY_THREAD = Statement(
    select(incidents.c.number)
    .join(places, places.c.incident_id == incidents.c.id)
    .where(places.c.channel_id == bindparam("wanted"), places.c.thread_ts == bindparam("thread"))
)
_PLACE = Statement(select(places).where(places.c.incident_id == bindparam("wanted")), incident="wanted")
_REPLACE = Update(incidents, "id", "version", incident="id")
_ADD = Insert(incidents)
_NEXT_NUMBER = Statement(
    insert(numbers)
    .values(year=bindparam("y"), last=1)
    .on_conflict_do_update(index_elements=["year"], set_={"last": numbers.c.last + 1})
    .returning(numbers.c.last)
)


_LAST_NUMBER = Statement(select(numbers.c.last).where(numbers.c.year == bindparam("y")))
_KEEP_NUMBER = Statement(
    insert(numbers)
    .values(year=bindparam("y"), last=bindparam("given"))
    .on_conflict_do_update(index_elements=["year"], set_={"last": bindparam("given")})
)


def next_ordinal(tx: Connection, year: int) -> int:
    """The next ordinal of the year; given back if the operation is refused or the transaction rolls back.

    In a batch of operations it is counted in memory and written once, before the commit; see `flush`. Where
    others write at the same time the row is taken at once: it is what keeps their numbers apart.
    """
    running = shared.of(tx)
    if running is None or others.write(tx):
        [(ordinal,)] = _NEXT_NUMBER.run(tx, {"y": year})
        return int(ordinal)
    given = running.ordinals
    if year not in given:
        given[year] = next((last for (last,) in _LAST_NUMBER.run(tx, {"y": year})), 0)
    given[year] += 1
    return given[year]


def flush(tx: Connection) -> None:
    """Write the last numbers that a batch has given."""
    running = shared.of(tx)
    for year, last in running.ordinals.items() if running is not None else ():
        _KEEP_NUMBER.run(tx, {"y": year, "given": last})


def add(tx: Connection, columns: Columns) -> None:
    shared.insert(tx, incidents, _ADD.run, [columns], names=("id", "number"))
    tallies.change(tx, None, columns)


def replace(tx: Connection, before: Columns, after: Columns) -> bool:
    """Write what has changed if the row still has the version before; whether it had."""
    changed = {name: value for name, value in after.items() if value != before[name]}
    if _REPLACE.run(tx, (before["id"], before["version"]), changed) != 1:
        return False
    if not tallies.COUNTED.isdisjoint(changed):
        tallies.change(tx, before, after)
    return True


def by_number(tx: Connection, number: str) -> Row[Any] | None:
    return _BY_NUMBER.row(tx, {"wanted": number})


def by_id(tx: Connection, incident_id: str) -> Row[Any] | None:
    return _BY_ID.row(tx, {"wanted": incident_id})


def glance(tx: Connection, incident_id: str) -> Row[Any] | None:
    """The incident as it was last committed; others may change it meanwhile."""
    return _GLANCE.row(tx, {"wanted": incident_id})


def number_in_channel(tx: Connection, channel_id: str) -> str | None:
    """The number of the incident whose own channel this is."""
    return next((number for (number,) in _BY_CHANNEL.run(tx, {"wanted": channel_id})), None)


def number_in_thread(tx: Connection, channel_id: str, thread_ts: str) -> str | None:
    """The number of the incident whose own thread this is."""
    asked = {"wanted": channel_id, "thread": thread_ts}
    return next((number for (number,) in _BY_THREAD.run(tx, asked)), None)


def place(tx: Connection, incident_id: str) -> Row[Any] | None:
    """Where the incident is in Slack; None as long as it is nowhere."""
    return _PLACE.row(tx, {"wanted": incident_id})


def settle_place(tx: Connection, incident_id: str, columns: Columns) -> None:
    placed = insert(places).values(incident_id=incident_id, **columns)
    tx.execute(placed.on_conflict_do_update(index_elements=["incident_id"], set_=dict(columns)))
