"""Notices that a database file, or its log, was moved or deleted while it was open.

SQLite goes on writing into such a file, wherever it is now, and whoever opens the path once more gets an
empty one: what was answered as done would be gone at the next start. So nothing is read or committed
unless the path still names the file that was opened first, and opening it again never makes one.

The same is true of the log: what is committed to one that has no name is lost with the process. SQLite
removes it only when the last connection is closed.
"""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL


class Moved(sqlite3.OperationalError):
    """The path names another file than the one that is open, or none."""

    sqlite_errorcode = sqlite3.SQLITE_CANTOPEN


class LogMoved(Moved):
    """The database is where it was, its log is not."""


class Place:
    """The path of a database, and which file stands there now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _identity(path)
        self._log_path = Path(f"{path}-wal")
        self._log: tuple[int, int] | None = None

    def check(self) -> None:
        """Raises Moved."""
        if _identity(self.path) != self._file:
            raise Moved(f"{self.path.name} was moved or deleted")
        if self._log is not None and _identity(self._log_path) != self._log:
            raise LogMoved(f"{self._log_path.name} was moved or deleted")

    def keep_log(self) -> None:
        """The log that a connection has just opened must stay where it is."""
        self._log = _identity(self._log_path)

    def forget_log(self) -> None:
        """No connection has the log open any more."""
        self._log = None

    def url(self, driver: str) -> URL:
        """What opens it, if it is there."""
        address = f"file:{quote(str(self.path.absolute()))}"
        return URL.create(driver, database=address, query={"mode": "rw", "uri": "true"})


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:  # it is gone, or its folder is, or may not be looked into
        return None
    return found.st_dev, found.st_ino
