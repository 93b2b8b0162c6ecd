"""The wall clock is set, the machine sleeps, the loop stands still: each deadline comes once, and in time."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from bot import organization_file
from bot.domain.sla import Severity
from bot.domain.timeline import TOCSIN, Escalated
from bot.engine.clock import Clock
from bot.engine.deadlines import Deadlines
from bot.engine.pulse import Pulse
from bot.metrics import Metrics
from bot.operations import declare, look_up, reorganize
from storage.database import Connection, Database
from tests.faults.doses import dose
from tests.story import ORGANIZATION

HOUR = timedelta(hours=1)
NOTHING = timedelta(0)
ACKNOWLEDGE = timedelta(minutes=15)
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
#: How far the deadline is away when the clock is set, and how late it may come.
DISTANCE, LATE = timedelta(seconds=2), timedelta(seconds=5)


class World:
    """A wall clock that can be set, beside the time that passes; both stand still."""

    def __init__(self) -> None:
        self.wall = NOW
        self.steady = timedelta(days=3)

    def passes(self, span: timedelta, rate: float = 1.0) -> None:
        self.steady += span
        self.wall += span * rate

    def clock(self) -> Clock:
        return Clock(wall=lambda: self.wall, steady=lambda: self.steady)


def test_clock_set_back_goes_on_from_where_it_was() -> None:
    world = World()
    clock, begun_at = world.clock(), world.wall
    world.wall -= HOUR
    assert clock.now() == begun_at
    world.passes(timedelta(minutes=15))
    assert clock.now() - begun_at == timedelta(minutes=15)


def test_clock_set_forward_and_sleep_are_followed_at_once() -> None:
    world = World()
    clock = world.clock()
    world.wall += HOUR
    assert clock.now() == world.wall
    world.passes(8 * HOUR)
    assert clock.now() == world.wall


def test_clock_that_was_set_is_noticed_once() -> None:
    world = World()
    clock = world.clock()
    for step in (HOUR, -HOUR):
        world.wall += step
        assert [clock.notice_step(), clock.notice_step()] == [step, NOTHING]
    world.passes(HOUR)
    assert clock.notice_step() == NOTHING


def test_step_is_told_to_the_second_though_reading_the_clocks_was_interrupted() -> None:
    """Others had the processor in between, for a tenth of a second."""
    world, interruptions = World(), [timedelta(milliseconds=100)] * 2

    def steady() -> timedelta:
        if interruptions and world.wall > NOW:
            world.passes(interruptions.pop())
        return world.steady

    clock = Clock(wall=lambda: world.wall, steady=steady)
    world.wall += HOUR
    assert abs(clock.notice_step() - HOUR) < timedelta(milliseconds=5)


SPANS = st.timedeltas(NOTHING, timedelta(days=2))
SETTINGS = st.timedeltas(timedelta(days=-2), timedelta(days=2))


@given(st.lists(st.tuples(SPANS, st.floats(0.5, 1.5), SETTINGS), max_size=20))
def test_our_time_never_runs_slower_than_time_passes(
    steps: list[tuple[timedelta, float, timedelta]],
) -> None:
    world = World()
    clock = world.clock()
    for span, rate, setting in steps:
        before = clock.now()
        world.passes(span, rate)
        world.wall += setting
        assert clock.now() - before >= span
        assert clock.now() >= world.wall


class Wall:
    """The machine's own wall clock, as somebody sets it."""

    def __init__(self) -> None:
        self.offset = NOTHING
        self.rate = 1.0
        self._began = Clock().now()

    def now(self) -> datetime:
        passed = Clock().now() - self._began
        return self._began + passed * self.rate + self.offset


class Engine:
    """Deadlines on a real database, with a wall clock that can be set."""

    def __init__(self, folder: Path) -> None:
        self.wall = Wall()
        self.clock = Clock(wall=self.wall.now)
        self.metrics = Metrics()
        self.database = Database(f"sqlite:///{folder / 'time.db'}")
        self._deadlines: Deadlines | None = None

    async def start(self) -> None:
        await self.database.open()
        self.deadlines = Deadlines(self.database, self.clock, self.metrics)
        self.pulse = Pulse(self.clock, self.metrics, blocked=timedelta(seconds=0.5))
        await self.deadlines.start()
        self.pulse.start()
        wanted, now = organization_file.read(ORGANIZATION), self.clock.now()
        await self.database.write(lambda tx: reorganize.apply(tx, now, TOCSIN, wanted))

    async def stop(self) -> None:
        await self.pulse.stop()
        await self.deadlines.stop()
        await self.database.close()

    async def declares(self, distance: timedelta) -> Callable[[], Awaitable[list[Escalated]]]:
        """An incident whose acknowledge deadline is so far away; gives what it has escalated to since."""
        at = self.clock.now() - ACKNOWLEDGE + distance

        def operation(tx: Connection) -> str:
            services = ("Checkout",)
            return declare.declare(
                tx, at, TOCSIN, title="Oh no", severity=Severity.SEV1, services=services
            ).number

        number = await self.database.write(operation)

        async def escalations() -> list[Escalated]:
            def query(tx: Connection) -> list[Escalated]:
                entries = look_up.entries(tx, look_up.incident(tx, number))
                return [one.event for one in entries if isinstance(one.event, Escalated)][1:]

            return await self.database.read(query)

        return escalations


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Engine]:
    engine = Engine(folder)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def waited_for(escalations: Callable[[], Awaitable[list[Escalated]]]) -> timedelta:
    """How long, by a clock that nobody sets, the first escalation took."""
    begun_at = asyncio.get_running_loop().time()
    async with asyncio.timeout((DISTANCE + LATE).total_seconds() + 10):
        while not await escalations():  # noqa: ASYNC110 - a test waits from outside
            await asyncio.sleep(0.02)
    return timedelta(seconds=asyncio.get_running_loop().time() - begun_at)


STEPS = [-HOUR, HOUR, -24 * HOUR, timedelta(seconds=-20)]


@pytest.mark.parametrize("step", STEPS * dose(1, 2), ids=str)
async def test_deadline_comes_once_and_in_time_whatever_becomes_of_the_wall_clock(
    tmp_path: Path, step: timedelta
) -> None:
    async with running(tmp_path) as engine:
        escalations = await engine.declares(DISTANCE)
        engine.wall.offset += step
        assert await waited_for(escalations) < DISTANCE + LATE
        engine.wall.offset -= step
        await asyncio.sleep(0)
        await engine.deadlines.look()
        assert len(await escalations()) == 1


@pytest.mark.parametrize("rate", [0.5, 1.5] * dose(1, 2))
async def test_deadline_comes_in_time_by_a_wall_clock_that_runs_slow_or_fast(
    tmp_path: Path, rate: float
) -> None:
    async with running(tmp_path) as engine:
        engine.wall.rate = rate
        escalations = await engine.declares(DISTANCE)
        assert await waited_for(escalations) < DISTANCE + LATE
        assert len(await escalations()) == 1


async def test_what_fell_due_while_the_loop_stood_still_is_found_and_the_stall_is_told(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as engine:
        escalations = await engine.declares(timedelta(seconds=1))
        threading.Event().wait(2.5)
        await waited_for(escalations)
        await until(engine.pulse.trouble)
        assert "was blocked for" in str(await engine.pulse.trouble())
        assert len(await escalations()) == 1
        told = generate_latest(engine.metrics.registry).decode()
    sums = [line.split()[1] for line in told.splitlines() if line.startswith("tocsin_loop_lag_seconds_sum")]
    assert float(sums[0]) > 0.5


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - a test waits from outside
            await asyncio.sleep(0.02)
