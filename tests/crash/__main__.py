"""The long doses: `python -m tests.crash [NAME …] [--seed N] [--part 0.1]`; every promise, and the figures.

Ends with exit code 1 if a promise was broken or a bound was not met.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests import collecting
from tests.crash import deeds
from tests.crash.trial import Trial, trial
from tests.crash.witness import Verdict
from tests.faults.long_run import asked_for, say
from tests.postgres import Server


@dataclass(frozen=True)
class Dose:
    """What is done, how often, and with how many processes."""

    what: str
    times: int
    do: Callable[[Trial, Server | None, int], Awaitable[None]]
    on_postgresql: bool = False
    processes: int = 1
    is_announced: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    #: Whether a process that stands still may keep others waiting for what it has locked.
    is_standing: bool = False


_BLOCKED_SECONDS, _SEEN_SECONDS = 10.0, 6.0


async def _kill(one: Trial, _: Server | None, times: int) -> None:
    await deeds.kills(one, times)


async def _end(one: Trial, _: Server | None, times: int) -> None:
    await deeds.ends(one, times)


async def _pause(one: Trial, _: Server | None, times: int) -> None:
    await deeds.pauses(one, times, seconds=10, deadlines=1000)


async def _stand_still(one: Trial, _: Server | None, times: int) -> None:
    await deeds.stands_still(one, times, seconds=9, incidents=16)


async def _block(one: Trial, _: Server | None, times: int) -> None:
    await deeds.blocks(one, times, _BLOCKED_SECONDS, deadlines=1000)


async def _kill_backends(one: Trial, server: Server | None, times: int) -> None:
    assert server is not None
    await deeds.backends_killed(one, server, times)


async def _restart_server(one: Trial, server: Server | None, times: int) -> None:
    assert server is not None
    await deeds.server_restarts(one, server, times)


async def _freeze_server(one: Trial, server: Server | None, times: int) -> None:
    assert server is not None
    await deeds.server_freezes(one, server, times, seconds=30)


DOSES = {
    "kill": Dose("SIGKILL, SQLite", 200, _kill),
    "end": Dose("SIGTERM, SQLite", 20, _end),
    "pause": Dose("SIGSTOP for 10 s across 1,000 deadlines, SQLite", 5, _pause, is_announced=False),
    "block": Dose(
        "The loop blocked for 10 s across 1,000 deadlines, SQLite",
        2,
        _block,
        is_announced=False,
        settings=deeds.blockable(_BLOCKED_SECONDS),
    ),
    "kill-pg": Dose("SIGKILL, PostgreSQL", 50, _kill, on_postgresql=True),
    "kill-3": Dose("SIGKILL, one of three processes", 50, _kill, on_postgresql=True, processes=3),
    "pause-2": Dose(
        "SIGSTOP for 9 s, one of two processes",
        20,
        _stand_still,
        on_postgresql=True,
        processes=2,
        is_announced=False,
        is_standing=True,
    ),
    "backend": Dose("PostgreSQL's backend killed", 20, _kill_backends, on_postgresql=True),
    "freeze-pg": Dose("PostgreSQL stands still for 30 s", 5, _freeze_server, on_postgresql=True),
    "restart-pg": Dose("PostgreSQL restarted at once", 5, _restart_server, on_postgresql=True),
}
#: What each figure must stay below, in seconds, and at which quantile.
BOUNDS = {
    "start": ("from start to first answer", 1.0, 1.5),
    "seen": ("from a block's beginning until /readyz tells of it", 1.0, _SEEN_SECONDS),
    "end": ("from SIGTERM to the end", 1.0, deeds.END_SECONDS),
    "back": ("from the server's return to the first answer", 1.0, 2.0),
    "lateness": ("lateness of escalations, downtime left out", 0.99, 1.0),
    "page": ("from a page's cause to its arrival, downtime included", 1.0, None),
}


async def _give(dose: Dose, times: int, seed: int) -> tuple[Verdict, dict[str, list[float]]]:
    server = Server(is_durable=True) if dose.on_postgresql else None
    try:
        with tempfile.TemporaryDirectory(prefix="tocsin-crash-") as folder:
            path = Path(folder)
            url = server.empty() if server else f"sqlite:///{path / 'tocsin.db'}"
            async with trial(
                *(path, url, seed),
                processes=dose.processes,
                is_announced=dose.is_announced,
                settings=dose.settings,
            ) as one:
                await dose.do(one, server, times)
                verdict = await one.finish()
            return verdict, dict(one.figures)
    finally:
        if server is not None:
            server.stop()


def _told(dose: Dose, times: int, verdict: Verdict, figures: dict[str, list[float]]) -> bool:
    """Print what came of it; whether every promise was kept and every bound met."""
    counts = ", ".join(f"{count} {what}" for what, count in verdict.counts.items())
    say(f"{dose.what}, {times} times: {counts}, {verdict.letters_twice} letters twice")
    for line in verdict.broken[:20]:
        say(f"  BROKEN  {line}")
    is_well = not verdict.broken
    for name, found in {**figures, "lateness": verdict.lateness, "page": verdict.page_seconds}.items():
        what, quantile, bound = BOUNDS[name]
        if not found:
            continue
        if name == "start" and dose.processes > 1:  # the others keep the machine busy
            bound = None
        if name == "lateness" and dose.is_standing:
            bound = None
        value = sorted(found)[min(int(len(found) * quantile), len(found) - 1)]
        is_met = bound is None or value < bound
        limit = "" if bound is None else f" (below {bound:g} s)" if is_met else f"  NOT BELOW {bound:g} s"
        say(f"  {value:6.2f} s  {what}{'' if quantile == 1.0 else f', p{quantile * 100:g}'}{limit}")
        is_well = is_well and is_met
    return is_well


def main() -> None:
    wanted, is_well = asked_for("tests.crash", __doc__, DOSES), True
    for name in wanted.names:
        collecting.collect()
        dose = DOSES[name]
        times = max(round(dose.times * wanted.part), 1)
        is_well = _told(dose, times, *asyncio.run(_give(dose, times, wanted.seed))) and is_well
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
