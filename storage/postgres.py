"""PostgreSQL: any number of processes write side by side, each operation in a transaction of its own.

**Whoever changes an incident locks its row first.** SQLite lets one operation after the other; here those
on one incident wait for one another, and those on different incidents do not. Where two still meet
crosswise, PostgreSQL ends one of them, and it is run again: operations are functions of the transaction
and the time, and leave nothing behind when they are undone.

**Whether a commit arrived is asked, not guessed.** When the server goes away during a COMMIT, nobody knows
whether it was carried out. Each transaction therefore takes its number along, and the server is asked for
the fate of that number as soon as it answers again.

**What was answered is on a disk.** A server, database or role may be set to `synchronous_commit = off`, which
loses the last commits in a crash: each transaction says for itself that it waits for them. Who has chosen to
wait for a standby, or for none, keeps what they chose: either outlives the server.
"""

import asyncio
import json
import random
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Connection, Text, bindparam, cast, event, func, literal_column, select, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import greenlet_spawn

from storage import address, others, pooler, shared, tallies, touched
from storage.alone import Alone
from storage.errors import Full, MayBeDone, NobodyWrites, Unusable
from storage.patience import PATIENCE, Patience
from storage.prepared import Statement
from storage.touched import Touched
from storage.upgrade import FLUSHED, Use, check_encoding, check_revision, upgrade, upgrade_beside

T = TypeVar("T")
Operation = Callable[[Connection], T]

#: Operations that one process carries out side by side, and those that may wait.
SIDE_BY_SIDE = 8
WAITING = 4096
READERS = 8
#: Statements that each session keeps at hand: more than there are.
STATEMENTS = 300
#: How often an operation is run again that met another one crosswise.
ATTEMPTS = 8
#: How long the server is asked for the fate of a commit whose answer was lost.
PATIENCE_SECONDS = 5.0
_CONNECT_SECONDS, _STATEMENT_SECONDS = 5, 15
_AGAIN_SECONDS = 0.5
#: Who may only read connects anew so often: not for each of the many who try to write then.
_LOOK_BEHIND_SECONDS = 1.0
_CHANNEL = "tocsin"
#: Deadlock, serialization failure, and a row that another transaction was first to insert.
_MET_ANOTHER = {"40P01", "40001", "23505"}
#: What keeps a server from being reached. asyncpg's own errors come unwrapped while it connects.
UNREACHABLE = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    TimeoutError,
    PoolExhausted,
)
#: What says nothing about the statement: SQLSTATE classes (connection, resources, system, corruption) and
#: codes (shut down, crashed, starting up, read-only, waited too long for a lock).
#: Source: PostgreSQL, "PostgreSQL Error Codes".
_OUTSIDE = ("08", "53", "58", "XX")
_READ_ONLY = "25006"
_AWAY = {"57P01", "57P02", "57P03", _READ_ONLY, "55P03", "57014"}
#: Those of them that say that nobody can write, whoever asks: disk full, I/O error, read-only.
_NOBODY_WRITES = {"53100", "58030", _READ_ONLY}
_SESSION = {
    "application_name": "tocsin",
    # Whoever stops in the middle of a transaction must not keep the others waiting.
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "10s",
    # Who waited for a lock must see what was committed meanwhile, whatever the server's default is.
    "default_transaction_isolation": "read committed",
    # A machine that vanished is noticed within seconds.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
}
_LOOKING = {"application_name": "tocsin: looking"}
_MIGRATING = {"idle_in_transaction_session_timeout": "0", "lock_timeout": "0"}
_MOVES = "moves"
_FIXED: tuple[Any, ...] = (cast(func.pg_current_xact_id(), Text), literal_column(FLUSHED))
_NUMBER = Statement(select(*_FIXED))
_NUMBER_AND_NEWS = Statement(
    select(*_FIXED, func.pg_notify(bindparam("channel", type_=Text), bindparam("news", type_=Text)))
)
_COMMITTED, _ABORTED = "committed", "aborted"


class _Undecided(Exception):
    """The answer to a COMMIT was lost."""

    def __init__(self, number: str, result: Any, marks: Touched) -> None:
        super().__init__(number)
        self.number, self.result, self.marks = number, result, marks


