"""From every older revision with 100,000 incidents, killed in the middle of it while people go on asking."""

import asyncio
import random
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from aiohttp import ClientError, ClientSession
from alembic import command
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.workspace.errors import WorkspaceError
from bot.workspace.server import Workspace
from storage import address
from storage.backup import check, known_revisions
from storage.database import Database, copy
from storage.sqlite import sqlite_path, writing_engine
from storage.upgrade import configuration
from tests import processes
from tests.bench import listing
from tests.crash.process import Tocsin
from tests.postgres import Server
from tests.soak.report import Report

HEAD, *OLDER = known_revisions()
PATIENCE_SECONDS = 180.0
#: The migration is done so many seconds after the start. Each kill comes nearer to the moment in which it is
#: committed, and spreads over so much at least, because no start is like another.
LONGEST_SECONDS, NEAR_SECONDS = 4.0, 0.3


class Asking:
    """Somebody declares incidents in Slack all the time, and remembers what was answered as done."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.done: list[str] = []
        self._task = asyncio.create_task(self._ask())

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self) -> None:
        ada, general = processes.user(self._workspace, "ada"), self._workspace.channel("general").id
        for n in count():  # what got no answer may have been done all the same
            title = f"while it migrates {n}"
            try:
                ack = await self._workspace.command(ada, general, "/incident", f"declare {title}")
                if ack.ok and "INC-" in str(ack.body):
                    self.done.append(title)
            except (WorkspaceError, ClientError, OSError):
                pass
            await asyncio.sleep(0.05)


async def give(
    folder: Path, revision: str, incidents: int, kills: int, seed: int, server: Server | None = None
) -> Report:
    """On PostgreSQL if there is a server, else on a file."""
    report, chance, whole = Report(), random.Random(seed), folder / "whole.db"  # noqa: S311 - repeatable
    await asyncio.to_thread(listing.fill, whole, incidents, are_open=True)
    url = f"sqlite:///{folder / 'tocsin.db'}"
    if server is None:
        shutil.copy(whole, sqlite_path(url))
    else:
        url = server.empty()
        await copy(f"sqlite:///{whole}", url, lambda *_: None)
    await _back_to(url, revision)
    async with _workspace() as workspace, ClientSession() as session:
        environment = processes.environment(workspace, sqlite_path("sqlite:///unused")) | {
            "DATABASE_URL": url
        }
        tocsin = Tocsin("tocsin", folder, environment)
        asking = Asking(workspace)
        seen: Counter[str] = Counter()
        undone, done = 0.0, LONGEST_SECONDS
        for _ in range(kills):
            await tocsin.start()
            near = max((done - undone) / 4, NEAR_SECONDS / 2)
            killed_after = max((undone + done) / 2 + chance.uniform(-near, near), 0.0)
            await asyncio.sleep(killed_after)
            await tocsin.kill()
            at = await _revision(url)
            seen[at] += 1
            if at == revision:
                undone = killed_after
            else:
                done = killed_after
                await _back_to(url, revision)
        began = time.monotonic()
        await tocsin.start()
        await tocsin.until_ready(session, PATIENCE_SECONDS)
        report.say(f"ready after {time.monotonic() - began:.1f} s")
        await workspace.until(lambda: len(asking.done) > 0, PATIENCE_SECONDS)
        await asking.stop()
        report.expect(await tocsin.terminate() == 0, "it did not end well")
    report.say(
        f"after a kill at revision {dict(seen)}; the last ones {undone:.2f} s after the start, undone, "
    )
    report.say(f"  and {done:.2f} s, done; {len(asking.done)} declarations answered as done")
    await _judge(report, url, revision, incidents, asking.done, seen)
    return report


async def _judge(
    report: Report, url: str, revision: str, incidents: int, done: list[str], seen: Counter[str]
) -> None:
    report.expect(set(seen) <= {revision, HEAD}, f"half a migration: {seen}")
    report.expect(await _revision(url) == HEAD, "it is not at the newest revision")
    if make_url(url).get_backend_name() == "sqlite":
        check(sqlite_path(url))
    database = Database(url)
    await database.open()
    query = text("SELECT title FROM incidents")
    titles = Counter(await database.read(lambda tx: tx.execute(query).scalars().all()))
    await database.close()
    lost, twice = (sum(test(titles[one]) for one in done) for test in ((0).__eq__, (1).__lt__))
    report.expect(not lost, f"{lost} of {len(done)} that were answered as done are lost")
    report.expect(not twice, f"{twice} of {len(done)} are there twice")
    declared = sum(count for title, count in titles.items() if title.startswith("while it migrates"))
    report.expect(
        titles.total() - declared == incidents, f"{titles.total() - declared} of {incidents} are left"
    )


async def _back_to(url: str, revision: str) -> None:
    """The database is as it was at an older revision, but for what was declared since."""
    if make_url(url).get_backend_name() == "sqlite":
        await asyncio.to_thread(_file_back_to, sqlite_path(url), revision)
        return
    engine = create_async_engine(address.DRIVER, connect_args=address.arguments(url))
    async with engine.begin() as connection:
        await connection.run_sync(lambda tx: command.downgrade(configuration(tx), revision))
    await engine.dispose()


def _file_back_to(path: Path, revision: str) -> None:
    engine = writing_engine(path)
    with engine.begin() as connection:
        command.downgrade(configuration(connection), revision)
    engine.dispose()


async def _revision(url: str) -> str:
    """At which revision it is; a file must be whole."""
    query = text("SELECT version_num FROM alembic_version")

    def read(tx: Connection) -> str:
        return str(tx.execute(query).scalar_one())

    if make_url(url).get_backend_name() == "sqlite":
        return await asyncio.to_thread(check, sqlite_path(url))
    engine = create_async_engine(address.DRIVER, connect_args=address.arguments(url))
    async with engine.connect() as connection:
        found = await connection.run_sync(read)
    await engine.dispose()
    return found


@asynccontextmanager
async def _workspace() -> AsyncIterator[Workspace]:
    workspace = processes.northwind()
    await workspace.start()
    try:
        yield workspace
    finally:
        await workspace.stop()
