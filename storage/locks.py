"""Locks for when several processes write at once: on PostgreSQL. SQLite has one writer and needs none.

They are taken in one order: an incident, the organization, then lanes of the outbox, then what is counted.
Two operations that take them the other way round wait for each other; PostgreSQL then ends one, and it is
run again.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, Connection, Select, Text, bindparam, func, select, text

from storage.tables import incidents

_WRITES = "writes"
#: The lock of who acts although it cannot be written down; see `storage.alone`.
UNWRITTEN = "hashtextextended('unwritten', 3)"
#: One statement for however many: each other one would be compiled, and planned, anew.
_LANE = func.unnest(bindparam("names", type_=ARRAY(Text))).column_valued("lane")
_LANES = select(func.pg_advisory_xact_lock(func.hashtextextended(_LANE, 0)))


def begin(tx: Connection) -> None:
    """This connection writes, and others do so at the same time."""
    tx.info[_WRITES] = True


def are_needed(tx: Connection) -> bool:
    return _WRITES in tx.info


def on_row(tx: Connection, statement: Select[Any]) -> Select[Any]:
    """The statement; where others write, what it finds is this transaction's until its end."""
    return statement.with_for_update() if are_needed(tx) else statement


def incident(tx: Connection, incident_id: str) -> None:
    """Nobody else changes the incident until the end of this transaction."""
    if are_needed(tx):
        tx.execute(select(incidents.c.id).where(incidents.c.id == incident_id).with_for_update())


def organization(tx: Connection) -> None:
    """Nobody else replaces the organization until the end of this transaction."""
    if are_needed(tx):
        tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("organization", 2))))


def lanes(tx: Connection, names: Collection[str]) -> None:
    """Nobody else adds to these lanes, or settles in them, until the end of this transaction."""
    if are_needed(tx):
        tx.execute(_LANES, {"names": sorted(names)})


def attempt(tx: Connection, name: str) -> bool:
    """Whether this transaction is the only one that is busy with the thing of this name."""
    if not are_needed(tx):
        return True
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(name, 1))
    return bool(tx.execute(select(lock)).scalar_one())


def may_claim(tx: Connection) -> bool:
    """Whether nobody acts unwritten, and nobody will until the end of this transaction."""
    if not are_needed(tx):
        return True
    return bool(tx.execute(text(f"SELECT pg_try_advisory_xact_lock_shared({UNWRITTEN})")).scalar_one())