class Postgres:
    """A database that other processes use too. `told` is called after each commit, theirs included."""

    #: The server reads, and not this process: half of its connections are enough.
    readers_in_turn = READERS // 2

    def __init__(self, url: str, told: Callable[[Touched], None], use: Use) -> None:
        self._use = use
        self._arguments = address.arguments(url)
        self._told = told
        self._name = uuid.uuid4().hex
        self.waiting = 0
        #: How often an operation found the server away. Nothing here begins anew: each has its own session.
        self.failures = self.writer_restarts = 0
        self._turns = asyncio.Semaphore(SIDE_BY_SIDE)
        self._patience = Patience()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._listening: asyncio.Task[None] | None = None
        self._is_deaf = asyncio.Event()
        #: How often the address may have come to lead to another server.
        self._moves = 0
        self._look_behind_at = 0.0
        self._alone = Alone(_driver_arguments(self._arguments, _CONNECT_SECONDS))

    async def open(self) -> None:
        """Raises Unusable when there is no such server or database, or another version of ours has it."""
        self._writing = self._engine(SIDE_BY_SIDE)
        self._reading = self._engine(
            READERS, isolation_level="REPEATABLE READ", settings={"default_transaction_read_only": "on"}
        )
        try:
            async with _session(self._arguments):  # there is no pooler in between
                pass
            await self._upgrade()
        except Unusable:
            await self._dispose()
            raise
        except (DBAPIError, *UNREACHABLE) as error:
            await self._dispose()
            raise Unusable(
                f"The PostgreSQL database in DATABASE_URL cannot be used ({said(error)}). "
                "Check that the server runs, and the name, password and rights of the user."
            ) from error
        self._listening = asyncio.create_task(self._listen(), name="postgres-listener")

    async def _upgrade(self) -> None:
        """A migration takes as long as there are rows, and who starts meanwhile waits for it."""
        engine = self._engine(1, settings=_MIGRATING, is_hurried=False)
        try:
            async with engine.begin() as connection:
                if self._use is Use.RUNS:
                    await connection.run_sync(upgrade)
                else:
                    await connection.run_sync(upgrade_beside, self._use)
        finally:
            await engine.dispose()

    async def close(self) -> None:
        """Waits for the operations that are under way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._alone.give_back()
        await self._dispose()

    @property
    def is_busy(self) -> bool:
        """Whether so many operations wait that what can wait should."""
        return self.waiting > SIDE_BY_SIDE

    async def write(self, operation: Operation[T]) -> T:
        """The operation's result, once it is committed. Raises what it raises, and Full."""
        if self.waiting >= WAITING:
            raise Full("Tocsin is overloaded; try again in a moment.")
        self.waiting += 1
        # A caller who goes away must not end a transaction in its middle.
        task = asyncio.create_task(self._carry_out(operation))
        self._under_way.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def read(self, query: Operation[T]) -> T:
        """The query's result, from one transaction that sees one moment. Raises Full."""
        for is_last in (False, True):
            try:
                async with self._reading.connect() as connection:
                    return await connection.run_sync(query)
            except (DBAPIError, *UNREACHABLE) as error:
                if not _is_outside(error):
                    raise
                if is_last or not _is_lost(error):
                    raise self._unreachable(error) from error
        raise AssertionError("unreachable")

    @property
    def is_unwritten(self) -> bool:
        return self._alone.is_held

    async def may_act_unwritten(self, error: Full) -> bool:
        if not isinstance(error, NobodyWrites):  # the others may be able to
            return False
        try:
            return await self._alone.take()
        except UNREACHABLE:
            return False

    async def write_again(self) -> None:
        await self._alone.give_back()
        with suppress(Full):  # whoever can claim looks at once
            await self.write(lambda tx: touched.mark(tx, touched.OUTBOX))

    def _unreachable(self, error: BaseException) -> Full:
        self.failures += 1
        if _code(error) in _NOBODY_WRITES:
            return NobodyWrites(f"The database cannot be written: {said(error)}")
        return Full(f"The database cannot be reached: {said(error)}")

    def _engine(
        self,
        size: int,
        settings: dict[str, str] | None = None,
        *,
        is_hurried: bool = True,
        **options: Any,
    ) -> AsyncEngine:
        """`is_hurried`: a statement must not take long."""
        patience = _STATEMENT_SECONDS if is_hurried else None
        engine = create_async_engine(
            address.DRIVER,
            pool_size=size,
            max_overflow=0,
            pool_timeout=PATIENCE,
            pool_use_lifo=True,  # each session has to learn each statement
            connect_args={
                **_driver_arguments(self._arguments, patience, settings),
                "prepared_statement_cache_size": STATEMENTS,
            },
            **options,
        )

        @event.listens_for(engine.sync_engine, "connect")
        def connected(_: object, record: ConnectionPoolEntry) -> None:
            record.info[_MOVES] = self._moves

        @event.listens_for(engine.sync_engine, "checkout")
        def check(_: object, record: ConnectionPoolEntry, __: object) -> None:
            if record.info[_MOVES] != self._moves:
                raise DisconnectionError

        return engine

    async def _dispose(self) -> None:
        await self._writing.dispose()
        await self._reading.dispose()

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self.waiting -= 1
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked may have gone: then nobody else looks at it

    # One operation

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of those that are taken side by side. Raises Full when none comes."""
        try:
            async with asyncio.timeout(None) as limit:
                give_up = partial(limit.reschedule, 0)
                self._patience.begin(give_up)
                try:
                    await self._turns.acquire()
                finally:
                    self._patience.end(give_up)
        except TimeoutError:
            raise Full(f"The database has not come to it in {PATIENCE} s; nothing was done.") from None
        try:
            yield
        finally:
            self._turns.release()

    async def _carry_out(self, operation: Operation[T]) -> T:
        async with self._turn():
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return await self._once(operation)
                except _Undecided as undecided:
                    if await self._is_committed(undecided.number):
                        self._told(undecided.marks)
                        result: T = undecided.result
                        return result
                except (DBAPIError, *UNREACHABLE) as error:
                    # A session that broke while it waited in the pool says little: a new one is tried.
                    if _is_outside(error) and not (_is_lost(error) and attempt == 1):
                        self._look_behind_the_address(error)
                        raise self._unreachable(error) from error
                    has_met = _code(error) in _MET_ANOTHER and attempt < ATTEMPTS
                    if not has_met and not _is_lost(error):
                        raise
                await asyncio.sleep(random.random() * 0.01 * attempt)  # noqa: S311 - jitter is no secret
        raise Full("Too many operations met one another. Nothing was done; try again.")

    def _look_behind_the_address(self, error: BaseException) -> None:
        """A server that has become a standby stays one: behind the same address may be another by now."""
        now = asyncio.get_running_loop().time()
        if _code(error) == _READ_ONLY and now >= self._look_behind_at:
            self._look_behind_at = now + _LOOK_BEHIND_SECONDS
            self._moves += 1
            self._is_deaf.set()

    async def _once(self, operation: Operation[T]) -> T:
        done: tuple[T, Touched] = await greenlet_spawn(self._commit, operation)
        result, marks = done
        if marks != Touched():
            self._told(marks)
        return result

    def _commit(self, operation: Operation[T]) -> tuple[T, Touched]:
        """A whole transaction in one greenlet: one for each step cost as much as two statements."""
        with self._writing.sync_engine.connect() as connection:
            transaction = connection.begin()
            result, marks = _carried_out(operation, connection)
            number = self._announce(connection, marks)
            try:
                transaction.commit()
            except (DBAPIError, *UNREACHABLE) as error:
                connection.invalidate()
                raise _Undecided(number, result, marks) from error
        return result, marks

    def _announce(self, connection: Connection, marks: Touched) -> str:
        """Tell the other processes with the commit; the transaction's number."""
        if marks == Touched():
            [(number, *_)] = _NUMBER.run(connection, {})
            return str(number)
        news = {"by": self._name, "what": sorted(marks.what)}
        if marks.deadline is not None:
            news["deadline"] = marks.deadline.isoformat()
        [(number, *_)] = _NUMBER_AND_NEWS.run(connection, {"channel": _CHANNEL, "news": json.dumps(news)})
        return str(number)

    async def _is_committed(self, number: str) -> bool:
        """Whether the transaction took effect. Raises MayBeDone when the server stays away for too long."""
        asked = text("SELECT pg_xact_status(CAST(CAST(:number AS text) AS xid8))")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    fate = await self._fate(asked, number)
                    if fate in (_COMMITTED, _ABORTED):
                        return fate == _COMMITTED
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise MayBeDone(
                "The database went away while this was being committed. It may have been done: look first."
            ) from None

    async def _fate(self, asked: Any, number: str) -> str | None:
        try:
            async with self._writing.connect() as connection:
                found = await connection.execute(asked, {"number": number})
                fate: str | None = found.scalar_one()
                return fate
        except (DBAPIError, *UNREACHABLE):
            return None

    # What the others do

    async def _listen(self) -> None:
        """Pass on what other processes committed. What was missed while away is looked for."""
        while True:
            try:
                await self._hear()
            except Exception:  # whatever it is, deaf we would hear of nothing until the next sweep
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _hear(self) -> None:
        connection = await asyncpg.connect(**_driver_arguments(self._arguments, _CONNECT_SECONDS))
        gone = self._is_deaf = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(_CHANNEL, lambda *news: self._heard(news[-1]))
            self._told(_EVERYTHING)
            while not gone.is_set():
                try:
                    async with asyncio.timeout(_CONNECT_SECONDS):
                        await gone.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1")
        finally:
            connection.terminate()

    def _heard(self, news: Any) -> None:
        told = json.loads(news)
        if told["by"] == self._name:
            return
        deadline = told.get("deadline")
        self._told(Touched(frozenset(told["what"]), datetime.fromisoformat(deadline) if deadline else None))


