"""The database takes what it is asked and gives no answer: nobody waits without end, nothing is lost."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from sqlalchemy import select

import storage.outbox
import storage.patience
import storage.postgres
from bot.operations import deliver
from storage.database import Connection, Database, MayBeDone
from storage.place import Place
from storage.tables import outbox
from tests.contract.conftest import Api
from tests.faults.reporter import (
    LIMIT_SECONDS,
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


@contextmanager
def impatience() -> Iterator[pytest.MonkeyPatch]:
    """Nobody in a test waits as long as in the night."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(storage.patience, "_LOOK_SECONDS", 0.05)
        yield patched


@pytest.fixture
def impatient() -> Iterator[None]:
    with impatience() as patched:
        patched.setattr(storage.postgres, "_STATEMENT_SECONDS", 1)
        patched.setattr(storage.postgres, "_CONNECT_SECONDS", 1)
        yield


@asynccontextmanager
async def busy(database: Database) -> AsyncIterator[None]:
    """The thread that writes is at one thing, as on a disk that does not answer; that is done in the end."""
    is_over, is_done = threading.Event(), threading.Event()

    def work(_: Connection) -> None:
        is_over.wait()
        is_done.set()

    writing = asyncio.ensure_future(database.write(work))
    try:
        with impatience():
            yield
    finally:
        is_over.set()
        with pytest.raises(MayBeDone, match="look first"):
            await writing
        assert await asyncio.to_thread(is_done.wait, LIMIT_SECONDS)


@contextmanager
def silent_from(part: Any, what: str) -> Iterator[threading.Event]:
    """The disk gives no answer to the commit in which this is next done; in the end it does.

    The event is set as soon as the disk is silent.
    """
    is_silent, is_over = threading.Event(), threading.Event()
    do, check = getattr(part, what), Place.check

    def noted(*given: Any, **named: Any) -> None:
        is_silent.set()
        do(*given, **named)

    def asked(place: Place) -> None:
        """Right before a commit the writer asks the disk where the file is."""
        if is_silent.is_set() and threading.current_thread().name == "sqlite-writer":
            is_over.wait()
        check(place)

    with impatience() as patched:
        patched.setattr(part, what, noted)
        patched.setattr(Place, "check", asked)
        try:
            yield is_silent
        finally:
            is_over.set()


async def is_well_again(api: Api) -> None:
    """All is written down, and the one page arrived once."""
    await until(lambda: is_ready(api))
    await api.settle()
    assert not await states(api.story) & {"pending", "sending"}
    assert len(api.story.person("farid").pages) == 1


async def states(story: Story) -> set[str]:
    """Those in which deliveries are."""
    return await story.app.database.read(lambda tx: set(tx.execute(select(outbox.c.state)).scalars()))


async def is_none_being_sent(story: Story) -> bool:
    return "sending" not in await states(story)


def openings(story: Story) -> int:
    """How often Slack was asked for a conversation with a person."""
    return sum(call.method == "conversations.open" for call in story.workspace.calls)


async def has_been_asked_again(story: Story, before: int) -> bool:
    return openings(story) > before


async def is_at_rest(story: Story) -> bool:
    """Whether nothing is being sent or written down."""
    return story.app.outbox.is_idle


@pytest.mark.usefixtures("impatient")
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
        await until(lambda: is_at_rest(story))
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


async def test_page_goes_out_though_the_disk_does_not_answer_its_claim(tmp_path: Path) -> None:
    async with running(tmp_path) as api:
        story, _ = api.story, await whose_page_waits(api)
        await until(lambda: is_at_rest(story))
        with silent_from(storage.outbox, "take") as is_silent:
            story.workspace.faults.clear()
            story.clock.forward(seconds=40)
            await until(lambda: has_page(story, "farid"))
            assert is_silent.is_set()
            assert await is_red(api)
        await is_well_again(api)


async def test_page_is_tried_again_though_its_claim_came_to_light_after_an_attempt(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as api:
        story, _ = api.story, await whose_page_waits(api)
        await until(lambda: is_at_rest(story))
        before = openings(story)
        with silent_from(storage.outbox, "take") as is_silent:
            story.clock.forward(seconds=40)
            await until(lambda: has_been_asked_again(story, before))
            assert is_silent.is_set()
        await until(lambda: is_ready(api))
        await until(lambda: is_none_being_sent(story))
        assert not story.person("farid").pages
        story.workspace.faults.clear()
        story.clock.forward(seconds=40)
        await is_well_again(api)


async def test_page_is_tried_again_though_the_disk_does_not_answer_what_came_of_it(tmp_path: Path) -> None:
    async with running(tmp_path) as api:
        story, _ = api.story, await whose_page_waits(api)
        await until(lambda: is_at_rest(story))
        with silent_from(deliver, "settle") as is_silent:
            story.clock.forward(seconds=40)
            await asyncio.to_thread(is_silent.wait, LIMIT_SECONDS)
            story.workspace.faults.clear()
            # Slack's last refusal may come only now, and asks to wait from now on.
            await until(lambda: has_page_in_time(story, "farid"))
            assert await is_red(api)
        await is_well_again(api)


async def has_page_in_time(story: Story, name: str) -> bool:
    story.clock.forward(seconds=1)
    return await has_page(story, name)


async def test_what_was_claimed_unheard_is_sent_when_the_disk_answers(tmp_path: Path) -> None:
    async with running(tmp_path) as api:
        story, ada = api.story, await reporter(api)
        story.tolerated.add("ratelimited")
        story.workspace.faults.add("conversations.create", "ratelimited", retry_after=30)
        await ada.declares("without a channel yet")
        await until(lambda: has_page(story, "farid"))
        await until(lambda: is_at_rest(story))
        with silent_from(storage.outbox, "take") as is_silent:
            story.clock.forward(seconds=40)
            await until(lambda: is_red(api))
            assert is_silent.is_set()
            refused = await ada.declares("meanwhile")
            assert refused.status == 503
        await is_well_again(api)
        assert story.workspace.channel(await story.channel()).name.startswith("inc-")
