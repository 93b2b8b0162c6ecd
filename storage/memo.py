"""What a batch of operations need not ask twice: inside one write transaction nobody else changes it.

Only the writer's connection has a memo, and only while it runs a batch; who changes what is remembered
forgets it, and so does an operation that is rolled back.
"""

from collections import Counter
from typing import Any

from sqlalchemy import Connection

_KEY, _CHANGES, _ORDINALS = "memo", "changes", "ordinals"


def begin(tx: Connection) -> None:
    """A batch begins."""
    tx.info[_KEY] = {}
    tx.info[_CHANGES] = Counter()
    tx.info[_ORDINALS] = {}


def end(tx: Connection) -> None:
    for key in (_KEY, _CHANGES, _ORDINALS):
        tx.info.pop(key, None)


def kept(tx: Connection) -> "tuple[Counter[Any], dict[int, int]]":
    """What the operations before this one have changed, for `restore`."""
    return changes(tx).copy(), ordinals(tx).copy()


def restore(tx: Connection, before: "tuple[Counter[Any], dict[int, int]]") -> None:
    """An operation was rolled back, or refused: nothing it remembered or changed counts."""
    tx.info[_KEY].clear()
    tx.info[_CHANGES], tx.info[_ORDINALS] = before


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


def ordinals(tx: Connection) -> dict[int, int]:
    """The last number that the batch has given to an incident of each year; outside of a batch, none."""
    found: dict[int, int] = tx.info.get(_ORDINALS, {})
    return found


def is_batch(tx: Connection) -> bool:
    return _CHANGES in tx.info