async def inspect(url: str) -> str:
    """In a few words, which server answers and how far our tables are. Raises Unusable."""
    arguments = address.arguments(url)
    try:
        async with _session(arguments) as connection:
            version = await connection.fetchval("SHOW server_version")
            encoding = await connection.fetchval("SHOW server_encoding")
            has_tables = await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
            may_create = await connection.fetchval("SELECT has_schema_privilege(current_schema(), 'CREATE')")
            at = await connection.fetchval("SELECT version_num FROM alembic_version") if has_tables else None
    except UNREACHABLE as error:
        raise Unusable(f"PostgreSQL cannot be used: {said(error)}") from error
    name = address.words(url)["database"]
    check_encoding(encoding)
    check_revision(at, name)
    if not may_create:
        raise Unusable(f"PostgreSQL {version} answers, but its user may not create tables")
    state = f"at revision {at}" if at else "empty; its tables are made at the first start"
    return f"PostgreSQL {version} answers; {name} is {state}"


@asynccontextmanager
async def _session(arguments: dict[str, Any]) -> AsyncIterator[asyncpg.Connection]:
    """A session of our own, which no other takes for a Tocsin that runs.

    Raises Unusable where a pooler keeps us from having one.
    """
    try:
        connection = await asyncpg.connect(**_driver_arguments(arguments, _CONNECT_SECONDS, _LOOKING))
        try:
            await pooler.check(connection, _SESSION)
            yield connection
        finally:
            connection.terminate()
    except UNREACHABLE as error:
        if pooler.is_meant(error):
            raise pooler.refused() from error
        raise


