"""The database takes what it is asked and gives no answer: nobody waits without end, nothing is lost."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

import storage.patience
import storage.postgres
from storage.database import Database
from tests.contract.conftest import Api
from tests.faults.reporter import (
    has_page,
    is_ready,
    is_red,
    reporter,
    running,
    titles,
    until,
    whose_page_waits,
)
from tests.postgres import Server
from tests.story import Story, opened

#: More than are carried out side by side.
MANY = 20


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody in a test waits as long as in the night."""
    monkeypatch.setattr(storage.patience, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(storage.postgres, "_STATEMENT_SECONDS", 1)
    monkeypatch.setattr(storage.postgres, "_CONNECT_SECONDS", 1)


@asynccontextmanager
async def busy(database: Database) -> AsyncIterator[None]:
    """The thread that writes is at one thing, as on a disk that does not answer; that is done in the end."""
    is_over = threading.Event()
    writing = asyncio.ensure_future(database.write(lambda _: is_over.wait()))
    try:
        yield
    finally:
        is_over.set()
        assert await writing


async def is_at_rest(story: Story) -> bool:
    """Whether nothing is being sent or written down."""
    return story.app.outbox.is_idle


async def test_server_that_stands_still_is_told_of_and_found_again(tmp_path: Path, server: Server) -> None:
    url = await server.fresh()
    async with opened(tmp_path, environment={"DATABASE_URL": url}) as story, ClientSession() as session:
        api = Api(story, session)
        ada = await reporter(api)
        assert (await ada.declares("before")).status == 201
        await story.settle()
        with server.frozen():
            refused = await asyncio.gather(*(ada.declares(f"meanwhile {n}") for n in range(MANY)))
            assert {one.status for one in refused} == {503}
            assert all("Retry-After" in one.headers for one in refused)
            await until(lambda: is_red(api))
            counted = await api.request("GET", "/metrics")
            assert counted.status == 200
            assert 'tocsin_ready{part="database"} 0' in counted.text
        await until(lambda: is_ready(api))
        assert (await ada.declares("after")).status == 201
        await story.settle()
        listed = await api.request("GET", "/api/v1/incidents", ada.key)
        assert {one["title"] for one in listed.json["data"]["items"]} == {"before", "after"}
        assert len(story.person("farid").pages) == len(ada.taken) == 2
    server.drop(url)


async def test_disk_that_does_not_answer_keeps_nobody_waiting_and_pages_go_out(tmp_path: Path) -> None:
    async with running(tmp_path) as api:
        story, ada = api.story, await whose_page_waits(api)
        await until(lambda: is_at_rest(story))  # a claim in the same commit would have to wait with it
        async with busy(story.app.database):
            refused = await asyncio.gather(*(ada.declares(f"meanwhile {n}") for n in range(MANY)))
            assert {one.status for one in refused} == {503}
            story.workspace.faults.clear()
            story.clock.forward(seconds=40)
            await until(lambda: has_page(story, "farid"))
            assert await is_red(api)
        await until(lambda: is_ready(api))
        await story.settle()
        assert titles(story) == ada.taken
        assert len(story.person("farid").pages) == len(ada.taken) == 1
