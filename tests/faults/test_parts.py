"""A part of the running program dies, falls silent, or stops working: seen, begun again, nothing overdue."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.app import App, Role
from bot.engine import supervisor
from bot.engine.supervisor import Part
from bot.metrics import Metrics
from storage.database import Connection, Database, Full, sqlite_path
from tests.api.readings import asked, value
from tests.postgres import Server
from tests.story import Story, opened

LIMIT_SECONDS = 20


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await condition():  # noqa: ASYNC110 - a test waits from outside
            await asyncio.sleep(0.02)


def task(name: str) -> "asyncio.Task[object]":
    (found,) = [one for one in asyncio.all_tasks() if one.get_name() == name]
    return found


async def troubles(story: Story) -> dict[str, str]:
    parts = json.loads((await asked(story, "/readyz"))[1])["parts"]
    return {part: why for part, why in parts.items() if why != "ok"}


PARTS = ["outbox", "scheduler", "loop", "auditor", "connections", "housekeeping", "leases"]


@pytest.mark.parametrize("part", PARTS)
async def test_part_that_dies_is_seen_and_begun_again(story: Story, part: str) -> None:
    if part == "leases" and not story.app.database.is_shared:
        pytest.skip("where one process works alone, nobody takes leases from it")
    task(part).cancel()
    await asyncio.sleep(0)

    async def is_down() -> bool:
        return part in await troubles(story)

    async def is_well() -> bool:
        return not await troubles(story)

    await until(is_down)
    await until(is_well)
    await story.person("ada").types("declare Oh no --sev SEV1 --service Checkout")
    await story.forward(minutes=15)
    assert len(story.person("ada").pages) == 1
    _, told = await asked(story, "/metrics")
    assert value(told, f'tocsin_restarts_total{{part="{part}"}}') == 1


async def test_part_that_goes_on_dying_is_begun_ever_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_FIRST_PAUSE", 0.02)
    monkeypatch.setattr(supervisor, "_LONGEST_PAUSE", 0.1)
    begun: list[float] = []

    async def body() -> None:
        begun.append(asyncio.get_running_loop().time())
        if len(begun) < 6:
            raise ValueError("it cannot work")

    part = Part("test", body, Metrics())
    with capture_logs() as told:
        part.start()
        await part.ended()
    announced = [one["again_in"] for one in told]
    assert announced == [0.02, 0.04, 0.08, 0.1, 0.1]
    waited = [later - earlier for earlier, later in pairwise(begun)]
    assert all(took > 0.9 * pause for took, pause in zip(waited, announced, strict=True))
    assert await part.trouble() is None


async def test_part_that_is_silent_is_told_of() -> None:
    part = Part("test", asyncio.Event().wait, Metrics(), timedelta(seconds=0.05))  # type: ignore[arg-type]
    part.start()
    assert await part.trouble() is None
    await until(part.trouble)
    assert "silent for" in str(await part.trouble())
    await part.stop()


class Gone(BaseException):
    """Nobody foresees it."""


async def test_writer_that_dies_refuses_who_waits_and_goes_on(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    await database.open()

    def keep(tx: Connection) -> str:
        tx.execute(text("INSERT INTO facts (name, value) VALUES ('kept', 'yes')"))
        return "done"

    def die(tx: Connection) -> None:
        raise Gone

    async with asyncio.timeout(LIMIT_SECONDS):
        neighbour, dead = await asyncio.gather(
            database.write(keep), database.write(die), return_exceptions=True
        )
        assert (type(neighbour), type(dead)) == (Full, Full)
        assert await database.write(keep) == "done"
    assert database.writer_restarts == 1
    await database.close()


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[tuple[Story, list[str]]]:
    """A Tocsin, and the calls that its heartbeat address got."""
    calls: list[str] = []

    async def ping(request: web.Request) -> web.Response:
        calls.append(request.path)
        return web.Response(text="OK")

    app = web.Application()
    app.router.add_get("/ping/{secret}", ping)
    async with TestServer(app) as server:
        address = {"HEARTBEAT_URL": str(server.make_url("/ping/4711"))}
        async with opened(folder, environment=address) as story:
            calls.clear()
            yield story, calls


async def overdue(story: Story, what: str) -> float:
    return value((await asked(story, "/metrics"))[1], f'tocsin_overdue{{what="{what}"}}')


async def test_heartbeat_address_is_called_while_all_is_well(tmp_path: Path) -> None:
    async with watched(tmp_path) as (story, calls):
        await story.app.auditor.make_rounds()
        assert calls == ["/ping/4711"]
        story.workspace.faults.add("apps.connections.open", "internal_error", http_status=500, times=1000)
        await story.workspace.cut()
        await until(lambda: is_troubled(story))
        await story.app.auditor.make_rounds()
        assert calls == ["/ping/4711"]


async def test_overdue_deadline_that_nobody_woke_for_is_found_by_the_auditor(tmp_path: Path) -> None:
    async with watched(tmp_path) as (story, calls):
        await story.person("ada").types("declare Oh no --sev SEV1 --service Checkout")
        await story.app.deadlines.part.stop()
        with closing(sqlite3.connect(sqlite_path(story.app.settings.database_url))) as connection, connection:
            connection.execute("UPDATE deadlines SET due_at = due_at - 911000000 WHERE state = 'armed'")
        await story.app.auditor.make_rounds()
        assert await overdue(story, "deadlines") == 1
        await story.settle()
        assert len(story.person("ada").pages) == 1
        assert calls == []
        await story.app.auditor.make_rounds()
        assert await overdue(story, "deadlines") == 0


async def test_delivery_that_nobody_took_up_is_found_by_the_auditor(tmp_path: Path) -> None:
    async with watched(tmp_path) as (story, calls):
        await story.app.outbox.part.stop()
        general = story.workspace.channel("general").id
        assert (await story.workspace.command(story.ids["ada"], general, "/incident", "declare Oh no")).ok
        story.clock.forward(seconds=61)
        await story.app.auditor.make_rounds()
        assert await overdue(story, "deliveries") > 0
        assert calls == []
        story.app.outbox.part.start()
        await story.settle()
        await story.app.auditor.make_rounds()
        assert (await overdue(story, "deliveries"), calls) == (0, ["/ping/4711"])


async def test_delivery_that_was_asked_to_wait_is_not_overdue(tmp_path: Path) -> None:
    async with watched(tmp_path) as (story, _):
        story.tolerated.add("ratelimited")
        story.workspace.faults.add("conversations.create", "ratelimited", retry_after=300)
        general = story.workspace.channel("general").id
        await story.workspace.command(story.ids["ada"], general, "/incident", "declare Oh no")
        await until(lambda: has_asked_to_wait(story))
        story.clock.forward(seconds=100)
        await story.app.auditor.make_rounds()
        assert await overdue(story, "deliveries") == 0
        await story.settle()


async def test_delivery_whose_attempts_fail_for_a_minute_is_overdue(tmp_path: Path) -> None:
    async with watched(tmp_path) as (story, calls):
        story.tolerated.add("internal_error")
        story.workspace.faults.add("conversations.create", http_status=500, times=8)
        general = story.workspace.channel("general").id
        await story.workspace.command(story.ids["ada"], general, "/incident", "declare Oh no")
        for _ in range(7):
            story.clock.forward(seconds=10)
            await until(lambda: is_idle(story))
        await story.app.auditor.make_rounds()
        assert (await overdue(story, "deliveries") > 0, calls) == (True, [])
        await story.settle()


async def test_who_only_hears_says_that_nobody_works(tmp_path: Path, server: Server) -> None:
    async with opened(tmp_path, environment={"DATABASE_URL": await server.fresh()}) as story:
        worker, web = story.app, App(story.settings(), story.clock, Role.WEB)
        await web.start()
        story.app = web
        await until(lambda: is_worked(story))
        await worker.stop()
        story.clock.forward(minutes=3)
        status, told = await asked(story, "/readyz")
        assert status == 503
        assert "no worker is running, the last was seen at 2026-03-02" in json.loads(told)["parts"]["workers"]
        worker = App(story.settings(), story.clock, Role.WORKER)
        await worker.start()
        await until(lambda: is_worked(story))
        await web.stop()
        story.app = worker


async def is_worked(story: Story) -> bool:
    return "workers" not in await troubles(story)


async def is_idle(story: Story) -> bool:
    return story.app.outbox.is_idle


async def is_troubled(story: Story) -> bool:
    return bool(await troubles(story))


async def has_asked_to_wait(story: Story) -> bool:
    return any(call.method == "conversations.create" for call in story.workspace.calls) and await is_idle(
        story
    )
