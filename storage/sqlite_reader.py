"""SQLite's readers: one query after the other, and a long one keeps nobody waiting.

**A whole query takes one turn of a thread.** Over aiosqlite, as in `storage/copy.py`, each statement takes
one, and each turn waits twice for the interpreter: six in a list, while the writer is at work.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from storage.errors import Full
from storage.place import Place
from storage.trouble import is_outside, reason
from storage.turns import Turns

T = TypeVar("T")

#: Queries that run side by side where some of them are long.
READERS = 4

PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
)


class SqliteReader:
    """Short read transactions, each of which sees one moment, in threads of their own; it cannot write."""

    def __init__(self, file: Place) -> None:
        self._file = file
        # The connection that was used last knows the pages and statements that are asked for most.
        self._engine = create_engine(
            file.url("sqlite"), pool_size=READERS, max_overflow=0, pool_use_lifo=True
        )
        self._turns = Turns("sqlite-reader", READERS)
        self._connections = threading.Semaphore(READERS)

        @event.listens_for(self._engine, "connect")
        def prepare(connection: Any, _: object) -> None:
            connection.isolation_level = None  # left to itself, the driver begins none to read
            for pragma in (*PRAGMAS, "PRAGMA query_only = ON"):
                connection.execute(pragma).close()

        @event.listens_for(self._engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    async def run(self, query: Callable[[Connection], T]) -> T:
        """The query's result. Raises Full when the file is out of reach."""
        try:
            self._file.check()
            return await self._turns.take(partial(self._asked, query))
        except (DBAPIError, sqlite3.Error) as error:
            if not is_outside(error, may_write=False):
                raise
            raise Full(f"The database cannot be read: {reason(error)}") from error

    def _asked(self, query: Callable[[Connection], T]) -> T:
        with self._connections, self._engine.begin() as connection:
            return query(connection)

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Waits for the queries that are under way; until it ends no other begins."""
        with contextlib.ExitStack() as stack:
            for _ in range(READERS):
                stack.enter_context(self._connections)
            yield

    @property
    def is_connected(self) -> bool:
        """Whether a connection is open."""
        pool = cast("QueuePool", self._engine.pool)
        return bool(pool.checkedin() + pool.checkedout())

    def hang_up(self) -> None:
        """Close every connection; the next query opens one."""
        self._engine.dispose()

    async def close(self) -> None:
        """Waits for the queries that are under way."""
        await asyncio.to_thread(self._turns.end)
        self._engine.dispose()
