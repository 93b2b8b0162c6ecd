"""The door to the database: run an operation, run a query, tell who wants to know after a commit."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from storage import touched
from storage.address import is_postgresql
from storage.backup import known_revisions, put_back, save
from storage.errors import BadCopy, CannotCopy, FileInUse, Full, MayBeDone, Unusable
from storage.hold import hold_file
from storage.place import Place
from storage.sqlite import SqliteWriter, sqlite_path
from storage.sqlite_reader import SqliteReader
from storage.touched import Touched
from storage.upgrade import Use, check_revision, upgrade_sqlite, upgrade_sqlite_beside

if TYPE_CHECKING:
    from storage.postgres import Postgres

T = TypeVar("T")
Operation = Callable[[Connection], T]


class Listener(Protocol):
    """Called in the event loop after a commit, with what was touched; it may only look, not fail."""

    def __call__(self, marks: Touched) -> None: ...


class Database:
    """A SQLite file, or a PostgreSQL database. `open` brings its tables up to date, if the use allows it."""

    def __init__(self, url: str, use: Use = Use.RUNS) -> None:
        """One process at a time runs on a SQLite file."""
        self._listeners: list[Listener] = []
        #: Whether other processes may work on it too.
        self.is_shared = is_postgresql(url)
        self._kept: SqliteFile | Postgres
        if self.is_shared:
            from storage import postgres  # a start on SQLite does not wait for it

            self._kept = postgres.Postgres(url, self._committed, use)
        else:
            self._kept = SqliteFile(sqlite_path(url), self._committed, use)
        self._turn = asyncio.Semaphore(self._kept.readers_in_turn)

    @property
    def exists(self) -> bool:
        """Whether there is something to open; of a PostgreSQL server that shows when it is opened."""
        return not isinstance(self._kept, SqliteFile) or self._kept.path.exists()

    def after_commit(self, listener: Listener) -> None:
        """Call `listener` after each commit. A lost call must be harmless: the rows are the truth."""
        self._listeners.append(listener)

    async def open(self) -> None:
        """Raises FileInUse when another process holds the file, Unusable when it is none that we may use."""
        await self._kept.open()

    async def close(self) -> None:
        """Waits for the operations that are waiting."""
        await self._kept.close()

    @property
    def is_busy(self) -> bool:
        """Whether so many operations wait that what can wait should."""
        return self._kept.is_busy

    @property
    def failures(self) -> int:
        """A number that grows whenever the database cannot be written to."""
        return self._kept.failures

    @property
    def writer_restarts(self) -> int:
        """How often the writer began anew after something that nobody foresaw."""
        return self._kept.writer_restarts

    async def may_act_unwritten(self, error: Full) -> bool:
        """Whether this process, which cannot write for that reason, alone may act on what it reads.

        Where others could too, nobody claims anything from then on, until `write_again`.
        """
        return await self._kept.may_act_unwritten(error)

    @property
    def is_unwritten(self) -> bool:
        """Whether others wait for what this process does unwritten."""
        return self._kept.is_unwritten

    async def write_again(self) -> None:
        """Nothing is done unwritten any more: whoever can write may claim again."""
        await self._kept.write_again()

    async def write(self, operation: Operation[T]) -> T:
        """The operation's result, once it is committed. Raises what it raises, and Full."""
        return await self._kept.write(operation)

    async def read(self, query: Operation[T]) -> T:
        """The query's result, from one short read transaction."""
        return await self._kept.read(query)

    async def read_in_turn(self, query: Operation[T]) -> T:
        """As `read`, for what nobody waits for at a telephone: those who do are not kept waiting by many."""
        async with self._turn:
            return await self.read(query)

    def _committed(self, marks: Touched) -> None:
        for listener in self._listeners:
            listener(marks)


class SqliteFile:
    """A SQLite file that one process writes."""

    #: Queries take turns: who asks waits for one of these at most, however many lanes there are.
    readers_in_turn = 1

    def __init__(self, path: Path, told: Callable[[Touched], None], use: Use) -> None:
        self.path = path
        self._told = told
        self._use = use
        self._release: Callable[[], None] | None = None

    async def open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self._use is Use.RUNS:
                self._release = hold_file(self.path, may_make=True)
                await asyncio.to_thread(upgrade_sqlite, self.path)
            else:
                await asyncio.to_thread(upgrade_sqlite_beside, self.path, self._use)
        except Unusable:
            self._let_go()
            raise
        except (OSError, sqlite3.Error, DBAPIError, BadCopy) as error:
            self._let_go()
            why = error.orig if isinstance(error, DBAPIError) else error
            raise Unusable(
                f"{self.path} cannot be used ({why}). Check its owner and the disk, restore a backup, "
                "or name another file in DATABASE_URL."
            ) from error
        file = Place(self.path)
        self._reader = SqliteReader(file)
        self._writer = SqliteWriter(file, self._reader, asyncio.get_running_loop(), self._told)

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
        return self._writer.is_busy

    @property
    def failures(self) -> int:
        return self._writer.failures

    @property
    def writer_restarts(self) -> int:
        return self._writer.restarts

    #: There are no others: nobody has to wait.
    is_unwritten = False

    async def may_act_unwritten(self, error: Full) -> bool:
        return True

    async def write_again(self) -> None:
        """There are no others to be told."""

    async def write(self, operation: Operation[T]) -> T:
        return await self._writer.submit(operation)

    async def read(self, query: Operation[T]) -> T:
        return await self._reader.run(query)


async def copy(source_url: str, target_url: str, told: Callable[[str, int], None]) -> None:
    """See `storage.copy`. Raises CannotCopy, FileInUse and Unusable."""
    from storage import copy as copying

    await copying.copy(source_url, target_url, told)


async def inspect_postgresql(url: str) -> str:
    """In a few words, which server answers and how far our tables are. Raises Unusable."""
    from storage import postgres

    return await postgres.inspect(url)


__all__ = [
    "BadCopy",
    "CannotCopy",
    "Connection",
    "Database",
    "FileInUse",
    "Full",
    "Listener",
    "MayBeDone",
    "Operation",
    "Touched",
    "Unusable",
    "Use",
    "check_revision",
    "copy",
    "inspect_postgresql",
    "known_revisions",
    "put_back",
    "save",
    "sqlite_path",
    "touched",
]