#: As if everything had changed.
_EVERYTHING = Touched(
    frozenset({touched.OUTBOX, touched.PAGES, touched.DUTY}), datetime(1970, 1, 1, tzinfo=UTC)
)


def _carried_out(operation: Operation[T], connection: Connection) -> tuple[T, Touched]:
    """What the operation came to, with what it touched and what it counted."""
    touched.take(connection)
    others.begin(connection)
    shared.begin(connection)
    result = operation(connection)
    tallies.flush(connection)
    return result, touched.take(connection)


def _driver_arguments(
    arguments: dict[str, Any], patience: float | None, settings: dict[str, str] | None = None
) -> dict[str, Any]:
    """What asyncpg itself is called with; `patience` is how many seconds a statement may take."""
    session = arguments.get("server_settings", {}) | _SESSION | (settings or {})
    times = {"timeout": arguments.get("timeout", _CONNECT_SECONDS), "command_timeout": patience}
    return {**arguments, **times, "server_settings": session}


def _code(error: BaseException) -> str | None:
    code: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return code


def _is_lost(error: BaseException) -> bool:
    """Whether the session broke."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _is_outside(error: BaseException) -> bool:
    """Whether the same would have happened to any operation."""
    if not isinstance(error, DBAPIError) or _is_lost(error):
        return True
    code = _code(error) or ""
    return code.startswith(_OUTSIDE) or code in _AWAY


def said(error: BaseException) -> str:
    """The error in one line, as the server worded it."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, TimeoutError | PoolExhausted):
        return "it does not answer in time"
    cause = cause.__cause__ or cause
    return str(cause).partition("\n")[0] or type(cause).__name__
