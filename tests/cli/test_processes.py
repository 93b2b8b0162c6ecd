"""Real processes: started, asked, killed, started again."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sqlite3
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml

import manifests
from bot import organization_file
from bot.workspace.server import Workspace
from tests.story import ORGANIZATION, text_of

PATIENCE = 20.0


@asynccontextmanager
async def process(
    *arguments: str, program: str = "bot", **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        program,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.defpath, "PYTHONUNBUFFERED": "1", **environment},
    )
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.kill()
        await running.communicate()


async def line_with(running: asyncio.subprocess.Process, pattern: str) -> str:
    """The first line of output that fits. Fails when the output ends, or nothing fits in time."""
    assert running.stdout is not None
    seen = b""
    async with asyncio.timeout(PATIENCE):
        while line := await running.stdout.readline():
            seen += line
            if re.search(pattern, line.decode()):
                return line.decode()
    raise AssertionError(f"it ended without {pattern!r}:\n{seen.decode()}")


def northwind() -> Workspace:
    """Everybody is in it, and the app is installed; it is not started."""
    workspace = Workspace("Northwind")
    for person in organization_file.read(ORGANIZATION).people.values():
        workspace.add_user(person.id, real_name=person.name, email=person.email)
    workspace.add_app("Tocsin", "tocsin", yaml.safe_load(manifests.text("slack-app.yaml")))
    people = list(workspace.state.users)
    workspace.add_channel("general", members=people)
    workspace.add_channel("incidents", members=people)
    return workspace


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    workspace = northwind()
    await workspace.start()
    yield workspace
    await workspace.stop()


def environment(workspace: Workspace, database: Path) -> dict[str, str]:
    (app,) = workspace.state.apps.values()
    return {
        "SLACK_BOT_TOKEN": app.bot_token,
        "SLACK_APP_TOKEN": app.app_token,
        "SLACK_API_URL": workspace.api_url,
        "DATABASE_URL": f"sqlite:///{database}",
        "TOCSIN_ORGANIZATION": str(ORGANIZATION),
        "PORT": "0",
    }


def user(workspace: Workspace, name: str) -> str:
    return next(one.id for one in workspace.state.users.values() if one.name == name)


async def declare(workspace: Workspace, title: str) -> None:
    general = workspace.channel("general").id
    ack = await workspace.command(
        user(workspace, "ada"), general, "/incident", f"declare {title} --service Checkout"
    )
    assert ack.ok or ack.timed_out  # on a busy machine it is done a moment later


def pages(workspace: Workspace) -> list[str]:
    """The key of every page that anybody got."""
    keys = [
        message.get("metadata", {}).get("event_payload", {}).get("delivery", "")
        for person in list(workspace.state.users)
        for message in workspace.dm(person)
    ]
    return [key for key in keys if key.startswith("page:")]


async def test_sigterm_ends_in_time_with_exit_code_zero(workspace: Workspace, tmp_path: Path) -> None:
    async with process("run", **environment(workspace, tmp_path / "tocsin.db")) as running:
        await line_with(running, "connected to Slack")
        await workspace.until(lambda: workspace.connected, PATIENCE)
        await declare(workspace, "trouble")
        running.terminate()
        async with asyncio.timeout(10):
            assert await running.wait() == 0
    connection = sqlite3.connect(tmp_path / "tocsin.db")
    (sending,) = connection.execute("SELECT count(*) FROM outbox WHERE state = 'sending'").fetchone()
    connection.close()
    assert sending == 0


async def test_second_process_is_refused_with_the_reason(workspace: Workspace, tmp_path: Path) -> None:
    settings = environment(workspace, tmp_path / "tocsin.db")
    async with process("run", **settings) as first:
        await line_with(first, "connected to Slack")
        async with process("run", **settings) as second:
            await line_with(second, rf"in use by another Tocsin \(process {first.pid}\)")
            assert await second.wait() == 2


async def test_apply_changes_a_running_tocsin(workspace: Workspace, tmp_path: Path) -> None:
    settings = environment(workspace, tmp_path / "tocsin.db")
    changed = tmp_path / "organization.yaml"
    text = ORGANIZATION.read_text(encoding="utf-8")
    changed.write_text(text.replace("name: Checkout", "name: Cash desk"), encoding="utf-8")
    general, ada = workspace.channel("general").id, user(workspace, "ada")
    async with process("run", **settings) as running:
        await line_with(running, "connected to Slack")
        await workspace.until(lambda: workspace.connected, PATIENCE)
        async with process("apply", str(changed), **settings) as applying:
            await line_with(applying, "applied")
        async with process("apply", str(changed), **settings) as again:
            await line_with(again, "nothing to change")
        await workspace.command(ada, general, "/incident", "declare Oh no --service nowhere")
        assert "Cash desk" in text_of(workspace.ephemerals(ada)[-1])


async def test_settings_that_do_not_suffice_are_named(tmp_path: Path) -> None:
    async with process("run", DATABASE_URL=f"sqlite:///{tmp_path / 'x.db'}") as running:
        assert "SLACK_BOT_TOKEN is missing" in await line_with(running, "SLACK_BOT_TOKEN")
        assert await running.wait() == 2
    async with process("run", PORT="many", SLACK_BOT_TOKEN="x") as running:
        await line_with(running, "PORT")
        assert await running.wait() == 2


async def test_address_of_postgresql_never_becomes_a_file() -> None:
    """`postgres://` without a host once opened a SQLite file of that name."""
    name = f"never-{uuid.uuid4().hex}"
    for scheme in ("postgres", "postgresql+asyncpg"):
        url = f"{scheme}:///{name}?host=/nosuch"
        async with process("key", "list", DATABASE_URL=url) as running:
            await line_with(running, "PostgreSQL database in DATABASE_URL cannot be used")
            assert await running.wait() == 2
    assert not Path(name).exists()


async def test_file_that_is_no_database_is_named(workspace: Workspace, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_text("this is a shopping list\n" * 100, encoding="utf-8")
    async with process("run", **environment(workspace, broken)) as running:
        assert "broken.db cannot be used (file is not a database)" in await line_with(
            running, "cannot be used"
        )
        assert await running.wait() == 2
    assert broken.read_text(encoding="utf-8").startswith("this is a shopping list")


async def test_port_that_is_taken_is_named(workspace: Workspace, tmp_path: Path) -> None:
    taken = workspace.url.rsplit(":", 1)[1]
    async with process("run", **{**environment(workspace, tmp_path / "x.db"), "PORT": taken}) as running:
        await line_with(running, rf"Cannot listen at 127.0.0.1:{taken}.*Set HOST or PORT")
        assert await running.wait() == 2
    async with process("demo", "--port", taken) as running:
        await line_with(running, rf"Cannot listen at port {taken}")
        assert await running.wait() == 1


async def test_demo_prints_two_addresses_that_answer() -> None:
    async with process("demo", "--port", "0", "--speed", "60") as running:
        page = re.findall(r"http://\S+", await line_with(running, "Workspace"))[0]
        health = re.findall(r"http://\S+", await line_with(running, "HTTP"))[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(page) as answer:
                assert "text/html" in answer.headers["Content-Type"]
            async with session.get(f"{health}/healthz") as answer:
                assert (await answer.json())["status"] == "ok"
        running.send_signal(signal.SIGINT)
        async with asyncio.timeout(10):
            assert await running.wait() == 0


@pytest.fixture
def unread() -> Iterator[int]:
    """A pipe that takes nothing more, as a terminal after Ctrl-S."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"." * 4096)
    os.set_blocking(writing, True)
    yield writing
    os.close(reading)
    os.close(writing)


async def test_log_that_nobody_reads_holds_up_no_page(
    workspace: Workspace, tmp_path: Path, unread: int
) -> None:
    port = free_port()
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        stderr=unread,
        env={"PATH": os.defpath, **environment(workspace, tmp_path / "tocsin.db"), "PORT": str(port)},
    )
    try:
        await workspace.until(lambda: workspace.connected, PATIENCE)
        await declare(workspace, "trouble")
        await workspace.until(lambda: pages(workspace), PATIENCE)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as answer,
        ):
            assert answer.status == 200
        running.terminate()
        async with asyncio.timeout(15):
            assert await running.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.kill()
        await running.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
