"""What a batch of operations need not ask twice: inside one write transaction nobody else changes it.

Only the writer's connection has a memo, and only while it runs a batch; who changes what is remembered
forgets it, and so does an operation that is rolled back.
"""

from collections import Counter
from typing import Any

from sqlalchemy import Connection

_KEY, _CHANGES, _OWN = "memo", "changes", "own_changes"


def begin(tx: Connection) -> None:
    """A batch begins."""
    tx.info[_KEY] = {}
    tx.info[_CHANGES] = Counter()


def end(tx: Connection) -> None:
    for key in (_KEY, _CHANGES, _OWN):
        tx.info.pop(key, None)


def begin_operation(tx: Connection) -> None:
    """What an operation changes counts only if it succeeds."""
    tx.info[_OWN] = Counter()


def keep_operation(tx: Connection) -> None:
    tx.info[_CHANGES].update(tx.info.pop(_OWN))


def close_operations(tx: Connection) -> None:
    """No operation is under way any more: what they changed together is left."""
    tx.info[_OWN] = tx.info[_CHANGES]


def forget(tx: Connection) -> None:
    if _KEY in tx.info:
        tx.info[_KEY].clear()


def of(tx: Connection) -> dict[Any, Any]:
    """What is remembered; for a reader, nothing that lasts."""
    found: dict[Any, Any] = tx.info.get(_KEY, {})
    return found


def changes(tx: Connection) -> "Counter[Any] | None":
    """What the operation under way has changed in counts; None outside of a batch."""
    return tx.info.get(_OWN)
