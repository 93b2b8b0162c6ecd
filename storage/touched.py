"""What a transaction touched, so that after its commit the right loops look."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

OUTBOX = "outbox"
#: A page is owed: whoever sends looks at once.
URGENT = "urgent"
#: A page was delivered, or was not.
PAGES = "pages"
#: Another organization runs, or a swap of shifts was asked for: when somebody takes over may have changed.
DUTY = "duty"

_WHAT, _DEADLINE = "touched", "touched_deadline"


@dataclass(frozen=True)
class Touched:
    what: frozenset[str] = frozenset()
    #: When the earliest deadline that was armed falls due; None if none was.
    deadline: datetime | None = None


def mark(tx: Connection, what: str) -> None:
    tx.info.setdefault(_WHAT, set()).add(what)


def mark_deadline(tx: Connection, due_at: datetime) -> None:
    tx.info[_DEADLINE] = min(due_at, tx.info.get(_DEADLINE, due_at))


def take(tx: Connection) -> Touched:
    """What was marked since the last call."""
    return Touched(frozenset(tx.info.pop(_WHAT, ())), tx.info.pop(_DEADLINE, None))
