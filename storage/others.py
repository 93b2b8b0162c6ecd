"""Whether other processes write at the same time: on PostgreSQL. SQLite has one writer."""

from sqlalchemy import Connection

_WRITES = "writes"


def begin(tx: Connection) -> None:
    """This connection writes, and others do so at the same time."""
    tx.info[_WRITES] = True


def write(tx: Connection) -> bool:
    """Whether what this transaction finds may be changed by others before its end, unless it is locked."""
    return _WRITES in tx.info
