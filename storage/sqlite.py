"""SQLite: one writer thread with group commit, in one process.

**Writes go through one thread that commits what is waiting together.** An fsync costs more than an
operation. With 16 callers, as a share of raw `sqlite3` committing one operation at a time: the async
ORM reached 0.14, async Core 0.18, Core in one thread 0.59, and Core in this thread 1.7 to 2.3. One that
is refused leaves nothing while its neighbours commit. To let a batch wait for more company was tried and
gained nothing.
A transaction always begins IMMEDIATE: a deferred one that later writes fails with SQLITE_BUSY_SNAPSHOT.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from storage import incidents, shared, tallies, touched
from storage.errors import Full, MayBeDone, Unusable
from storage.log_file import LogFile
from storage.patience import PATIENCE, Patience
from storage.place import LogMoved, Moved, Place
from storage.shared import Shared
from storage.sqlite_reader import PRAGMAS, SqliteReader
from storage.touched import Touched
from storage.trouble import is_locked, is_outside, reason

T = TypeVar("T")

#: Operations that share one commit at most.
BATCH = 64
#: Operations that may wait; beyond it callers are told to come back.
WAITING = 4096
#: So many waiting operations are a sign of load.
BUSY = 6
_LATELY_SECONDS = 0.1
#: A database that cannot be opened is tried so often.
_OPEN_AGAIN_SECONDS = 0.1

#: The writer keeps what it writes to at hand (KiB), the pages of a dozen indexes: with 32 MB it wrote no
#: faster, and still grew after half an hour; with 8 MB, for twenty minutes. When a checkpoint comes is said
#: in `log_file`.
_WRITING_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -4000",
)


def writing_engine(path: Path) -> Engine:
    """An engine whose transactions begin IMMEDIATE."""
    return _writing_engine(URL.create("sqlite", database=str(path)))


def _writing_engine(url: URL) -> Engine:
    engine = create_engine(url, poolclass=NullPool)
    immediately(engine)
    return engine


def immediately(engine: Engine) -> None:
    """The engine's transactions begin IMMEDIATE from now on."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None
        for pragma in (*_WRITING_PRAGMAS, *PRAGMAS):
            connection.execute(pragma).close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "before_cursor_execute")
    def insert_gathered(connection: Connection, *_: object) -> None:
        shared.insert_gathered(connection)


def sqlite_path(url: str) -> Path:
    """The file that a SQLite URL names; where that is a link, the one it leads to: the log is beside that.

    Raises Unusable when it is no such URL, and when there is no way there.
    """
    if not url.startswith("sqlite:///"):  # the password may stand in it: it is not repeated
        raise Unusable("The address of the database is neither one of SQLite nor one of PostgreSQL.")
    path = Path(make_url(url).database or "tocsin.db")
    try:
        return path.resolve() if path.is_symlink() else path
    except OSError as error:  # nobody but its owner may enter the folder
        raise Unusable(
            f"{path} cannot be reached ({error.strerror}). Check who owns its folder, or name another file "
            "in DATABASE_URL."
        ) from error


