"""The disk is full, another process holds the database: what then, and what when it is over."""

import asyncio
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from storage import requests
from storage.database import Database
from tests.contract.conftest import Api
from tests.faults.lock import locked
from tests.faults.reporter import (
    Reporter,
    again,
    has_page,
    is_ready,
    is_red,
    is_said,
    is_taken,
    path_of,
    readiness,
    reporter,
    running,
    titles,
    until,
    whose_page_waits,
)
from tests.faults.small_disk import SIZE, SmallDisk, mounted, no_file_may_grow
from tests.story import Story, text_of

LIMIT_SECONDS = 30
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
#: What SQLite writes at a time (bytes).
PAGE = 4096


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "small") as disk:
        yield disk


@pytest.fixture
async def api(disk: SmallDisk) -> AsyncIterator[Api]:
    """A Tocsin on the small disk."""
    async with running(disk.folder) as api:
        yield api


@asynccontextmanager
async def database_in(folder: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{folder / 'tocsin.db'}")
    await database.open()
    yield database
    await database.close()


@again
async def test_full_disk_refuses_whole_and_recovers_by_itself(turn: int, disk: SmallDisk, api: Api) -> None:
    story = api.story
    ada = await reporter(api)
    await ada.declares("before")
    disk.fill()
    refused = await ada.declares_until_refused()
    assert (refused.status, refused.json["error"]["code"]) == (503, "UNAVAILABLE")
    assert int(refused.headers["Retry-After"]) > 0
    assert await readiness(api) == (503, "The database cannot be written: database or disk is full")
    assert titles(story) == ada.taken
    disk.empty()
    await until(lambda: is_taken(ada, "after"))
    assert (await readiness(api))[0] == 200
    await story.settle()
    assert titles(story) == ada.taken


async def test_person_in_slack_is_told_that_nothing_was_done(disk: SmallDisk, api: Api) -> None:
    story = api.story
    ada = await reporter(api)
    disk.fill()
    await ada.declares_until_refused()
    before = titles(story)
    answer = await story.workspace.command(
        story.ids["ada"],
        story.workspace.channel("general").id,
        "/incident",
        "declare Oh no --service Checkout",
    )
    assert answer.ok
    assert "Tocsin cannot reach its database right now, so nothing was done" in await shown_to(story, "ada")
    assert titles(story) == before
    disk.empty()
    await until(lambda: is_ready(api))
    await story.settle()


@again
async def test_queued_pages_go_out_while_nothing_can_be_written(turn: int, disk: SmallDisk, api: Api) -> None:
    story, ada = api.story, await whose_page_waits(api)
    disk.fill()
    await ada.declares_until_refused()
    story.workspace.faults.clear()
    story.clock.forward(seconds=40)
    await until(lambda: has_page(story, "farid"))
    assert (await readiness(api))[0] == 503
    disk.empty()
    await until(lambda: is_ready(api))
    await story.settle()
    assert len(story.person("farid").pages) == len(ada.taken)


async def test_page_that_may_have_gone_out_while_nothing_could_be_written_is_looked_for(
    tmp_path: Path,
) -> None:
    """There is room again before it is tried once more."""
    async with running(tmp_path) as api:
        story, ada = api.story, await whose_page_waits(api)
        with no_file_may_grow(wal_of(story)):
            await ada.declares_until_refused()
            story.workspace.faults.clear()
            story.workspace.faults.add("chat.postMessage", drop=True, after_work=True)
            story.clock.forward(seconds=31)
            await until(lambda: has_page(story, "farid"))
        await until(lambda: is_ready(api))
        await story.settle()
        assert len(story.person("farid").pages) == len(ada.taken)


async def test_log_that_fills_the_disk_is_emptied_and_nobody_refused(disk: SmallDisk) -> None:
    """The log may grow longer than there is room, though the database itself stays small."""
    async with database_in(disk.folder) as database:
        written = 0
        while written < 2 * SIZE:  # each of these writes two pages at least
            await database.write(partial(requests.is_new, key="again", at=NOW))
            await database.write(partial(requests.forget_before, at=NOW + timedelta(days=1)))
            written += 2 * 2 * PAGE
        assert await database.write(partial(requests.is_new, key="again", at=NOW))


@again
async def test_writing_error_refuses_whole_and_recovers_by_itself(turn: int, tmp_path: Path) -> None:
    async with running(tmp_path) as api:
        ada = await reporter(api)
        await ada.declares("before")
        with no_file_may_grow(wal_of(api.story)):
            refused = await ada.declares_until_refused()
            assert refused.status == 503
            assert await readiness(api) == (503, "The database cannot be written: disk I/O error")
            assert titles(api.story) == ada.taken
        await until(lambda: is_taken(ada, "after"))
        assert (await readiness(api))[0] == 200
        await api.story.settle()
        assert titles(api.story) == ada.taken


@again
async def test_who_locks_the_database_for_seconds_delays_and_refuses_nothing(
    turn: int, tmp_path: Path
) -> None:
    async with running(tmp_path) as api:
        ada = await reporter(api)
        async with locked(path_of(api.story)):
            waiting = asyncio.create_task(ada.declares("while it is locked"))
            await until(lambda: is_red(api))
            assert not waiting.done()
        assert (await waiting).status == 201
        await until(lambda: is_ready(api))
        await api.story.settle()


@again
async def test_who_locks_the_database_for_long_makes_us_refuse_until_it_is_free(
    turn: int, tmp_path: Path
) -> None:
    async with running(tmp_path) as api:
        ada = await reporter(api)
        await ada.declares("before")
        async with locked(path_of(api.story)):
            refused = await ada.declares("while it is locked")
        assert refused.status == 503
        assert "Retry-After" in refused.headers
        assert (await ada.declares("after")).status == 201
        await api.story.settle()
        assert titles(api.story) == ["before", "after"]


@again
@pytest.mark.parametrize("is_replaced", [False, True])
async def test_file_that_is_moved_away_takes_nothing_more_until_it_is_back(
    turn: int, is_replaced: bool, tmp_path: Path
) -> None:
    async with running(tmp_path) as api:
        ada, path = await reporter(api), path_of(api.story)
        await ada.declares("before")
        await api.story.settle()
        with moved_away(path):
            if is_replaced:
                another(path)
            assert (await ada.declares("while it is away")).status == 503
            assert not await is_ready(api)
            assert (await api.request("GET", "/api/v1/incidents", ada.key)).status == 503
            assert path.exists() == is_replaced
        await until(lambda: is_taken(ada, "after"))
        await until(lambda: is_ready(api))
        await api.story.settle()
        assert titles(api.story) == ada.taken


@again
@pytest.mark.parametrize("is_read_by_others", [False, True])
async def test_log_that_is_deleted_takes_nothing_with_it(
    turn: int, is_read_by_others: bool, tmp_path: Path
) -> None:
    async with running(tmp_path) as api:
        ada, path = await reporter(api), path_of(api.story)
        await ada.declares("before")
        await api.story.settle()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            if is_read_by_others:
                other.execute("BEGIN").execute("SELECT count(*) FROM incidents").fetchone()
            wal_of(api.story).unlink()
            assert (await ada.declares("into the deleted log")).status == 503
            if is_read_by_others:
                assert not await is_ready(api)
                assert (await ada.declares("while it is read")).status == 503
        await until(lambda: is_taken(ada, "after"))
        await until(lambda: is_ready(api))
        assert as_kill_leaves_it(path, tmp_path / "killed") == ada.taken == ["before", "after"]
        assert await read_in_parallel(api, ada) == {200}
        await api.story.settle()
        assert titles(api.story) == ada.taken


def as_kill_leaves_it(path: Path, folder: Path) -> list[str]:
    """The incidents that are in the files, without what only a process has."""
    folder.mkdir()
    for ending in ("", "-wal"):
        subprocess.run(["cp", f"{path}{ending}", str(folder)], check=True)
    with closing(sqlite3.connect(folder / path.name)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [title for (title,) in connection.execute("SELECT title FROM incidents ORDER BY id")]


async def read_in_parallel(api: Api, ada: Reporter) -> set[int]:
    asked = (api.request("GET", "/api/v1/incidents", ada.key) for _ in range(12))
    return {reply.status for reply in await asyncio.gather(*asked)}


@again
async def test_file_that_is_damaged_takes_nothing_more_until_it_is_whole(turn: int, tmp_path: Path) -> None:
    async with running(tmp_path) as api:
        ada, path = await reporter(api), path_of(api.story)
        await ada.declares("before")
        await api.story.settle()
        with damaged(path):
            assert (await ada.declares("while it is damaged")).status == 503
            told = "The database cannot be written: database disk image is malformed"
            assert await readiness(api) == (503, told)
        await until(lambda: is_taken(ada, "after"))
        await until(lambda: is_ready(api))
        await api.story.settle()
        assert titles(api.story) == ada.taken


@again
async def test_folder_that_is_moved_away_takes_nothing_more_until_it_is_back(
    turn: int, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    async with running(folder) as api:
        ada = await reporter(api)
        folder.rename(tmp_path / "away")
        assert (await ada.declares("while it is away")).status == 503
        assert (await api.request("GET", "/api/v1/incidents", ada.key)).status == 503
        assert not await is_ready(api)
        (tmp_path / "away").rename(folder)
        await until(lambda: is_taken(ada, "after"))
        await until(lambda: is_ready(api))
        await api.story.settle()
        assert titles(api.story) == ada.taken


async def test_deadlines_that_cannot_be_read_are_warned_of_and_looked_at_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path) as api:
        ada = await reporter(api)
        await ada.declares("before")
        await api.story.settle()
        with moved_away(path_of(api.story)):
            capsys.readouterr()
            api.story.clock.tell_of_jump()  # whereupon everybody looks
            await until(lambda: is_said(capsys, "the deadlines could not be read"))
        await until(lambda: is_ready(api))
        await api.story.forward(hours=1)
        assert (await api.story.events()).count("Escalated") == 2


async def test_metrics_are_told_without_the_database(disk: SmallDisk, api: Api) -> None:
    disk.fill()
    await until(lambda: is_red(api))
    reply = await api.request("GET", "/metrics")
    assert (reply.status, 'tocsin_ready{part="database"} 0.0' in reply.text) == (200, True)
    disk.empty()
    await until(lambda: is_ready(api))


def wal_of(story: Story) -> Path:
    return Path(f"{path_of(story)}-wal")


@contextmanager
def moved_away(path: Path) -> Iterator[None]:
    """The database is somewhere else, and comes back; what took its place meanwhile is gone then."""
    files = [Path(f"{path}{ending}") for ending in ("", "-wal", "-shm")]
    for file in files:
        file.rename(f"{file}.away")
    try:
        yield
    finally:
        for file in files:
            Path(f"{file}.away").replace(file)


def another(path: Path) -> None:
    """A database that is none of ours."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE another (one)")


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """All but the beginning of the file is nonsense, and then as it was."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    whole = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(len(whole) // 100)
        file.write(b"nonsense" * (len(whole) // 8))
    try:
        yield
    finally:
        with path.open("r+b") as file:
            file.write(whole)
            file.truncate()


async def shown_to(story: Story, name: str) -> str:
    return " ".join(text_of(one) for one in story.workspace.ephemerals(story.ids[name]))
