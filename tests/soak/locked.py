"""Another process holds the database for a moment, and for longer than anybody waits, under load."""

import asyncio
from pathlib import Path

from tests.crash.trial import trial
from tests.faults.lock import locked
from tests.soak.report import Report

#: Who holds it for so long makes nobody fail; who holds it for longer than ten seconds, everybody.
BRIEFLY, LONG = 3.0, 15.0


async def give(folder: Path, seconds: float, times: int, seed: int) -> Report:
    report, path = Report(), folder / "tocsin.db"
    async with trial(folder, f"sqlite:///{path}", seed, is_announced=False) as one:
        for _ in range(times):
            await asyncio.sleep(2)
            before = one.crowd.ledger.refused
            async with locked(path):
                await asyncio.sleep(seconds)
            since = asyncio.get_running_loop().time()
            await one.crowd.declare_at_once(1)
            took = asyncio.get_running_loop().time() - since
            report.say(f"{one.crowd.ledger.refused - before} requests refused; back after {took:.2f} s")
        is_refused = one.crowd.ledger.refused > 0
        verdict = await one.finish()
    report.broken += verdict.broken
    report.expect(is_refused == (seconds > 10), f"refused: {is_refused}")
    return report
