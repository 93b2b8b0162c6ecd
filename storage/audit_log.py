"""The audit log: rows are added and read, and nothing else. Triggers hold that, whoever comes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from storage.prepared import Insert
from storage.tables import audit_log

_ADD = Insert(audit_log)
#: Rows in one statement; SQLite takes 32,766 values.
_AT_ONCE = 500


def add(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    for first in range(0, len(rows), _AT_ONCE):
        _ADD.run(tx, rows[first : first + _AT_ONCE])


def holds(tx: Connection, since: datetime, like: Mapping[str, Any]) -> bool:
    """Whether a row with these values was added since then."""
    same = [audit_log.c[name].is_not_distinct_from(value) for name, value in like.items()]
    found = select(audit_log.c.id).where(audit_log.c.at > since, *same).limit(1)
    return tx.execute(found).first() is not None


def entries(
    tx: Connection, since: datetime | None, actor: str | None, number: str | None
) -> Sequence[Row[Any]]:
    """The rows since then, of this actor (a name, a person's handle or a key's id), oldest first."""
    found = select(audit_log).order_by(audit_log.c.id)
    if since is not None:
        found = found.where(audit_log.c.at >= since)
    if number is not None:
        found = found.where(audit_log.c.number == number)
    if actor is not None:
        wanted = actor.lower()
        named = [func.lower(audit_log.c[one]) == wanted for one in ("actor", "person_id")]
        found = found.where(or_(*named, audit_log.c.key_id == actor))
    return tx.execute(found).all()
