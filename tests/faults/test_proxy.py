"""A real process on a machine that reaches the world through a proxy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bot.workspace.server import Workspace
from tests.processes import PATIENCE, declare, environment, line_with, pages, process


@asynccontextmanager
async def proxy(target: Workspace, asked: list[bytes]) -> AsyncIterator[str]:
    """The address of a proxy that leads to the workspace, and keeps what it was asked for."""
    host, port = target.url.removeprefix("http://").split(":")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(line := await reader.readline())
        further, back = await asyncio.open_connection(host, int(port))
        back.write(line)
        await asyncio.gather(copied(reader, back), copied(further, writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while part := await reader.read(65_536):
            writer.write(part)
    writer.close()


async def test_slack_is_reached_through_the_proxy(workspace: Workspace, tmp_path: Path) -> None:
    asked: list[bytes] = []
    settings = environment(workspace, tmp_path / "tocsin.db")
    async with proxy(workspace, asked) as address:
        settings |= {"HTTPS_PROXY": address, "SLACK_API_URL": "http://slack.test/api/"}
        async with process("run", **settings) as running:
            await line_with(running, "connected to Slack")
            await workspace.until(lambda: workspace.connected, PATIENCE)
            await declare(workspace, "trouble --sev SEV1")
            await workspace.until(lambda: pages(workspace), PATIENCE)
    assert any(line.startswith(b"POST http://slack.test/api/") for line in asked)
    assert any(line.startswith(b"GET ws://") for line in asked), "the socket goes the same way"


async def test_this_machine_is_reached_without_one(workspace: Workspace, tmp_path: Path) -> None:
    """As in the demo, on a machine of whose proxy it knows nothing."""
    settings = environment(workspace, tmp_path / "tocsin.db") | {"HTTPS_PROXY": "http://127.0.0.1:1"}
    async with process("run", **settings) as running:
        await line_with(running, "connected to Slack")
        await workspace.until(lambda: workspace.connected, PATIENCE)
        await declare(workspace, "trouble --sev SEV1")
        await workspace.until(lambda: pages(workspace), PATIENCE)
