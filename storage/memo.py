"""What a batch of operations need not ask twice: inside one write transaction nobody else changes it.

Only the writer's connection has a memo, and only while it runs a batch; who changes what is remembered
forgets it, and so does an operation that is rolled back.
"""

from collections import Counter
from typing import Any

from sqlalchemy import Connection

_KEY, _CHANGES = "memo", "changes"


def begin(tx: Connection) -> None:
    """A batch begins."""
    tx.info[_KEY] = {}
    tx.info[_CHANGES] = Counter()


def end(tx: Connection) -> None:
    for key in (_KEY, _CHANGES):
        tx.info.pop(key, None)


def restore(tx: Connection, changes: "Counter[Any]") -> None:
    """An operation was rolled back: nothing it remembered or changed counts."""
    tx.info[_KEY].clear()
    tx.info[_CHANGES] = changes


def forget(tx: Connection) -> None:
    if _KEY in tx.info:
        tx.info[_KEY].clear()


def of(tx: Connection) -> dict[Any, Any]:
    """What is remembered; for a reader, nothing that lasts."""
    found: dict[Any, Any] = tx.info.get(_KEY, {})
    return found


def changes(tx: Connection) -> "Counter[Any]":
    """What the batch has changed in counts so far; outside of a batch, nothing that lasts."""
    found: Counter[Any] = tx.info.get(_CHANGES, Counter())
    return found


def is_batch(tx: Connection) -> bool:
    return _CHANGES in tx.info
