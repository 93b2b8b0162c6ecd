"""Keys of the HTTP API, and what this installation must remember about itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.dialects.sqlite import insert

from storage.tables import api_keys, facts

_BY_DIGEST = select(api_keys).where(api_keys.c.digest == bindparam("wanted"))
_BY_ID = select(api_keys).where(api_keys.c.id == bindparam("wanted"))


def add(tx: Connection, columns: Mapping[str, Any]) -> None:
    tx.execute(api_keys.insert(), dict(columns))


def by_digest(tx: Connection, digest: str) -> Row[Any] | None:
    return tx.execute(_BY_DIGEST, {"wanted": digest}).one_or_none()


def by_id(tx: Connection, key_id: str) -> Row[Any] | None:
    return tx.execute(_BY_ID, {"wanted": key_id}).one_or_none()


def every(tx: Connection) -> Sequence[Row[Any]]:
    """All keys, the oldest first."""
    return tx.execute(select(api_keys).order_by(api_keys.c.id)).all()


def revoke(tx: Connection, key_id: str, at: datetime) -> None:
    statement = api_keys.update().where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    tx.execute(statement, {"revoked_at": at})


def used(tx: Connection, key_id: str, at: datetime) -> None:
    tx.execute(api_keys.update().where(api_keys.c.id == key_id), {"last_used_at": at})


def fact(tx: Connection, name: str) -> str | None:
    """A fact about this installation."""
    value: str | None = tx.execute(select(facts.c.value).where(facts.c.name == name)).scalar()
    return value


def keep_fact(tx: Connection, name: str, value: str) -> None:
    """Keep the fact unless it is known already."""
    statement = insert(facts).values(name=name, value=value)
    tx.execute(statement.on_conflict_do_nothing(index_elements=["name"]))
