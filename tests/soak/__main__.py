"""The long doses: `python -m tests.soak [NAME …] [--seed N] [--part 0.1]`; promises, bounds and figures.

Ends with exit code 1 if a promise was broken or a bound was not met.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from tests import collecting
from tests.faults.long_run import asked_for, say
from tests.postgres import Server
from tests.soak import junk, locked, migrations, slack, steady, storm, whole
from tests.soak.report import Report

#: Gives the part of a dose in the folder, with the seed; a report for each thing that was done.
Give = Callable[[Path, float, int], AsyncIterator[tuple[str, Awaitable[Report]]]]


async def _slack(folder: Path, part: float, seed: int) -> AsyncIterator[tuple[str, Awaitable[Report]]]:
    for n, name in enumerate(slack.FAULTS):
        place = folder / f"slack-{n}"
        place.mkdir()
        yield f"Slack {name} for {300 * part:.0f} s", slack.give(place, name, 300 * part, seed)


async def _steady(folder: Path, part: float, seed: int) -> AsyncIterator[tuple[str, Awaitable[Report]]]:
    yield f"Half of what it can do for {30 * part:.0f} min", steady.give(folder, 1800 * part, seed)


async def _migrations(folder: Path, part: float, seed: int) -> AsyncIterator[tuple[str, Awaitable[Report]]]:
    incidents, kills = max(round(100_000 * part), 1000), max(round(8 * part), 1)
    server = Server(is_durable=True)
    try:
        for kept, where in ((None, "SQLite"), (server, "PostgreSQL")):
            for revision in migrations.OLDER:
                place = folder / f"{where}-{revision}"
                place.mkdir()
                what = f"{incidents:,} incidents from revision {revision}, killed {kills} times, {where}"
                yield what, migrations.give(place, revision, incidents, kills, seed, kept)
    finally:
        server.stop()


async def _locked(folder: Path, part: float, seed: int) -> AsyncIterator[tuple[str, Awaitable[Report]]]:
    times = max(round(3 * part), 1)
    for seconds in (locked.BRIEFLY, locked.LONG):
        place = folder / f"locked-{seconds:.0f}"
        place.mkdir()
        yield f"locked for {seconds:.0f} s, {times} times", locked.give(place, seconds, times, seed)


async def _junk(folder: Path, part: float, seed: int) -> AsyncIterator[tuple[str, Awaitable[Report]]]:
    requests, sockets = round(10_000 * part), round(1000 * part)
    what = f"{requests:,} hostile requests, then {sockets:,} connections that never ask for 60 s"
    yield what, junk.give(folder, requests, sockets, 60, seed)


async def _whole(folder: Path, part: float, seed: int) -> AsyncIterator[tuple[str, Awaitable[Report]]]:
    """These know a short dose and a whole one, nothing between."""
    for what, names in whole.TESTS.items():
        yield what, whole.give(names)


async def _storm(folder: Path, part: float, seed: int) -> AsyncIterator[tuple[str, Awaitable[Report]]]:
    deadlines, declarations = round(10_000 * part), round(500 * part)
    yield f"{deadlines:,} deadlines at one moment, 3 times", storm.give(folder, deadlines, 3)
    yield f"{declarations} declarations in a minute", storm.declaring(folder, declarations, 60)


DOSES: dict[str, Give] = {
    "slack": _slack,
    "storm": _storm,
    "junk": _junk,
    "locked": _locked,
    "migrations": _migrations,
    "whole": _whole,
    "steady": _steady,
}


async def _give(name: str, part: float, seed: int) -> bool:
    is_well = True
    with tempfile.TemporaryDirectory(prefix="tocsin-soak-") as folder:
        async for what, work in DOSES[name](Path(folder), part, seed):
            say(what)
            report = await work
            collecting.collect()
            for line in report.figures:
                say(f"  {line}")
            for line in report.broken[:20]:
                say(f"  BROKEN  {line}")
            for line in report.missed:
                say(f"  NOT MET  {line}")
            is_well = is_well and not report.broken and not report.missed
    return is_well


def main() -> None:
    wanted, is_well = asked_for("tests.soak", __doc__, DOSES), True
    for name in wanted.names:
        is_well = asyncio.run(_give(name, wanted.part, wanted.seed)) and is_well
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
