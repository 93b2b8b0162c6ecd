"""Slow and half-open clients hold nothing but their own connection."""

import asyncio

import aiohttp
import pytest

from bot.api import connections, request
from bot.api.connections import Connections
from tests.contract.conftest import Api
from tests.story import Story


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds shortened, so that a test need not wait as long as a client may."""
    monkeypatch.setattr(request, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(connections, "_LOOK_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(Connections.__init__, "__defaults__", (0.2,))


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What came until the server ended the connection."""
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b""


@pytest.mark.usefixtures("patience")
async def test_client_that_never_asks_is_hung_up_on(story: Story) -> None:
    for begun in (b"", b"GET /api/v1/auth/verify HTTP/1.1\r\nHost: a\r\nX-Slow: "):
        reader, writer = await asyncio.open_connection("127.0.0.1", story.app.port)
        writer.write(begun)
        assert b"200 OK" not in await ended(reader)
        writer.close()


@pytest.mark.usefixtures("patience")
async def test_body_that_never_ends_is_refused(story: Story) -> None:
    key = await key_of(story)
    reader, writer = await asyncio.open_connection("127.0.0.1", story.app.port)
    head = f"POST /api/v1/incidents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n"
    writer.write(head.encode() + b'Content-Length: 500\r\n\r\n{"title": ')
    answer = await asyncio.wait_for(reader.readuntil(b"}}"), 10)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TIMEOUT" in answer


@pytest.mark.usefixtures("patience")
async def test_others_are_answered_meanwhile(story: Story) -> None:
    held = [await asyncio.open_connection("127.0.0.1", story.app.port) for _ in range(50)]
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{story.app.port}/healthz") as answer,
    ):
        assert answer.status == 200
    for reader, writer in held:
        await ended(reader)
        writer.close()


async def test_who_is_one_too_many_takes_the_place_of_the_longest_idle_one(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST", 10)
    monkeypatch.setattr(connections, "_LOOK_EVERY_SECONDS", 3600.0)
    held = [await asyncio.open_connection("127.0.0.1", story.app.port) for _ in range(30)]
    for reader, _ in held[:20]:
        assert await ended(reader) == b""
    asking = held[25:]
    for reader, writer in asking:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 200 ")
    more = [await asyncio.open_connection("127.0.0.1", story.app.port) for _ in range(5)]
    for reader, _ in held[20:25]:
        assert await ended(reader) == b""
    for reader, writer in [*asking, *more]:
        assert not reader.at_eof()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"HTTP/1.1 200 "), 10)
    for _, writer in [*held, *more]:
        writer.close()


async def test_who_comes_while_all_others_are_busy_is_answered(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await key_of(story)
    monkeypatch.setattr(connections, "MOST", 5)
    head = f"POST /api/v1/incidents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n"
    slow = [await asyncio.open_connection("127.0.0.1", story.app.port) for _ in range(5)]
    for reader, writer in slow:
        writer.write(head.encode() + b"Expect: 100-continue\r\nContent-Length: 500\r\n\r\n")
        assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 100 ")
    reader, writer = await asyncio.open_connection("127.0.0.1", story.app.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 200 ")
    for _, one in [*slow, (reader, writer)]:
        one.close()


async def key_of(story: Story) -> str:
    async with aiohttp.ClientSession() as session:
        return await Api(story, session).key()
