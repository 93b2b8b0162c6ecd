"""Who alone acts while PostgreSQL lets nobody write: they know it, and keep nobody waiting in vain."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from storage import address, alone
from storage.alone import Alone
from tests.postgres import Server

_END_OF_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
async def both(server: Server) -> AsyncIterator[tuple[Alone, Alone]]:
    """Two processes."""
    arguments = address.arguments(server.empty())
    one, other = Alone(arguments), Alone(arguments)
    yield one, other
    await one.give_back()
    await other.give_back()


async def test_lock_is_given_back_though_whoever_does_it_is_cancelled(both: tuple[Alone, Alone]) -> None:
    one, other = both
    assert await one.take()
    giving = asyncio.create_task(one.give_back())
    await asyncio.sleep(0)
    giving.cancel()
    await asyncio.gather(giving, return_exceptions=True)
    async with asyncio.timeout(5):
        while not await other.take():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)


async def test_whoever_stands_still_loses_it_to_another_and_knows(
    both: tuple[Alone, Alone], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would ever be paged again, had it stopped for good."""
    monkeypatch.setattr(alone, "_BEAT_SECONDS", 60)
    monkeypatch.setattr(alone, "SILENCE_SECONDS", 2)
    monkeypatch.setattr(alone, "_END_IN_SILENCE", alone._END_IN_SILENCE.replace("8s", "2s"))
    one, other = both
    assert await one.take()
    assert not await other.take()
    async with asyncio.timeout(10):
        while not await other.take():
            assert one.is_held or not other.is_held
            await asyncio.sleep(0.1)
    assert not one.is_held


async def test_whoever_goes_on_keeps_it(both: tuple[Alone, Alone], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "_END_IN_SILENCE", alone._END_IN_SILENCE.replace("8s", "2s"))
    one, other = both
    assert await one.take()
    await asyncio.sleep(4)
    assert one.is_held
    assert not await other.take()


async def test_whoever_lost_the_session_knows(server: Server) -> None:
    arguments = address.arguments(server.empty())
    one = Alone(arguments)
    assert await one.take()
    connection = await asyncpg.connect(**arguments)
    await connection.execute(_END_OF_OTHERS)
    await connection.close()
    async with asyncio.timeout(2):
        while one.is_held:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert await one.take()
    await one.give_back()
