"""SQLite's write-ahead log, kept short, without keeping a writer waiting.

A log begins anew only in a moment in which nobody reads from it: under load that moment does not come by
itself, and one forgotten reader grew the log to 625 MB in 5 s. So it is truncated once it is long. To wait
for readers as long as for a lock was tried: one forgotten reader then held every writer up for 10 s, again
and again. Short readers are waited for, long ones are asked again after a moment, also while nobody writes.

What the log holds goes into the database at 32 MB, because hot pages are written again and again, or at a
quarter of what room there is: a log that took all of it left none for the database to grow, and was stuck.
"""

import os
import sqlite3
import time
from pathlib import Path

#: The log is truncated when it has grown beyond this (bytes).
LIMIT = 64 * 1024 * 1024
LOOK_EVERY_SECONDS = 2.0
#: It goes into the database when it has so many pages, or takes this part of the room that there is.
_PAGES, _PART = 8000, 1 / 4
#: Milliseconds for which a reader is waited for, and writers with it.
_PATIENCE = 25


class LogFile:
    """The log of the database at `path`. `keep_short` is called after each commit."""

    def __init__(self, path: Path) -> None:
        self._path = Path(f"{path}-wal")
        self._looked_at = time.monotonic()
        self._is_long = False

    @property
    def patience(self) -> float | None:
        """Seconds after which `keep_short` wants to be called though nobody writes; None when it does not."""
        return LOOK_EVERY_SECONDS if self._is_long else None

    def keep_short(self, connection: sqlite3.Connection) -> None:
        """Truncate the log if it is long, and nobody reads from it."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_SECONDS:
            return
        self._looked_at = now
        self.leave_room(connection)
        self._is_long = self._size() > LIMIT
        if self._is_long:
            (busy_timeout,) = connection.execute("PRAGMA busy_timeout").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {_PATIENCE}").fetchone()
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {busy_timeout}").fetchone()
            self._is_long = self._size() > LIMIT

    def leave_room(self, connection: sqlite3.Connection) -> None:
        """However little room there is, some of it is left to the database."""
        try:
            disk = os.statvfs(self._path.parent)
        except OSError:  # the folder is away: whoever writes next is told so
            return
        room = disk.f_bavail * disk.f_frsize + self._size()
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        pages = min(max(int(room * _PART) // page, 1), _PAGES)
        connection.execute(f"PRAGMA wal_autocheckpoint = {pages}").fetchone()

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0
