"""Thousands of deadlines at the same moment: each is carried out once, also where several processes do it."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from sqlalchemy import select
from structlog.testing import capture_logs

from bot import organization_file
from bot.domain.timeline import TOCSIN, Escalated
from bot.engine.clock import Clock, SetClock
from bot.engine.deadlines import BATCH, Deadlines
from bot.engine.wakeup import SWEEP_EVERY
from bot.operations import declare, look_up, reorganize, rows
from storage import address, tables
from storage.database import Connection, Database
from tests.faults.doses import dose
from tests.postgres import Server
from tests.story import ORGANIZATION

_FIRED = tables.deadlines.select().where(tables.deadlines.c.state == "fired")
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


async def test_deadlines_that_are_due_at_once_fire_once_each(database_url: str) -> None:
    clock, times = SetClock(NOW), dose(200, 10_000)
    databases = [Database(database_url)]
    await databases[0].open()
    if databases[0].is_shared:
        databases += [Database(database_url), Database(database_url)]
        await asyncio.gather(*(one.open() for one in databases[1:]))
    await _declare(databases[0], times, NOW, apart=-60 / times)
    assert await _levels(databases[0]) == {(1,): times}
    workers = [Deadlines(one, clock) for one in databases]
    clock.forward(minutes=15, seconds=30)
    await asyncio.gather(*(one.look() for one in workers))
    assert await _levels(databases[0]) == {(1, 2): times}
    await asyncio.gather(*(one.look() for one in workers))
    assert await _levels(databases[0]) == {(1, 2): times}
    for worker in workers:
        await worker.stop()
    for one in databases:
        await one.close()


async def test_deadlines_that_cannot_be_fired_keep_no_other_waiting(database_url: str) -> None:
    clock, damaged, whole = SetClock(NOW), 2 * BATCH + 1, 5
    database = Database(database_url)
    await database.open()
    await _declare(database, damaged + whole, NOW, apart=-0.1)
    worker = Deadlines(database, clock)
    clock.forward(minutes=15)
    await database.write(lambda tx: _set_severity(tx, "of no kind", at_most=damaged))
    with capture_logs():
        await worker.look()
    assert await _levels(database) == {(1, 2): whole, (1,): damaged}
    await database.write(lambda tx: _set_severity(tx, "SEV1", at_most=damaged))
    await worker.look()
    assert await _levels(database) == {(1, 2): damaged + whole}
    await worker.stop()
    await database.close()


async def test_stop_leaves_what_was_only_taken_up_to_the_next_start(database_url: str) -> None:
    clock, times = SetClock(NOW), 6 * BATCH
    database = Database(database_url)
    await database.open()
    await _declare(database, times, NOW, apart=0)
    worker, stopping = Deadlines(database, clock), list[asyncio.Task[None]]()
    database.after_commit(lambda _: None if stopping else stopping.append(asyncio.create_task(worker.stop())))
    clock.forward(minutes=15)
    await worker.look()
    await stopping[0]
    assert 0 < (await _levels(database))[1, 2] <= 3 * BATCH
    await Deadlines(database, clock).look()
    assert await _levels(database) == {(1, 2): times}
    await database.close()


async def test_deadline_whose_incident_is_held_up_keeps_no_other_waiting(server: Server) -> None:
    """Another process stands still in the middle of writing an incident."""
    clock, url = SetClock(NOW), await server.fresh()
    database = Database(url)
    await database.open()
    await _declare(database, 2, NOW, apart=1)
    worker = Deadlines(database, clock)
    stalled = await asyncpg.connect(**address.arguments(url))
    async with stalled.transaction():
        await stalled.execute("SELECT id FROM incidents ORDER BY created_at LIMIT 1 FOR UPDATE")
        clock.forward(minutes=15)
        held_up = asyncio.create_task(worker.look())
        while not await stalled.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        clock.forward(seconds=1)
        following = asyncio.create_task(worker.look())
        async with asyncio.timeout(30):
            while await _levels(database) != {(1, 2): 1, (1,): 1}:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert not held_up.done()
    await asyncio.gather(held_up, following)
    assert await _levels(database) == {(1, 2): 2}
    await worker.stop()
    await stalled.close()
    await database.close()
    server.drop(url)


def _set_severity(tx: Connection, severity: str, at_most: int) -> None:
    """Of the incidents whose deadlines are due first."""
    incidents = tables.incidents
    first = select(incidents.c.id).order_by(incidents.c.acknowledge_by).limit(at_most).scalar_subquery()
    tx.execute(incidents.update().where(incidents.c.id.in_(first)).values(severity=severity))


async def _declare(database: Database, times: int, first: datetime, apart: float) -> None:
    """SEV1 incidents, the first one then, and the others so many seconds apart."""
    wanted = organization_file.read(ORGANIZATION)
    await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, wanted))

    def one(tx: Connection, n: int) -> None:
        ada = look_up.as_actor(look_up.organization(tx).people["ada"])  # type: ignore[index]
        at = first + timedelta(seconds=n * apart)
        declare.declare(tx, at, ada, title=f"trouble {n}", services=["checkout"])

    for start in range(0, times, 100):
        await asyncio.gather(
            *(database.write(lambda tx, n=n: one(tx, n)) for n in range(start, min(start + 100, times)))  # type: ignore[misc]
        )


async def _levels(database: Database) -> Counter[tuple[int, ...]]:
    """How many incidents paged which levels, one after the other."""

    def query(tx: Connection) -> Counter[tuple[int, ...]]:
        found: dict[str, list[int]] = {}
        in_order = tables.timeline.select().order_by(
            tables.timeline.c.incident_id, tables.timeline.c.sequence
        )
        for row in tx.execute(in_order):
            event = rows.entry(row).event
            if isinstance(event, Escalated):
                found.setdefault(row.incident_id, []).append(event.level)
        return Counter(map(tuple, found.values()))

    return await database.read(query)


async def test_deadlines_a_moment_apart_are_each_fired_by_a_wake_up_not_by_the_sweep(tmp_path: Path) -> None:
    """Who looks while the next one falls due must not leave it to the sweep, which comes every 5 seconds."""
    clock, times = Clock(), 60
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    await database.open()
    deadlines = Deadlines(database, clock)
    await deadlines.start()
    await _declare(database, times, clock.now() - timedelta(minutes=15, seconds=-3), apart=0.005)
    async with asyncio.timeout(30):
        while await _levels(database) != {(1, 2): times}:  # noqa: ASYNC110 - a test waits from outside
            await asyncio.sleep(0.02)
    await deadlines.stop()
    late = await database.read(lambda tx: [row.settled_at - row.due_at for row in tx.execute(_FIRED)])
    await database.close()
    assert len(late) == times
    assert sum(one > SWEEP_EVERY / 5 for one in late) == 0
