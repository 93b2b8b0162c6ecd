"""Somebody who declares incidents while things go wrong, and what shows from outside that they do."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from aiohttp import ClientSession

from storage.database import sqlite_path
from tests.contract.client import Client
from tests.contract.conftest import Api, Reply
from tests.faults.doses import dose
from tests.story import Story, opened

LIMIT_SECONDS = 30
#: Each of these faults is given so often, each time to a new Tocsin.
again = pytest.mark.parametrize("turn", range(dose(1, 3)))


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Api]:
    async with opened(folder, environment={"RATE_LIMIT_WRITE": "99999"}) as story, ClientSession() as session:
        yield Api(story, session)


class Reporter:
    """Declares incidents over the API, and keeps in mind which were taken."""

    def __init__(self, api: Api, key: str, service: str) -> None:
        self._api, self.key, self._service = api, key, service
        self.taken: list[str] = []

    async def declares(self, title: str) -> Reply:
        body = {"title": title, "severity": "SEV1", "service_ids": [self._service]}
        reply = await self._api.request("POST", "/api/v1/incidents", self.key, body)
        if reply.status == 201:
            self.taken.append(title)
        return reply

    async def declares_until_refused(self) -> Reply:
        """What the log still has room for is taken."""
        for number in range(300):
            reply = await self.declares(f"while it fills {number}")
            if reply.status != 201:
                return reply
        raise AssertionError("the disk is never full")


async def reporter(api: Api) -> Reporter:
    key = await api.key()
    client = Client(api.base_url, key, api.session)
    return Reporter(api, key, await client.service_key("Checkout"))


async def whose_page_waits(api: Api) -> Reporter:
    """Somebody is to be paged for what they declared, and Slack has asked to wait for 30 s."""
    api.story.tolerated.add("ratelimited")
    api.story.workspace.faults.add("conversations.open", "ratelimited", retry_after=30, times=100)
    ada = await reporter(api)
    await ada.declares("paged before nothing can be written")
    await until(lambda: has_asked_to_wait(api.story))
    return ada


async def readiness(api: Api) -> tuple[int, str]:
    reply = await api.request("GET", "/readyz")
    return reply.status, json.loads(reply.text)["parts"]["database"]


def titles(story: Story) -> list[str]:
    """The incidents that are in the file, which must be whole."""
    with closing(sqlite3.connect(sqlite_path(story.app.settings.database_url))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return [title for (title,) in connection.execute("SELECT title FROM incidents ORDER BY id")]


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await condition():  # noqa: ASYNC110 - a test waits from outside
            await asyncio.sleep(0.02)


async def is_taken(ada: Reporter, title: str) -> bool:
    return (await ada.declares(title)).status == 201


async def is_ready(api: Api) -> bool:
    return (await readiness(api))[0] == 200


async def is_red(api: Api) -> bool:
    return not await is_ready(api)


async def has_page(story: Story, name: str) -> bool:
    return bool(story.person(name).pages)


async def has_asked_to_wait(story: Story) -> bool:
    return any(call.method == "conversations.open" for call in story.workspace.calls)


async def is_said(capsys: pytest.CaptureFixture[str], words: str) -> bool:
    """Whether the log says so; it never tells of what nobody foresaw."""
    said = capsys.readouterr().out
    assert "Traceback" not in said
    return words in said


def path_of(story: Story) -> Path:
    return sqlite_path(story.app.settings.database_url)
