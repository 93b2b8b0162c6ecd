"""Ten thousand deadlines at one moment, and five hundred declarations in a minute: who asks is answered."""

import asyncio
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.bench import listing
from tests.bench.server import Connection, Running, running
from tests.soak import other_client
from tests.soak.report import Report, quantile

CLAIMED_SECONDS, RATIO, LAG_SECONDS, ACKNOWLEDGED_SECONDS = 1.0, 3.0, 0.1, 0.3
#: Long enough that the sweep has seen it: it is written from outside.
_SOON_SECONDS = 6
_SECOND = 1_000_000


async def give(folder: Path, deadlines: int, times: int) -> Report:
    """So many at once, so often."""
    report, path = Report(), folder / "storm.db"
    await asyncio.to_thread(listing.fill, path, deadlines * times, are_open=True)
    _await_acknowledgement(path)
    async with running(folder, "storm.db", is_limited=False) as server:
        await _seen(server, 3)
        healthy, _ = await _seen(server, 10)
        for n in range(times):
            lag, taken = await _counted(server, "loop_lag"), await _counted(server, "deadline_taken_up")
            due = await asyncio.to_thread(_due_soon, path, deadlines, n)
            during, commands = await _seen(server, _SOON_SECONDS + 7)
            fired = await _fired(path, due, deadlines)
            then, was = quantile(during, 0.99), quantile(healthy, 0.99)
            report.say(f"the API's p99 idle {was * 1000:.1f} ms, in the storm {then * 1000:.1f} ms")
            taken_up = await _longest(server, "deadline_taken_up", taken)
            report.say(f"until {deadlines:,} deadlines were taken up: {taken_up:g} s")
            report.figure(f"until {deadlines:,} deadlines were carried out", fired, " s", CLAIMED_SECONDS)
            report.figure("ratio of the API's p99", then / was, "", RATIO)
            report.figure(
                "longest turn of the loop", await _longest(server, "loop_lag", lag), " s", LAG_SECONDS
            )
            slack = quantile(commands, 0.99)
            report.figure("Slack's commands acknowledged, p99", slack, " s", ACKNOWLEDGED_SECONDS)
    with closing(sqlite3.connect(path)) as raw:
        twice = raw.execute(
            "SELECT count(*) FROM (SELECT 1 FROM timeline WHERE kind = 'Escalated' GROUP BY incident_id, "
            "json_extract(facts, '$.level') HAVING count(*) > 1)"
        ).fetchone()
        (escalated,) = raw.execute("SELECT count(*) FROM timeline WHERE kind = 'Escalated'").fetchone()
    report.expect(twice == (0,), f"{twice[0]} levels were reached twice")
    report.expect(escalated == deadlines * times, f"{escalated} of {deadlines * times} escalated")
    return report


async def declaring(folder: Path, declarations: int, seconds: float) -> Report:
    """So many declarations in Slack, evenly over the time."""
    report, took, tasks = Report(), list[float](), set[asyncio.Task[None]]()
    async with running(folder, "declaring.db") as server:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for n in range(declarations):
            await asyncio.sleep(max(began + n * seconds / declarations - loop.time(), 0))
            tasks.add(asyncio.create_task(_typed(server, f"declare trouble {n} --service Checkout", took)))
        await asyncio.gather(*tasks)
    with closing(sqlite3.connect(folder / "declaring.db")) as raw:
        (there,) = raw.execute("SELECT count(*) FROM incidents").fetchone()
    report.expect(there == declarations, f"{there} of {declarations} incidents are there")
    report.figure("acknowledged, p99", quantile(took, 0.99), " s", ACKNOWLEDGED_SECONDS)
    return report


def _await_acknowledgement(path: Path) -> None:
    """Every incident waits for somebody to acknowledge it, within a time that is far away."""
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE incidents SET acknowledged_at = NULL, acknowledged_by = NULL, status = 'new'")
        raw.execute(
            "INSERT INTO deadlines (id, incident_id, kind, level, due_at, state) "
            "SELECT id || '-acknowledge', id, 'acknowledge', 1, close_by, 'armed' FROM incidents"
        )


def _due_soon(path: Path, deadlines: int, turn: int) -> int:
    """The next so many deadlines are due at one moment a few seconds away: which."""
    due = int((time.time() + _SOON_SECONDS) * _SECOND)
    with closing(sqlite3.connect(path, timeout=10)) as raw, raw:
        raw.execute(
            "UPDATE deadlines SET due_at = ? WHERE id IN (SELECT id FROM deadlines "
            "WHERE kind = 'acknowledge' AND state = 'armed' ORDER BY id LIMIT ?)",
            (due + turn, deadlines),
        )
    return due + turn


async def _fired(path: Path, due: int, deadlines: int) -> float:
    """Seconds from the moment until the last one was carried out."""
    asked = "SELECT count(*), max(settled_at) FROM deadlines WHERE due_at = ? AND state = 'fired'"
    async with asyncio.timeout(120):
        while True:
            with closing(sqlite3.connect(path, timeout=10)) as raw:
                count, last = raw.execute(asked, (due,)).fetchone()
            if count == deadlines:
                return float(last - due) / _SECOND
            await asyncio.sleep(0.2)


async def _seen(server: Running, seconds: float) -> tuple[list[float], list[float]]:
    """How long the API and Slack's commands took to be answered, at most fifty and five a second."""
    until, typed = time.monotonic() + seconds, list[float]()

    async def command() -> None:
        while time.monotonic() < until:
            await _typed(server, "list", typed)
            await asyncio.sleep(0.2)

    url = f"http://{server.host}:{server.port}/api/v1/incidents?limit=20&severity=SEV1"
    asked = await other_client.seconds(url, server.key, asyncio.create_task(command()), every=0.02)
    return asked, typed


async def _typed(server: Running, text: str, took: list[float]) -> None:
    workspace = server.workspace
    ada = next(one.id for one in workspace.state.users.values() if one.name == "ada")
    ack = await workspace.command(ada, workspace.channel("general").id, "/incident", text)
    assert ack.ok, ack
    took.append(ack.elapsed)


async def _counted(server: Running, what: str) -> dict[float, float]:
    """How often it took at most so many seconds."""
    connection = Connection(server)
    await connection.open()
    status, answer = await connection.ask("GET", "/metrics")
    connection.close()
    assert status == 200
    bucket = rf'^tocsin_{what}_seconds_bucket\{{le="([\d.]+)"\}} (\S+)$'
    found = re.findall(bucket.encode(), answer, re.MULTILINE)
    return {float(bound): float(count) for bound, count in found}


async def _longest(server: Running, what: str, before: dict[float, float]) -> float:
    """The bound below which it took since then, every time."""
    after = await _counted(server, what)
    turns = max(after.values()) - max(before.values())
    return next(bound for bound in sorted(after) if after[bound] - before[bound] == turns)
