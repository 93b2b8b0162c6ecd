"""Several processes on one PostgreSQL database: what they settle, tell one another, and survive."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, Executable, func, make_url, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage import address, postgres, requests, upgrade
from storage.database import Database, Full, MayBeDone, Touched, Unusable, inspect_postgresql, touched
from storage.errors import NobodyWrites
from storage.prepared import Statement
from storage.tables import facts
from storage.tables import requests as table
from tests import scratch
from tests.postgres import Cutter, Server, bear_witness, waited_for

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)

Two = tuple[Database, Database]
#: Executes a statement: by SQLAlchemy, and past it.
Execute = Callable[[Connection, Executable], object]
WAYS = {"executed": Connection.execute, "prepared": lambda tx, statement: Statement(statement).run(tx, {})}
both_ways = pytest.mark.parametrize("execute", WAYS.values(), ids=WAYS.keys())


@pytest.fixture
async def two(server: Server) -> AsyncIterator[Two]:
    """Two processes' doors to one database."""
    url = await server.fresh()
    doors = Database(url), Database(url)
    for door in doors:
        await door.open()
    yield doors
    for door in doors:
        await door.close()


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - a test waits from outside
            await asyncio.sleep(0.01)


async def test_of_two_processes_one_carries_a_request_out(two: Two) -> None:
    async def ask(door: Database, key: str) -> bool:
        return await door.write(partial(requests.is_new, key=key, at=NOW))

    keys = [f"request {n}" for n in range(40)]
    answers = await asyncio.gather(*(ask(door, key) for key in keys for door in two))
    assert sum(answers) == len(keys)


async def test_commit_of_one_process_wakes_the_other(two: Two) -> None:
    first, second = two
    heard: list[Touched] = []
    second.after_commit(lambda marks: heard.append(marks))

    def operation(tx: Connection) -> None:
        touched.mark(tx, touched.OUTBOX)
        touched.mark_deadline(tx, NOW)

    await until_listening(second)
    heard.clear()
    await first.write(operation)
    await until(lambda: heard)
    assert heard == [Touched(frozenset({touched.OUTBOX}), NOW)]


async def until_listening(door: Database) -> None:
    def listeners(tx: Connection) -> int:
        ours = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        found: int = tx.execute(text(f"{ours} AND datname = current_database()")).scalar_one()
        return found

    async with asyncio.timeout(10):
        while await door.read(listeners) < 2:  # noqa: ASYNC110 - another connection gets ready
            await asyncio.sleep(0.01)


async def test_refused_operation_leaves_nothing_and_tells_nobody(two: Two) -> None:
    first, second = two
    heard: list[Touched] = []
    first.after_commit(lambda marks: heard.append(marks))

    def refuse(tx: Connection) -> None:
        requests.is_new(tx, "half done", NOW)
        touched.mark(tx, touched.OUTBOX)
        raise ValueError("no")

    await until_listening(second)
    heard.clear()
    with pytest.raises(ValueError, match="no"):
        await first.write(refuse)
    assert await second.write(partial(requests.is_new, key="half done", at=NOW))
    assert touched.OUTBOX not in {what for marks in heard for what in marks.what}


@both_ways
async def test_two_that_meet_crosswise_are_both_carried_out(two: Two, execute: Execute) -> None:
    first, second = two
    for key in "ab":
        await first.write(partial(requests.is_new, key=key, at=NOW))
    runs: list[str] = []

    def lock(tx: Connection, key: str) -> None:
        execute(tx, select(table.c.key).where(table.c.key == key).with_for_update())

    def crossing(one: str, other: str) -> Callable[[Connection], None]:
        def operation(tx: Connection) -> None:
            runs.append(one)
            lock(tx, one)
            tx.execute(text("SELECT pg_sleep(0.2)"))
            lock(tx, other)

        return operation

    await asyncio.gather(first.write(crossing("a", "b")), second.write(crossing("b", "a")))
    assert len(runs) == 3


@both_ways
async def test_who_comes_second_with_a_unique_value_sees_the_first(two: Two, execute: Execute) -> None:
    """What only a constraint finds out is decided by looking again."""

    def keep(tx: Connection, value: str) -> str:
        found = tx.execute(select(facts.c.value).where(facts.c.name == "secret")).scalar()
        if found is None:
            tx.execute(text("SELECT pg_sleep(0.1)"))
            execute(tx, facts.insert().values(name="secret", value=value))
        return str(found or value)

    kept = await asyncio.gather(*(door.write(partial(keep, value=f"{n}")) for n, door in enumerate(two)))
    assert len(set(kept)) == 1


