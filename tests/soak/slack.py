"""Slack in trouble for minutes, while people and machines go on working at ten operations a second."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bot.workspace.server import Workspace
from tests.crash.trial import Trial, trial
from tests.soak.report import Report, quantile

#: A crowd of this size does about ten things a second.
MACHINES, PEOPLE = 4, 1
#: Of the API's p99 in trouble to its healthy one; from Slack's return; from a page to its letter.
RATIO, DRAINED_SECONDS, REROUTED_SECONDS = 1.5, 60.0, 31.0
_FOR_EVER = 10**9

Begin = Callable[[Workspace], Awaitable[None]]


def _fails(**how: Any) -> Begin:
    async def begin(workspace: Workspace) -> None:
        workspace.faults.add("*", times=_FOR_EVER, **how)

    return begin


FAULTS: dict[str, Begin] = {
    "refuses connections": Workspace.refuse,
    "hangs for 60 s, and does nothing": _fails(hang_seconds=60, drop=True),
    "answers 500": _fails(error="internal_error", http_status=500),
    "answers with HTML": _fails(http_status=502),
    "does it, and drops the answer": _fails(after_work=True),
    "refuses for good": _fails(error="account_inactive"),
}


async def give(folder: Path, name: str, seconds: float, seed: int) -> Report:
    """One fault, for so many seconds, after a healthy time of a fifth of that."""
    report = Report()
    where = f"sqlite:///{folder / 'tocsin.db'}"
    async with trial(folder, where, seed, is_crowded=False, is_announced=False) as one:
        one.crowd.start(MACHINES, PEOPLE)
        await asyncio.sleep(min(seconds / 10, 5))  # everybody has found their place
        healthy = await _answers(one, seconds / 5)
        await FAULTS[name](one.workspace)
        during = await _answers(one, seconds)
        one.workspace.faults.clear()
        if FAULTS[name] is Workspace.refuse:
            await one.workspace.accept()
        began = time.monotonic()
        await one.crowd.stop()
        await one.until_nothing_is_owed()
        drained = time.monotonic() - began
        verdict = await one.finish()
    report.broken += verdict.broken
    report.say(f"{len(during) / seconds:.1f} answers a second; {dict(verdict.counts)}")
    was, then = quantile(healthy, 0.99), quantile(during, 0.99)
    report.say(f"the API's p99 healthy {was * 1000:.1f} ms, then {then * 1000:.1f} ms")
    report.figure("ratio of the two", then / was, below=RATIO)
    report.figure("from Slack's return until nothing is owed", drained, " s", DRAINED_SECONDS)
    if verdict.rerouted:
        late = quantile(verdict.rerouted, 1.0)
        report.figure(
            f"{len(verdict.rerouted)} pages by e-mail, the last after", late, " s", REROUTED_SECONDS
        )
    return report


async def _answers(one: Trial, seconds: float) -> list[float]:
    """How long the API took for what was answered as done in this time."""
    before = len(one.crowd.ledger.seconds)
    await asyncio.sleep(seconds)
    return one.crowd.ledger.seconds[before:]
