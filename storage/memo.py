"""What a batch of operations need not ask twice: inside one write transaction nobody else changes it.

Only the writer's connection has a memo, and only while it runs a batch; who changes what is remembered
forgets it, and so does an operation that is rolled back.
"""

from typing import Any

from sqlalchemy import Connection

_KEY = "memo"


def begin(tx: Connection) -> None:
    tx.info[_KEY] = {}


def end(tx: Connection) -> None:
    tx.info.pop(_KEY, None)


def forget(tx: Connection) -> None:
    if _KEY in tx.info:
        tx.info[_KEY].clear()


def of(tx: Connection) -> dict[Any, Any]:
    """What is remembered; for a reader, nothing that lasts."""
    found: dict[Any, Any] = tx.info.get(_KEY, {})
    return found
