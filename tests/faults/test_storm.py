"""Thousands of deadlines at the same moment: each is carried out once, also where several processes do it."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

from bot import organization_file
from bot.domain.timeline import TOCSIN, Escalated
from bot.engine.clock import SetClock
from bot.engine.deadlines import Deadlines
from bot.operations import declare, look_up, reorganize, rows
from storage import tables
from storage.database import Connection, Database
from tests.faults.doses import dose
from tests.story import ORGANIZATION

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


async def test_deadlines_that_are_due_at_once_fire_once_each(database_url: str) -> None:
    clock, times = SetClock(NOW), dose(200, 10_000)
    databases = [Database(database_url)]
    await databases[0].open()
    if databases[0].is_shared:
        databases += [Database(database_url), Database(database_url)]
        await asyncio.gather(*(one.open() for one in databases[1:]))
    await _declare(databases[0], times)
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


async def _declare(database: Database, times: int) -> None:
    """SEV1 incidents within a minute before `NOW`, so that all of their first deadlines are over at once."""
    wanted = organization_file.read(ORGANIZATION)
    await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, wanted))

    def one(tx: Connection, n: int) -> None:
        ada = look_up.as_actor(look_up.organization(tx).people["ada"])  # type: ignore[index]
        at = NOW - timedelta(seconds=60 * n / times)
        declare.declare(tx, at, ada, title=f"trouble {n}", services=["checkout"])

    for first in range(0, times, 100):
        await asyncio.gather(
            *(database.write(lambda tx, n=n: one(tx, n)) for n in range(first, min(first + 100, times)))  # type: ignore[misc]
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
