"""Half of what it can do, for half an hour, while somebody reads the database for a minute at a time."""

import asyncio
import sqlite3
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from tests.crash.trial import Trial, trial
from tests.soak.report import Report, quantile
from tests.soak.resources import descriptors, resident_megabytes

SLOPE_MEGABYTES, WAL_BYTES, DESCRIPTORS = 1.0, 64 * 1024 * 1024, 8
READERS = 8
_LOOK_SECONDS = 1.0
#: Of the time: memory is filled with what is asked for often until then.
_WARM = 1 / 3
_PATHS = (
    "/incidents",
    "/incidents?status=resolved&status=closed&limit=50",
    "/incidents?severity=SEV1&offset=20",
    "/on-call/current",
    "/services",
)


@dataclass
class Samples:
    """What was seen of the process while it worked."""

    at: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    #: Bytes of the log, ten seconds after each slow reader had ended.
    logs: list[int] = field(default_factory=list)
    longest_log: int = 0

    def slope(self) -> float:
        """Megabytes in ten minutes, once it was warm."""
        begin = int(len(self.at) * _WARM)
        found = statistics.linear_regression(self.at[begin:], self.megabytes[begin:])
        return float(found.slope * 600)


async def give(folder: Path, seconds: float, seed: int, reader_seconds: float = 60.0) -> Report:
    report, samples, path = Report(), Samples(), folder / "tocsin.db"
    async with trial(folder, f"sqlite:///{path}", seed, is_announced=False) as one:
        capacity = await _capacity(one, min(seconds / 10, 10))
        took: list[float] = []
        async with _meanwhile(one, capacity / 2, took), _slow_reader(path, samples, reader_seconds):
            await _watch(one, path, samples, seconds)
        verdict = await one.finish()
    report.broken += verdict.broken
    report.expect(verdict.counts["answered"], "nothing was answered")
    report.say(f"{len(took) / seconds:.0f} reads a second of {capacity:.0f}; {dict(verdict.counts)}")
    report.say(f"reads took {quantile(took, 0.5) * 1000:.1f} ms, p99 {quantile(took, 0.99) * 1000:.1f} ms")
    writes = one.crowd.ledger.seconds
    report.say(
        f"writes took {quantile(writes, 0.5) * 1000:.1f} ms, p99 {quantile(writes, 0.99) * 1000:.1f} ms"
    )
    report.say(f"memory from {samples.megabytes[0]:.0f} to {samples.megabytes[-1]:.0f} MB")
    report.figure("memory in ten minutes", samples.slope(), " MB", SLOPE_MEGABYTES)
    begin = int(len(samples.at) * _WARM)
    grown = statistics.median(samples.descriptors[-10:]) - statistics.median(samples.descriptors[begin:][:10])
    report.figure("descriptors more at the end", grown, "", DESCRIPTORS)
    report.say(f"the log at its longest: {samples.longest_log / 1e6:.0f} MB")
    for size in samples.logs:
        report.figure("the log 10 s after a slow reader", size / 1e6, " MB", WAL_BYTES / 1e6)
    return report


async def _capacity(one: Trial, seconds: float) -> float:
    """Reads a second when as many as can be are asked at once, beside what people and machines write."""
    until, took = time.monotonic() + seconds, list[float]()

    async def ask() -> None:
        paths = cycle(_PATHS)
        while time.monotonic() < until:
            await _read(one, next(paths), took)

    await asyncio.gather(*(ask() for _ in range(READERS)))
    return len(took) / seconds


@asynccontextmanager
async def _meanwhile(one: Trial, rate: float, took: list[float]) -> AsyncIterator[None]:
    """So many reads a second."""
    began = time.monotonic()

    async def ask(place: int) -> None:
        paths, gap = cycle(_PATHS), READERS / rate
        due = began + gap * place / READERS
        while True:
            await asyncio.sleep(max(due - time.monotonic(), 0))
            await _read(one, next(paths), took)
            due = max(due + gap, time.monotonic() - 1)

    tasks = [asyncio.create_task(ask(place)) for place in range(READERS)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in done), done


async def _read(one: Trial, path: str, took: list[float]) -> None:
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {one.key}"}
    async with one.session.get(f"{one.processes[0].url}/api/v1{path}", headers=headers) as answer:
        await answer.read()
        assert answer.status == 200, f"{path}: {answer.status}"
    took.append(time.monotonic() - began)


@asynccontextmanager
async def _slow_reader(path: Path, samples: Samples, seconds: float) -> AsyncIterator[None]:
    """Somebody has the database open in one long transaction, goes, and comes again."""

    async def read() -> None:
        while True:
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM incidents").fetchone()
                await asyncio.sleep(seconds)
            await asyncio.sleep(10)
            samples.logs.append(_size(path))

    task = asyncio.create_task(read())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _watch(one: Trial, path: Path, samples: Samples, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (now := time.monotonic()) < until:
        samples.at.append(now)
        samples.megabytes.append(resident_megabytes(one.processes[0].pid))
        samples.descriptors.append(descriptors(one.processes[0].pid))
        samples.longest_log = max(samples.longest_log, _size(path))
        await asyncio.sleep(_LOOK_SECONDS)


def _size(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size
