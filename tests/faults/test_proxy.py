"""A real process on a machine that reaches the world through a proxy."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import trustme

from bot.workspace.server import Workspace
from tests.processes import PATIENCE, declare, environment, line_with, pages, process

Place = tuple[str, int]
PassOn = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def place(workspace: Workspace) -> Place:
    host, port = workspace.url.removeprefix("http://").split(":")
    return host, int(port)


@asynccontextmanager
async def proxy(target: Place, asked: list[bytes], tunnel: Place | None = None) -> AsyncIterator[str]:
    """The address of a proxy that leads to the target, and keeps what it was asked for.

    Who wants a tunnel is led to the other place.
    """

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(line := await reader.readline())
        wanted = tunnel if line.startswith(b"CONNECT ") else None
        further, back = await asyncio.open_connection(*(wanted or target))
        if wanted:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            back.write(line)
        await asyncio.gather(copied(reader, back), copied(further, writer))

    async with listening(pass_on) as (host, port):
        yield f"http://proxy%40user:secret@{host}:{port}"


@asynccontextmanager
async def encrypted(target: Place, name: str, authority: trustme.CA) -> AsyncIterator[Place]:
    """Where the target is reached by TLS, under this name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        further, back = await asyncio.open_connection(*target)
        await asyncio.gather(copied(reader, back), copied(further, writer))

    async with listening(pass_on, context) as found:
        yield found


@asynccontextmanager
async def listening(pass_on: PassOn, tls: ssl.SSLContext | None = None) -> AsyncIterator[Place]:
    server = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()
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
    async with proxy(place(workspace), asked) as address:
        settings |= {"HTTPS_PROXY": address, "SLACK_API_URL": "http://slack.test/api/"}
        async with process("run", **settings) as running:
            await line_with(running, "connected to Slack")
            await workspace.until(lambda: workspace.connected, PATIENCE)
            await declare(workspace, "trouble --sev SEV1")
            await workspace.until(lambda: pages(workspace), PATIENCE)
    assert any(line.startswith(b"POST http://slack.test/api/") for line in asked)
    assert any(line.startswith(b"GET ws://") for line in asked), "the socket goes the same way"


async def test_slack_is_reached_encrypted_through_a_tunnel(workspace: Workspace, tmp_path: Path) -> None:
    """With the password of the proxy, and an authority of one's own."""
    asked, authority, trusted = list[bytes](), trustme.CA(), tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    settings = environment(workspace, tmp_path / "tocsin.db")
    async with (
        encrypted(place(workspace), "slack.test", authority) as tunnel,
        proxy(place(workspace), asked, tunnel) as address,
    ):
        settings |= {"HTTPS_PROXY": address, "SLACK_API_URL": "https://slack.test/api/"}
        async with process("run", **settings, SSL_CERT_FILE=str(trusted)) as running:
            await line_with(running, "connected to Slack")
            await workspace.until(lambda: workspace.connected, PATIENCE)
            await declare(workspace, "trouble --sev SEV1")
            await workspace.until(lambda: pages(workspace), PATIENCE)
    assert b"CONNECT slack.test:443 HTTP/1.1\r\n" in asked
    assert any(b64encode(b"proxy@user:secret") in line for line in asked)


async def test_this_machine_is_reached_without_one(workspace: Workspace, tmp_path: Path) -> None:
    """As in the demo, on a machine of whose proxy it knows nothing."""
    settings = environment(workspace, tmp_path / "tocsin.db") | {"HTTPS_PROXY": "http://127.0.0.1:1"}
    async with process("run", **settings) as running:
        await line_with(running, "connected to Slack")
        await workspace.until(lambda: workspace.connected, PATIENCE)
        await declare(workspace, "trouble --sev SEV1")
        await workspace.until(lambda: pages(workspace), PATIENCE)
