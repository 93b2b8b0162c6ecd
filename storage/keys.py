"""Keys of the HTTP API, and what this installation must remember about itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from storage import shared
from storage.prepared import Statement
from storage.tables import api_keys, facts
from storage.types import as_time, kept
from storage.upsert import insert

_BY_DIGEST = Statement(select(api_keys).where(api_keys.c.digest == bindparam("wanted")))
_STATE = Statement(
    select(
        api_keys.c.name, api_keys.c.person_id, kept(api_keys.c.expires_at), kept(api_keys.c.revoked_at)
    ).where(api_keys.c.id == bindparam("wanted"))
)


@dataclass(frozen=True)
class KeyState:
    name: str
    person_id: str | None
    expires_at: datetime | None
    is_revoked: bool


def add(tx: Connection, columns: Mapping[str, Any]) -> None:
    tx.execute(api_keys.insert(), dict(columns))


def by_digest(tx: Connection, digest: str) -> Row[Any] | None:
    return _BY_DIGEST.row(tx, {"wanted": digest})


def state_of(tx: Connection, key_id: str) -> KeyState | None:
    """What every request asks of its key."""
    remembered = shared.remembered(tx)
    if key_id not in remembered:
        remembered[key_id] = _STATE.run(tx, {"wanted": key_id})
    if not remembered[key_id]:
        return None
    name, person_id, expires_at, revoked_at = remembered[key_id][0]
    expiry = as_time(expires_at) if expires_at is not None else None
    return KeyState(name, person_id, expiry, revoked_at is not None)


def every(tx: Connection) -> Sequence[Row[Any]]:
    """All keys, the oldest first."""
    return tx.execute(select(api_keys).order_by(api_keys.c.id)).all()


def revoke(tx: Connection, key_id: str, at: datetime) -> None:
    shared.forget(tx)
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


def renew_fact(tx: Connection, name: str, value: str) -> None:
    """Keep the fact with this value, whatever it was before."""
    statement = insert(facts).values(name=name, value=value)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
