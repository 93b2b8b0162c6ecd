"""What a transaction touched, so that after its commit the right loops look."""

from sqlalchemy import Connection

DEADLINES = "deadlines"
OUTBOX = "outbox"
#: A page was delivered, or was not.
PAGES = "pages"

_KEY = "touched"


def mark(tx: Connection, what: str) -> None:
    tx.info.setdefault(_KEY, set()).add(what)


def take(tx: Connection) -> frozenset[str]:
    """What was marked since the last call."""
    marks: set[str] = tx.info.pop(_KEY, set())
    return frozenset(marks)
