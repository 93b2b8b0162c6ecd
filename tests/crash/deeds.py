"""What is done to the processes while people and machines work with them."""

import asyncio
import time
from collections.abc import Callable

from tests.crash.trial import Trial
from tests.postgres import Server

#: How long somebody who asks a process to end is prepared to wait.
END_SECONDS = 10.0


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


async def _and_back(one: Trial, deed: Callable[[], None]) -> None:
    since = one.now()
    await asyncio.to_thread(deed)
    back = time.monotonic()
    await one.crowd.until_answered_since(back)
    one.figures["back"].append(time.monotonic() - back)
    one.was_away(since)


async def _some_time(one: Trial) -> None:
    await asyncio.sleep(one.random.uniform(0.05, 1.2))
