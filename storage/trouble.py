"""Whether it was the disk or another process that kept SQLite from working, or what it was asked."""

import sqlite3

from sqlalchemy.exc import DBAPIError

#: Primary result codes that say nothing about the statement. Source: SQLite, "Result and Error Codes".
_OUTSIDE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
_PRIMARY = 0xFF


def is_outside(error: BaseException, *, may_write: bool) -> bool:
    """Whether the same would have happened to any operation. Who may only read and writes is to blame."""
    code = getattr(_driver_error(error), "sqlite_errorcode", 0) & _PRIMARY
    return code in _OUTSIDE or (may_write and code == sqlite3.SQLITE_READONLY)


def is_locked(error: BaseException) -> bool:
    """Whether another process held the database for longer than we wait."""
    return getattr(_driver_error(error), "sqlite_errorcode", 0) & _PRIMARY == sqlite3.SQLITE_BUSY


def reason(error: BaseException) -> str:
    """What the driver says, in its words."""
    return str(_driver_error(error)) or type(error).__name__


def _driver_error(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
