"""Locks for when several processes write at once: on PostgreSQL. SQLite has one writer and needs none.

They are taken in one order: an incident, the organization, then lanes of the outbox, then what is counted.
Two operations that take them the other way round wait for each other; PostgreSQL then ends one, and it is
run again.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, Connection, Select, Text, bindparam, func, literal_column, select

from storage import others
from storage.prepared import Statement
from storage.tables import incidents

#: The lock of who acts although it cannot be written down; see `storage.alone`.
UNWRITTEN = "hashtextextended('unwritten', 3)"
_INCIDENT = Statement(select(incidents.c.id).where(incidents.c.id == bindparam("wanted")), holds=True)
_ORGANIZATION = Statement(select(func.pg_advisory_xact_lock(func.hashtextextended("organization", 2))))
#: One statement for however many: each other one would be compiled, and planned, anew.
_LANE = func.unnest(bindparam("names", type_=ARRAY(Text))).column_valued("lane")
_LANES = Statement(select(func.pg_advisory_xact_lock(func.hashtextextended(_LANE, 0))))
_NAME = bindparam("name", type_=Text)
_ATTEMPT = Statement(select(func.pg_try_advisory_xact_lock(func.hashtextextended(_NAME, 1))))
_MAY_CLAIM = Statement(select(literal_column(f"pg_try_advisory_xact_lock_shared({UNWRITTEN})")))


def on_row(tx: Connection, statement: Select[Any]) -> Select[Any]:
    """The statement; where others write, what it finds is this transaction's until its end."""
    return statement.with_for_update() if others.write(tx) else statement


def incident(tx: Connection, incident_id: str) -> None:
    """Nobody else changes the incident until the end of this transaction."""
    if others.write(tx):
        _INCIDENT.run(tx, {"wanted": incident_id})


def organization(tx: Connection) -> None:
    """Nobody else replaces the organization until the end of this transaction."""
    if others.write(tx):
        _ORGANIZATION.run(tx, {})


def lanes(tx: Connection, names: Collection[str]) -> None:
    """Nobody else adds to these lanes, or settles in them, until the end of this transaction."""
    if others.write(tx):
        _LANES.run(tx, {"names": sorted(names)})


def attempt(tx: Connection, name: str) -> bool:
    """Whether this transaction is the only one that is busy with the thing of this name."""
    return not others.write(tx) or _is_mine(_ATTEMPT.run(tx, {"name": name}))


def may_claim(tx: Connection) -> bool:
    """Whether nobody acts unwritten, and nobody will until the end of this transaction."""
    return not others.write(tx) or _is_mine(_MAY_CLAIM.run(tx, {}))


def _is_mine(tried: list[tuple[Any, ...]]) -> bool:
    [(is_mine,)] = tried
    return bool(is_mine)
