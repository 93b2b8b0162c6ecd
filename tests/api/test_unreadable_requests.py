"""Requests that break off or cannot be read: told to the client while it listens, and to nobody else."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.slack import connection
from tests.contract.conftest import Api
from tests.quiet import Quiet
from tests.story import Story, opened

EVENTS, INCIDENTS = "/slack/events", "/api/v1/incidents"


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    async with opened(tmp_path, by_http=True) as story:
        yield story


class Line:
    """A connection on which a request is begun, whose body the server already waits for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> bytes:
        """All that comes until the server hangs up."""
        try:
            return await asyncio.wait_for(self.reader.read(), 30)
        finally:
            self.writer.close()


async def line(story: Story) -> Line:
    return Line(*await asyncio.open_connection("127.0.0.1", story.app.port))


async def begun(story: Story, path: str, framing: str, key: str = "") -> Line:
    found = await line(story)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{framing}\r\n"
    found.writer.write(f"{head}Authorization: Bearer {key}\r\n\r\n".encode())
    assert await found.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    return found


async def key_of(story: Story) -> str:
    async with aiohttp.ClientSession() as session:
        return await Api(story, session).key()


async def is_alive(story: Story) -> bool:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{story.app.port}/healthz") as answer,
    ):
        return answer.status == 200


@pytest.mark.parametrize("path", [INCIDENTS, EVENTS])
async def test_client_that_hangs_up_in_the_middle_is_nobodys_failure(
    story: Story, quiet: Quiet, path: str
) -> None:
    key = await key_of(story)
    for framing in ("Content-Length: 100", "Transfer-Encoding: chunked"):
        going = await begun(story, path, framing, key)
        going.writer.write(b'5\r\n{"tit\r\n')
        going.writer.write_eof()
        await going.answer()
        gone = await begun(story, path, framing, key)
        gone.writer.transport.abort()
    assert await is_alive(story)
    await story.settle()
    quiet.check()


@pytest.mark.parametrize("path", [INCIDENTS, EVENTS])
async def test_chunk_that_goes_wrong_later_is_refused_and_not_waited_for(
    story: Story, quiet: Quiet, path: str
) -> None:
    going = await begun(story, path, "Transfer-Encoding: chunked", await key_of(story))
    going.writer.write(b'5\r\n{"tit\r\n')
    await going.writer.drain()
    going.writer.write(b"ZZ\r\nabc\r\n0\r\n\r\n")
    answer = await going.answer()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.") == 1
    assert (b'"body": "is damaged"' in answer) is (path == INCIDENTS)
    quiet.check()


async def test_slow_body_of_slack_is_refused_too(
    story: Story, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.2)
    going = await begun(story, EVENTS, "Content-Length: 100")
    head = await asyncio.wait_for(going.reader.readuntil(b"\r\n"), 30)
    going.writer.close()
    assert head.startswith(b"HTTP/1.1 408 ")
    quiet.check()


async def test_body_that_is_whole_is_answered_whatever_comes_after_it(story: Story, quiet: Quiet) -> None:
    key = await key_of(story)
    going = await begun(story, INCIDENTS, "Content-Length: 2", key)
    going.writer.write(b"{}")
    await going.writer.drain()
    going.writer.write(b"this is no HTTP\r\n\r\n")
    answer = await going.answer()
    assert answer.count(b"HTTP/1.1 400 ") + answer.count(b"HTTP/1.0 400 ") == 2
    assert b'"title": "is required"' in answer
    quiet.check()


SECRET = b"rf_this-is-my-secret"
UNREADABLE = {
    "control character in a header": b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\x01\r\n\r\n",
    "no colon": b"GET /healthz HTTP/1.1\r\nHost: a\r\nAuthorization Bearer %s\r\n\r\n",
    "long header": b"GET /healthz HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s"
    + b"x" * 20_000
    + b"\r\n\r\n",
    "long address": b"GET /api/v1/incidents?key=%s" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "no host": b"GET /api/v1/incidents?key=%s HTTP/1.1\r\n\r\n",
    "no HTTP": b"%s\r\n\r\n",
    "other method": b"%s /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "bad chunk": b"POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n\r\n",
}


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_cannot_be_read_is_refused_in_the_envelope_and_not_quoted(
    story: Story, quiet: Quiet, sent: bytes
) -> None:
    asking = await line(story)
    asking.writer.write(sent % SECRET)
    head, _, body = (await asking.answer()).partition(b"\r\n\r\n")
    assert head.split()[1] == b"400"
    assert json.loads(body)["error"]["code"] == "VALIDATION_ERROR"
    assert json.loads(body)["meta"]["request_id"].startswith("req_")
    assert SECRET not in head + body
    assert b"Server: Tocsin\r\n" in head + b"\r\n"
    assert b"aiohttp" not in head
    quiet.check()
