"""Calendar feeds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from storage.tables import feeds


def add(tx: Connection, columns: Mapping[str, Any]) -> None:
    tx.execute(feeds.insert(), dict(columns))


def by_digest(tx: Connection, digest: str) -> Row[Any] | None:
    return tx.execute(select(feeds).where(feeds.c.digest == digest)).one_or_none()


def every(tx: Connection) -> Sequence[Row[Any]]:
    """All feeds, the oldest first."""
    return tx.execute(select(feeds).order_by(feeds.c.id)).all()


def revoke(tx: Connection, feed_id: str, at: datetime) -> None:
    statement = feeds.update().where(feeds.c.id == feed_id, feeds.c.revoked_at.is_(None))
    tx.execute(statement, {"revoked_at": at})


def used(tx: Connection, feed_id: str, at: datetime) -> None:
    tx.execute(feeds.update().where(feeds.c.id == feed_id), {"last_used_at": at})