class SqliteWriter:
    """The thread that alone writes. `told` is called in the event loop after each commit.

    What callers submit in one turn of the event loop is handed over together, and what came of a batch
    is handed back together: threads that wake one another for every operation cost more than the work.
    """

    def __init__(
        self,
        file: Place,
        reader: SqliteReader,
        loop: asyncio.AbstractEventLoop,
        told: Callable[[Touched], None],
    ) -> None:
        self._file = file
        self._reader = reader
        self._loop = loop
        self._told = told
        self._gathered: list[_Waiting] = []
        #: Operations that were submitted and not yet handed back.
        self.waiting = 0
        #: When the last batch was handed back, and how many callers there have been at once lately.
        self._answered_at = 0.0
        self._crowd = 0.0
        self._patience = Patience()
        self._queue: queue.SimpleQueue[list[_Waiting] | None] = queue.SimpleQueue()
        self._taken: deque[_Waiting] = deque()
        self._is_closing = False
        #: How often the database could not be opened or written to, and how often that was not its fault.
        self.failures = self.restarts = 0
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    def submit(self, operation: Callable[[Connection], T]) -> "asyncio.Future[T]":
        """A future that is done after the commit; Full when too many are waiting, or no turn comes.

        MayBeDone when it is being written and the disk gives no answer.
        """
        if self.waiting >= WAITING:
            raise Full("Tocsin is overloaded; try again in a moment.")
        future: asyncio.Future[T] = self._loop.create_future()
        waiting = _Waiting(operation, future)
        self.waiting += 1
        self._gathered.append(waiting)
        self._patience.begin(waiting.give_up)
        if len(self._gathered) == 1:
            self._loop.call_soon(self._hand_over)
        return future

    @property
    def is_busy(self) -> bool:
        """Whether many callers have come at once lately."""
        is_recent = self._loop.time() - self._answered_at < _LATELY_SECONDS
        return self.waiting >= BUSY or (is_recent and self._crowd >= BUSY)

    async def close(self) -> None:
        """Returns after everything that was waiting is committed."""
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def _hand_back(self, batch: "list[_Waiting]", marks: Touched) -> None:
        self.waiting -= len(batch)
        self._answered_at = self._loop.time()
        self._crowd = max(len(batch), 0.9 * self._crowd)
        for waiting in batch:
            self._patience.end(waiting.give_up)
            waiting.settle()
        if marks != Touched():
            self._told(marks)

    def _run(self) -> None:
        """Whatever goes wrong, who waits is told so, and the work goes on with a new connection."""
        engine = _writing_engine(self._file.url("sqlite"))
        while (self._taken or not self._is_closing) and not self._loop.is_closed():
            is_open = False
            try:
                self._file.check()
                with engine.connect() as connection:
                    is_open = True
                    try:
                        self._serve(connection)
                    except LogMoved as error:
                        self._save_log(connection, error)
                        raise
            except BaseException as error:
                self.restarts += not isinstance(error, DBAPIError | sqlite3.Error)
                self.failures += 1
                if not is_open:
                    self._refuse_waiting(error, _OPEN_AGAIN_SECONDS)
                elif is_locked(error):
                    self._refuse_waiting(error, patience=0.0)
            if not self._reader.is_connected:
                self._file.forget_log()
        engine.dispose()

    def _serve(self, connection: Connection) -> None:
        """Commit batch after batch until there are no more; raises what broke the connection."""
        log = LogFile(self._file.path)
        log.leave_room(_driver(connection))
        _driver(connection).execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens the log
        self._file.keep_log()
        while (batch := self._next_batch(log.patience)) or not self._is_closing:
            if batch:
                self._commit(connection, batch)
            log.keep_short(_driver(connection))

    def _save_log(self, connection: Connection, error: LogMoved) -> None:
        """What only the lost log holds goes into the database, and nobody of us has that log open any more.

        A new connection makes a new log; whoever still had the old one would read wrong pages from it. While
        somebody else reads from the lost log, or the disk is full, everything is refused.
        """
        while not self._is_closing:
            with contextlib.suppress(Moved):
                self._file.check()
                return
            with self._reader.at_rest():
                if _is_emptied(_driver(connection)):
                    self._reader.hang_up()
                    connection.close()
                    self._file.forget_log()
                    return
            self._refuse_waiting(error, _OPEN_AGAIN_SECONDS)

    def _commit(self, connection: Connection, batch: "list[_Waiting]") -> None:
        try:
            _commit_together(connection, self._file, batch)
        except BaseException:
            self.failures += 1
            raise
        finally:
            self._tell(batch, touched.take(connection))

    def _refuse_waiting(self, error: BaseException, patience: float) -> None:
        """Who waits is told, rather than to wait as long for the same once more."""
        batch = self._next_batch(patience)
        while self._taken:
            batch += self._next_batch(patience=0.0)
        _refuse(batch, error)
        self._tell(batch, Touched())

    def _tell(self, batch: "list[_Waiting]", marks: Touched) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._hand_back, batch, marks)

    def _next_batch(self, patience: float | None = None) -> "list[_Waiting]":
        """What waits, at most BATCH; empty when there will be no more, or nothing came in time."""
        while not self._is_closing and len(self._taken) < BATCH:
            try:
                handed = self._queue.get(block=not self._taken, timeout=patience)
            except queue.Empty:
                break
            if handed is None:
                self._is_closing = True
            else:
                self._taken.extend(handed)
        return [self._taken.popleft() for _ in range(min(BATCH, len(self._taken)))]


