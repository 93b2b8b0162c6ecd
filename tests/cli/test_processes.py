"""Real processes: started, asked, ended."""

import asyncio
import contextlib
import os
import re
import signal
import sqlite3
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from bot.workspace.server import Workspace
from tests import ports
from tests.processes import PATIENCE, declare, environment, line_with, pages, process, user
from tests.story import ORGANIZATION, text_of


@pytest.mark.parametrize("asking", [signal.SIGTERM, signal.SIGHUP])
async def test_asked_to_end_it_ends_in_time_with_exit_code_zero(
    workspace: Workspace, tmp_path: Path, asking: signal.Signals
) -> None:
    async with process("run", **environment(workspace, tmp_path / "tocsin.db")) as running:
        await line_with(running, "connected to Slack")
        await workspace.until(lambda: workspace.connected, PATIENCE)
        await declare(workspace, "trouble")
        running.send_signal(asking)
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
    port = ports.free()
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