@both_ways
async def test_operation_whose_connection_is_cut_is_run_again(two: Two, execute: Execute) -> None:
    first, second = two
    begun: list[int] = []

    def operation(tx: Connection) -> bool:
        begun.append(tx.execute(text("SELECT pg_backend_pid()")).scalar_one())
        if len(begun) == 1:
            execute(tx, select(func.pg_sleep(10)))
        return requests.is_new(tx, "cut", NOW)

    waiting = asyncio.ensure_future(first.write(operation))
    await until(lambda: begun)
    await second.write(lambda tx: tx.execute(text(f"SELECT pg_terminate_backend({begun[0]})")))
    assert await waiting
    assert len(begun) == 2


@pytest.mark.parametrize("is_committed", [True, False])
async def test_fate_of_a_commit_whose_answer_was_lost_is_asked(server: Server, is_committed: bool) -> None:
    """The connection breaks at the COMMIT: whether it arrived, the server knows."""
    cutter = Cutter(await server.fresh())
    door = Database(await cutter.open())
    await door.open()
    cutter.cut_next(lets_through=is_committed)
    assert await door.write(partial(requests.is_new, key="once", at=NOW))
    assert cutter.cuts == 1
    assert not await door.write(partial(requests.is_new, key="once", at=NOW))
    await door.close()
    await cutter.close()


async def test_commit_whose_fate_cannot_be_asked_may_be_done(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "PATIENCE_SECONDS", 0.2)
    url = await server.fresh()
    cutter, beside = Cutter(url), Database(url)
    door = Database(await cutter.open())
    await door.open()
    cutter.cut_next(lets_through=True, stays_away=True)
    with pytest.raises(MayBeDone, match="It may have been done: look first"):
        await door.write(partial(requests.is_new, key="once", at=NOW))
    await door.close()
    await cutter.close()
    await beside.open()
    assert not await beside.write(partial(requests.is_new, key="once", at=NOW))
    await beside.close()


@pytest.mark.parametrize(
    ("chosen", "waits_for"),
    [("off", "on"), ("local", "local"), ("on", "on"), ("remote_apply", "remote_apply")],
)
async def test_commit_outlives_the_server_whatever_is_set(
    server: Server, chosen: str, waits_for: str
) -> None:
    url = await server.fresh()
    await bear_witness(url, "requests", chosen)
    door = Database(url)
    await door.open()
    await door.write(partial(requests.is_new, key="kept", at=NOW))
    await door.close()
    assert await waited_for(url) == {waits_for}


async def test_caller_who_goes_away_leaves_the_operation_to_its_end(two: Two) -> None:
    first, second = two
    begun = asyncio.Event()

    def operation(tx: Connection) -> None:
        begun.set()
        tx.execute(text("SELECT pg_sleep(0.1)"))
        requests.is_new(tx, "left", NOW)

    waiting = asyncio.ensure_future(first.write(operation))
    await begun.wait()
    waiting.cancel()
    await first.close()
    assert not await second.write(partial(requests.is_new, key="left", at=NOW))
    await first.open()


async def test_reader_sees_one_moment_and_cannot_write(two: Two) -> None:
    first, second = two

    def count(tx: Connection) -> int:
        found: int = tx.execute(text("SELECT count(*) FROM requests")).scalar_one()
        return found

    looked = asyncio.Event()

    def look_twice(tx: Connection) -> tuple[int, int]:
        before = count(tx)
        looked.set()
        tx.execute(text("SELECT pg_sleep(0.3)"))
        return before, count(tx)

    looking = asyncio.ensure_future(second.read(look_twice))
    await looked.wait()
    await first.write(partial(requests.is_new, key="meanwhile", at=NOW))
    assert await looking == (0, 0)
    with pytest.raises(Exception, match="read-only transaction"):
        await second.read(partial(requests.is_new, key="no", at=NOW))


async def test_who_waited_sees_what_was_committed_whatever_the_servers_default_is(server: Server) -> None:
    url = await server.fresh()
    name = make_url(url).database
    strict = f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"
    first, second = Database(url), Database(url)
    await first.open()
    await first.write(lambda tx: tx.execute(text(strict)))
    await second.open()
    isolation = await second.write(lambda tx: tx.execute(text("SHOW transaction_isolation")).scalar_one())
    for door in (first, second):
        await door.close()
    assert isolation == "read committed"