class _Waiting:
    """An operation with the future of its caller, and what came of it."""

    def __init__(self, operation: Callable[[Connection], Any], future: "asyncio.Future[Any]") -> None:
        self.operation = operation
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None
        #: Taken by whoever is first: the writer, who runs it, or who gives it up.
        self._turn = threading.Lock()
        self.is_under_way = False

    def begin(self) -> bool:
        """Whether it is to be run, again if need be: its caller is there, and nobody has given it up."""
        if self.future.cancelled():
            return False
        self.is_under_way = self.is_under_way or self._turn.acquire(blocking=False)
        return self.is_under_way

    def give_up(self) -> None:
        """Its caller waits no longer; in the event loop. What is being done is not undone by that."""
        is_untouched = self._turn.acquire(blocking=False)
        if not self.future.done():
            self.future.set_exception(
                Full(f"The database has not come to it in {PATIENCE} s; nothing was done.")
                if is_untouched
                else MayBeDone(
                    f"The database has given no answer for {PATIENCE} s while this was being written. "
                    "It may have been done: look first."
                )
            )

    def settle(self) -> None:
        """Tell the caller, unless they have gone; in the event loop."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def _commit_together(connection: Connection, file: Place, batch: list[_Waiting]) -> None:
    """Run every operation and commit once; what fails to commit fails for all.

    An operation that fails has seldom written anything. Where one had, all is undone and done again, now
    with a savepoint before each operation: to set one every time cost a fifth of the rate.
    """
    try:
        try:
            with _transaction(connection, file) as sharing:
                for waiting in batch:
                    _run(connection, sharing, waiting)
                _insert_gathered(connection)
        except _HalfDone:
            touched.take(connection)
            with _transaction(connection, file) as sharing:
                for waiting in batch:
                    _run_in_savepoint(connection, sharing, waiting)
    except BaseException as error:
        touched.take(connection)
        _refuse(batch, error)
        raise


@contextmanager
def _transaction(connection: Connection, file: Place) -> Iterator[Shared]:
    """A transaction with what its operations share; what is written once is written at its end.

    Nothing is committed to a file that is not where it was: raises Moved.
    """
    with connection.begin():
        sharing = shared.begin(connection)
        try:
            yield sharing
            tallies.flush(connection)
            incidents.flush(connection)
            file.check()
        finally:
            shared.end(connection)


class _HalfDone(Exception):
    """An operation failed after it had written something."""


def _refuse(batch: list[_Waiting], error: BaseException) -> None:
    for waiting in batch:
        waiting.error = Full(_sentence(error))


def _sentence(error: BaseException) -> str:
    return f"The database cannot be written: {reason(error)}"


class _Lost(sqlite3.Error):
    """It is nothing that the operation did: the whole transaction is given up (disk full, I/O error)."""


def _run(connection: Connection, sharing: Shared, waiting: _Waiting) -> None:
    """Raises _HalfDone when the operation failed and left something behind."""
    if not waiting.begin():  # whoever asked has gone before
        return
    raw = _driver(connection)
    ordinals = sharing.ordinals.copy()
    changes = raw.total_changes - sharing.inserted_for_others
    sharing.is_gathering = False
    try:
        waiting.result = waiting.operation(connection)
    except Exception as error:  # whatever it is, it is its caller's
        if is_outside(error, may_write=True) or not raw.in_transaction:
            raise _Lost(reason(error)) from error
        has_written = raw.total_changes - sharing.inserted_for_others != changes
        if has_written or sharing.is_gathering or isinstance(error, DBAPIError | sqlite3.Error):
            raise _HalfDone from error
        waiting.error = error
        sharing.ordinals = ordinals


def _insert_gathered(connection: Connection) -> None:
    """Insert what is left; raises _HalfDone when a row of some operation is refused."""
    try:
        shared.insert_gathered(connection)
    except (DBAPIError, sqlite3.Error) as error:
        if is_outside(error, may_write=True):
            raise
        raise _HalfDone from error


def _run_in_savepoint(connection: Connection, sharing: Shared, waiting: _Waiting) -> None:
    waiting.error = None
    if not waiting.begin():
        return
    raw = _driver(connection)
    raw.execute("SAVEPOINT operation")
    changes, ordinals = sharing.changes.copy(), sharing.ordinals.copy()
    try:
        waiting.result = waiting.operation(connection)
        shared.insert_gathered(connection)
    except Exception as error:
        if is_outside(error, may_write=True) or not raw.in_transaction:
            raise _Lost(reason(error)) from error
        waiting.error = error
        raw.execute("ROLLBACK TO operation")
        shared.forget_gathered(sharing)
        sharing.remembered.clear()
        sharing.changes, sharing.ordinals = changes, ordinals
    raw.execute("RELEASE operation")


def _driver(connection: Connection) -> sqlite3.Connection:
    raw: Any = connection.connection.driver_connection
    return cast("sqlite3.Connection", raw)


def _is_emptied(connection: sqlite3.Connection) -> bool:
    """Whether all that the log held is in the database now."""
    try:
        (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return False
    return not is_busy
