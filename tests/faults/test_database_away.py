"""The database goes away while something is done: who asked hears no "nothing was done" that may be wrong."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.api import front as api
from bot.domain.errors import Unavailable
from bot.slack.listeners import front as slack
from storage import outbox
from storage.database import Full, MayBeDone
from tests import scratch
from tests.contract.conftest import Api
from tests.faults.reporter import again, has_page, is_ready, is_said, readiness, until, whose_page_waits
from tests.faults.small_disk import mounted
from tests.postgres import Server
from tests.story import Story, opened

#: What a server needs for itself and two small databases (bytes).
PLACE_OF_A_SERVER = 160 * 1024 * 1024
DOORS = [lambda error: api.out_of_reach(error, "Nothing was done; try again."), slack.out_of_reach]


@pytest.mark.parametrize("door", DOORS, ids=["api", "slack"])
def test_what_may_have_been_done_is_not_denied(door: Callable[[Full], Unavailable]) -> None:
    assert (
        door(MayBeDone("It may have been done: look first.")).sentence == "It may have been done: look first."
    )
    assert "othing was done" in door(Full("The disk is full")).sentence


async def test_page_whose_outcome_cannot_be_read_is_still_being_tried(tmp_path: Path) -> None:
    """It is committed and goes out: the server restarts while the caller waits for what comes of it."""
    server = Server(scratch.folder(), is_durable=True)
    environment = {"DATABASE_URL": await server.fresh()}
    async with opened(tmp_path, environment=environment) as story, ClientSession() as session:
        await story.person("ada").types("declare Oh no --sev SEV3 --service Checkout")
        caller = Api(story, session)
        key = await caller.key()
        story.tolerated.add("ratelimited")
        story.workspace.faults.add("chat.postMessage", "ratelimited", retry_after=5)
        asked = {"email": "ben@example.com", "channels": ["slack"]}
        paging = asyncio.create_task(
            caller.request("POST", "/api/v1/incidents/INC-2026-001/page", key, asked)
        )
        await story.workspace.until(lambda: any(call.http_status == 429 for call in story.workspace.calls))
        server.crash()
        answer = await paging
        server.start_again()
        await story.settle()
        assert answer.status == 502
        assert "It is still being tried" in answer.text
        assert len(story.person("ben").pages) == 1
    server.stop()


@again
async def test_queued_pages_go_out_while_postgresql_is_read_only(
    turn: int, tmp_path: Path, server: Server
) -> None:
    """Whoever could connect before is sent away; whoever connects later can write again."""
    url = await server.fresh()
    await _queued_pages_go_out(tmp_path, url, server.make_read_only, server.make_writable)
    server.drop(url)


@again
async def test_queued_pages_go_out_while_the_disk_of_postgresql_is_full(turn: int, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=scratch.folder()) as folder:
        Path(folder).chmod(0o755)  # started by root, the server is another user's
        with mounted(Path(folder) / "small", PLACE_OF_A_SERVER) as disk:
            disk.folder.chmod(0o777)
            server = Server(str(disk.folder))
            url = await server.fresh()
            await _queued_pages_go_out(tmp_path, url, lambda _: disk.fill(), lambda _: disk.empty())
            server.stop()


async def _queued_pages_go_out(
    folder: Path, url: str, begin: Callable[[str], None], end: Callable[[str], None]
) -> None:
    async with opened(folder, environment={"DATABASE_URL": url}) as story, ClientSession() as session:
        api = Api(story, session)
        ada = await whose_page_waits(api)
        begin(url)
        refused = await ada.declares_until_refused()
        assert (refused.status, refused.json["error"]["code"]) == (503, "UNAVAILABLE")
        story.workspace.faults.clear()
        story.clock.forward(seconds=40)
        await until(lambda: has_page(story, "farid"))
        assert (await readiness(api))[0] == 503
        end(url)
        await until(lambda: is_ready(api))
        assert (await ada.declares("afterwards")).status == 201
        await story.settle()
        assert len(story.person("farid").pages) == len(ada.taken) >= 2


async def test_nobody_pages_from_a_standby_which_sees_too_late_what_others_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(scratch.folder(), is_durable=True)
    environment = {"DATABASE_URL": await server.fresh()}
    async with opened(tmp_path, environment=environment) as story, ClientSession() as session:
        api = Api(story, session)
        ada = await whose_page_waits(api)
        await until(lambda: has_put_off(story))
        server.become_standby()
        assert (await ada.declares_until_refused()).status == 503
        story.workspace.faults.clear()
        story.clock.forward(seconds=40)
        for _ in range(2):  # every two seconds, while pages are looked for each second
            await until(lambda: is_said(capsys, "leases could not be kept"))
        assert story.person("farid").pages == []
        server.promote()
        await until(lambda: is_ready(api))
        await story.settle()
        assert len(story.person("farid").pages) == len(ada.taken)
    server.stop()


async def has_put_off(story: Story) -> bool:
    """Whether it is written down that the page waits: nothing is being sent."""
    now = story.clock.now()
    left = await story.app.database.read(lambda tx: outbox.unsettled(tx, now))
    return "sending" not in left
