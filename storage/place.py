"""Notices that a database file was moved or deleted while it was open.

SQLite goes on writing into such a file, wherever it is now, and whoever opens the path once more gets an
empty one: what was answered as done would be gone at the next start. So nothing is read or committed
unless the path still names the file that was opened first, and opening it again never makes one.
"""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL


class Moved(sqlite3.OperationalError):
    """The path names another file than the one that is open, or none."""

    sqlite_errorcode = sqlite3.SQLITE_CANTOPEN


class Place:
    """The path of a database, and which file stands there now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _identity(path)

    def check(self) -> None:
        """Raises Moved."""
        if _identity(self.path) != self._file:
            raise Moved(f"{self.path.name} was moved or deleted")

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