async def test_server_that_is_not_there_is_refused_in_a_sentence() -> None:
    url = "postgresql://tocsin:canary@127.0.0.1:1/tocsin"
    with pytest.raises(Unusable, match="Check that the server runs") as refused:
        await Database(url).open()
    assert "canary" not in str(refused.value)
    with pytest.raises(Unusable, match="cannot be used"):
        await inspect_postgresql(url)


async def test_server_that_does_not_answer_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_CONNECT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://tocsin@127.0.0.1:{silent.getsockname()[1]}/tocsin"
        for use in (Database(url).open, partial(inspect_postgresql, url)):
            with pytest.raises(Unusable, match="it does not answer in time"):
                await use()


async def test_empty_database_is_inspected_and_left_empty(server: Server) -> None:
    url = server.empty()
    assert "its tables are made at the first start" in await inspect_postgresql(url)
    assert "its tables are made at the first start" in await inspect_postgresql(url)


async def test_database_that_cannot_keep_what_people_write_is_refused(server: Server) -> None:
    url = server.empty("LATIN1")
    for use in (Database(url).open, partial(inspect_postgresql, url)):
        with pytest.raises(Unusable, match=r"encoding LATIN1, .*: make one with CREATE DATABASE"):
            await use()


async def test_database_that_looks_at_no_encoding_keeps_what_people_write(server: Server) -> None:
    door = Database(server.empty("SQL_ASCII"))
    await door.open()
    await door.write(partial(requests.is_new, key="“ünïcode” 🔥", at=NOW))
    kept = await door.read(lambda tx: tx.execute(select(table.c.key)).scalars().all())
    assert kept == ["“ünïcode” 🔥"]
    await door.close()


async def test_processes_that_start_together_migrate_once(server: Server) -> None:
    url = server.empty()
    doors = [Database(url) for _ in range(3)]
    await asyncio.gather(*(door.open() for door in doors))
    assert "at revision" in await inspect_postgresql(url)
    await asyncio.gather(*(door.close() for door in doors))


async def test_who_starts_while_another_migrates_waits_as_long_as_it_takes(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than any other lock is waited for, and than any other statement may take."""
    monkeypatch.setattr(postgres, "_SESSION", postgres._SESSION | {"lock_timeout": "10ms"})
    monkeypatch.setattr(postgres, "_STATEMENT_SECONDS", 0.1)
    url = server.empty()
    migrating = create_async_engine(address.DRIVER, connect_args=address.arguments(url))
    async with migrating.begin() as other:
        await other.execute(upgrade._LOCK)
        door = Database(url)
        opening = asyncio.create_task(door.open())
        await asyncio.wait({opening}, timeout=1)
        assert not opening.done()
    await migrating.dispose()
    await opening
    assert "at revision" in await inspect_postgresql(url)
    await door.close()


async def _is_new(door: Database, key: str) -> bool:
    with suppress(NobodyWrites):
        return await door.write(partial(requests.is_new, key=key, at=NOW))
    return False


async def test_who_may_only_read_does_not_connect_anew_for_each_refusal(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for many outcomes to be written down tries each of them every second."""
    url = await server.fresh()
    door = Database(url)
    await door.open()
    server.make_read_only(url)
    connect, connected = asyncpg.connect, 0

    async def counted(**how: Any) -> asyncpg.Connection:
        nonlocal connected
        connected += 1
        return await connect(**how)

    monkeypatch.setattr(asyncpg, "connect", counted)
    for _ in range(100):
        with pytest.raises(NobodyWrites):
            await door.write(partial(requests.is_new, key="in vain", at=NOW))
    assert connected < 50
    server.make_writable(url)
    async with asyncio.timeout(10):
        while not await _is_new(door, "not in vain"):  # noqa: ASYNC110 - a test waits from outside
            await asyncio.sleep(0.1)
    await door.close()


async def test_away_server_is_told_and_found_again() -> None:
    """An immediate restart: who asks meanwhile is told that nothing was done, and nobody restarts us."""
    server = Server(scratch.folder(), is_durable=True)
    door = Database(await server.fresh())
    await door.open()
    assert await door.write(partial(requests.is_new, key="before", at=NOW))
    server.crash()
    with pytest.raises(Full, match="cannot be reached"):
        await door.write(partial(requests.is_new, key="meanwhile", at=NOW))
    with pytest.raises(Full):
        await door.read(partial(lambda tx: tx.execute(text("SELECT 1")).scalar_one()))
    server.start_again()
    assert await door.write(partial(requests.is_new, key="meanwhile", at=NOW))
    assert not await door.write(partial(requests.is_new, key="before", at=NOW))
    await door.close()
    server.stop()
