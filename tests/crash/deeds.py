"""What is done to the processes while people and machines work with them."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from tests.crash.trial import Trial
from tests.postgres import Server

#: How long somebody who asks a process to end is prepared to wait.
END_SECONDS = 10.0
_PATIENCE = ClientTimeout(total=2)
_CALM_SECONDS = 10.0
_BLOCKABLE = Path(__file__).with_name("blockable")


async def kills(one: Trial, times: int) -> None:
    """One process after the other is killed at random moments, every fifth time while it starts, too."""
    for n in range(times):
        await _some_time(one)
        await one.kill(one.processes[n % len(one.processes)], while_starting=n % 5 == 4)


async def ends(one: Trial, times: int) -> None:
    """Each process is asked to end, ends well with nothing under way, and is started again."""
    for n in range(times):
        await _some_time(one)
        await one.end(one.processes[n % len(one.processes)])


async def pauses(one: Trial, times: int, seconds: float, deadlines: int) -> None:
    """The process stands still, as if the machine had other things to do, while deadlines fall due.

    The crowd goes home first: while it works, there is always something that is still owed.
    """
    (tocsin,) = one.processes
    await one.crowd.stop()
    for _ in range(times):
        await one.crowd.declare_at_once(deadlines)
        since = one.now()
        tocsin.pause()
        await asyncio.sleep(seconds)
        tocsin.resume()
        one.was_away(since)
        await one.until_nothing_is_owed()


async def stands_still(one: Trial, times: int, seconds: float, incidents: int) -> None:
    """One of the processes stands still for longer than its leases, in the middle of work, and goes on."""
    await one.crowd.stop()
    for n in range(times):
        declaring = asyncio.create_task(one.crowd.declare_at_once(incidents))
        await _some_time(one)
        since = one.now()
        tocsin = one.processes[n % len(one.processes)]
        tocsin.pause()
        await asyncio.sleep(seconds)
        tocsin.resume()
        one.was_away(since)
        await declaring


def blockable(seconds: float) -> dict[str, str]:
    """Settings with which a process can be blocked for so long."""
    return {"PYTHONPATH": str(_BLOCKABLE), "BLOCK_SECONDS": str(seconds)}


async def blocks(one: Trial, times: int, seconds: float, deadlines: int) -> None:
    """The event loop is held up while deadlines fall due; `/readyz` says so, also a while later."""
    (tocsin,) = one.processes
    await one.crowd.stop()
    for _ in range(times):
        await one.crowd.declare_at_once(deadlines)
        since, began = one.now(), time.monotonic()
        tocsin.block()
        await _until_told(one, "is blocked")
        one.figures["seen"].append(time.monotonic() - began)
        await _until_told(one, "was blocked")
        one.was_away(since)
        await one.until_nothing_is_owed()


async def _until_told(one: Trial, what: str) -> None:
    """Until `/readyz` is red and says this of the loop. Each time it is a new connection that asks."""
    (tocsin,) = one.processes
    async with asyncio.timeout(30), ClientSession(connector=TCPConnector(force_close=True)) as session:
        while True:
            with suppress(ClientError, OSError):
                async with session.get(f"{tocsin.url}/readyz", timeout=_PATIENCE) as answer:
                    found = await answer.json()
                if answer.status == 503 and what in found["parts"].get("loop", ""):
                    return
            await asyncio.sleep(0.1)


async def backends_killed(one: Trial, server: Server, times: int) -> None:
    """A process of the database server is killed: it throws all connections out and recovers."""
    for _ in range(times):
        await _some_time(one)
        await _and_back(one, lambda: server.kill_backend(one.random))


async def server_restarts(one: Trial, server: Server, times: int) -> None:
    """The database server ends at once, as in a power failure, and comes back after a moment."""

    for _ in range(times):
        await _some_time(one)
        await asyncio.to_thread(server.crash)
        await _some_time(one)
        await _and_back(one, server.start_again)


async def server_freezes(one: Trial, server: Server, times: int, seconds: float) -> None:
    """The database server stands still with all that it has taken, and goes on; in between all is well."""
    for _ in range(times):
        await asyncio.sleep(_CALM_SECONDS)
        since = one.now()
        with server.frozen():
            await asyncio.sleep(seconds)
        back = time.monotonic()
        await one.crowd.declare_at_once(1)
        one.figures["back"].append(time.monotonic() - back)
        one.was_away(since)


async def _and_back(one: Trial, deed: Callable[[], None]) -> None:
    since = one.now()
    await asyncio.to_thread(deed)
    back = time.monotonic()
    await one.crowd.declare_at_once(1)
    one.figures["back"].append(time.monotonic() - back)
    one.was_away(since)


async def _some_time(one: Trial) -> None:
    await asyncio.sleep(one.random.uniform(0.05, 1.2))
