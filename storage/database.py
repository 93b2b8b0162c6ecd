"""The door to the database: run an operation, run a query, tell who wants to know after a commit."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from alembic.util import CommandError
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError

from storage import touched
from storage.backup import BadCopy, put_back, save
from storage.sqlite import FileInUse, SqliteReader, SqliteWriter, hold_file
from storage.touched import Touched
from storage.trouble import Full
from storage.upgrade import upgrade_sqlite

T = TypeVar("T")
Operation = Callable[[Connection], T]


class Listener(Protocol):
    """Called in the event loop after a commit, with what was touched; it may only look, not fail."""

    def __call__(self, marks: Touched) -> None: ...


class Unusable(Exception):
    """The file cannot be opened, or is no database of ours."""


class Database:
    """One SQLite file. `open` brings its tables up to date; `exclusive` refuses a second process."""

    def __init__(self, url: str, *, exclusive: bool = True) -> None:
        self.path = Path(make_url(url).database or "tocsin.db")
        self._exclusive = exclusive
        self._listeners: list[Listener] = []
        self._release: Callable[[], None] | None = None

    def after_commit(self, listener: Listener) -> None:
        """Call `listener` after each commit. A lost call must be harmless: the rows are the truth."""
        self._listeners.append(listener)

    async def open(self) -> None:
        """Raises FileInUse when another process holds the file, Unusable when it is no database of ours."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self._exclusive:
                self._release = hold_file(self.path)
            await asyncio.to_thread(upgrade_sqlite, self.path)
        except (OSError, sqlite3.Error, DBAPIError, CommandError, BadCopy) as error:
            self._let_go()
            why = error.orig if isinstance(error, DBAPIError) else error
            raise Unusable(
                f"{self.path} cannot be used ({why}). Check its owner and the disk, restore a backup, "
                "or name another file in DATABASE_URL."
            ) from error
        self._writer = SqliteWriter(self.path, asyncio.get_running_loop(), self._committed)
        self._reader = SqliteReader(self.path)

    async def close(self) -> None:
        """Waits for the operations that are waiting, then lets the file go."""
        await self._writer.close()
        await self._reader.close()
        self._let_go()

    def _let_go(self) -> None:
        if self._release is not None:
            self._release()
            self._release = None

    @property
    def is_busy(self) -> bool:
        """Whether so many operations wait that what can wait should."""
        return self._writer.is_busy

    @property
    def failures(self) -> int:
        """A number that grows whenever the database cannot be written to."""
        return self._writer.failures

    @property
    def writer_restarts(self) -> int:
        """How often the writer began anew after something that nobody foresaw."""
        return self._writer.restarts

    async def write(self, operation: Operation[T]) -> T:
        """The operation's result, once it is committed. Raises what it raises, and Full."""
        return await self._writer.submit(operation)

    async def read(self, query: Operation[T]) -> T:
        """The query's result, from one short read transaction. Raises what it raises, and Full."""
        return await self._reader.run(query)

    def _committed(self, marks: Touched) -> None:
        for listener in self._listeners:
            listener(marks)


__all__ = [
    "BadCopy",
    "Connection",
    "Database",
    "FileInUse",
    "Full",
    "Listener",
    "Operation",
    "Touched",
    "Unusable",
    "put_back",
    "save",
    "touched",
]
