"""What was answered to requests that carried an idempotency key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from storage.tables import replies

_ONE = select(replies).where(
    replies.c.key_id == bindparam("wanted_key"), replies.c.idempotency_key == bindparam("wanted")
)


def find(tx: Connection, key_id: str, idempotency_key: str) -> Row[Any] | None:
    return tx.execute(_ONE, {"wanted_key": key_id, "wanted": idempotency_key}).one_or_none()


def add(tx: Connection, columns: Mapping[str, Any]) -> None:
    tx.execute(replies.insert(), dict(columns))


def forget_before(tx: Connection, at: datetime) -> None:
    tx.execute(replies.delete().where(replies.c.at < at))
