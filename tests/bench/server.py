"""The real process, with a workspace that has Slack's rate limits, for measuring."""

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

import manifests
from bot import organization_file
from bot.workspace.server import Workspace
from tests import ports
from tests.soak.resources import resident_megabytes
from tests.story import ORGANIZATION

_LIMIT = "999999999"


@dataclass(frozen=True)
class Running:
    host: str
    port: int
    key: str
    database: Path
    workspace: Workspace
    pid: int
    #: From the start of the process until it said that it is ready.
    ready_seconds: float

    @property
    def resident_megabytes(self) -> float:
        """Memory that the process holds now."""
        return resident_megabytes(self.pid)


@asynccontextmanager
async def running(
    folder: Path,
    database: str = "bench.db",
    organization: Path = ORGANIZATION,
    *,
    url: str | None = None,
    beside: Running | None = None,
    is_limited: bool = True,
) -> AsyncIterator[Running]:
    """`python -m bot run` on a database in the folder, or at the URL, ready, with a key for everything.

    `beside` is a process that shares its workspace. `is_limited`: Slack has its rate limits.
    """
    workspace = beside.workspace if beside else await _opened(organization, is_limited=is_limited)
    (installed,) = workspace.state.apps.values()
    port = ports.free()
    environment = {
        "PATH": os.defpath,
        "SLACK_BOT_TOKEN": installed.bot_token,
        "SLACK_APP_TOKEN": installed.app_token,
        "SLACK_API_URL": workspace.api_url,
        "DATABASE_URL": url or f"sqlite:///{folder / database}",
        "TOCSIN_ORGANIZATION": str(organization),
        "PORT": str(port),
        "LOG_LEVEL": "ERROR",
        "RATE_LIMIT_READ": _LIMIT,
        "RATE_LIMIT_WRITE": _LIMIT,
        "RATE_LIMIT_PAGE": _LIMIT,
    }
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "run", env=environment)
    try:
        async with asyncio.timeout(60):
            while not await _is_ready(port):  # noqa: ASYNC110 - another process gets ready
                await asyncio.sleep(0.02)
        took = time.perf_counter() - began
        key = await _key(environment)
        yield Running("127.0.0.1", port, key, folder / database, workspace, process.pid, took)
    finally:
        process.terminate()
        await process.wait()
        if beside is None:
            await workspace.stop()


async def _opened(organization: Path, *, is_limited: bool) -> Workspace:
    """A workspace with everybody in it, and the app installed."""
    workspace = Workspace("Northwind")
    workspace.rate_limits.enabled = is_limited
    for person in organization_file.read(organization).people.values():
        workspace.add_user(person.id, real_name=person.name, email=person.email)
    workspace.add_app("Tocsin", "tocsin", yaml.safe_load(manifests.text("slack-app.yaml")))
    for channel in ("incidents", "general"):
        workspace.add_channel(channel, members=list(workspace.state.users))
    await workspace.start()
    return workspace


async def _key(environment: dict[str, str]) -> str:
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "key", "create", "--name", "bench", "--all-scopes"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await made.communicate()
    found = re.search(rb"rf_[\w-]+", output)
    assert found is not None, output
    return found[0].decode()


async def _is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return b" 200 OK" in answer


class Connection:
    """One kept-alive connection that asks as fast as it is answered, and costs little to do so."""

    def __init__(self, server: Running) -> None:
        self._server = server

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._server.host, self._server.port)

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """The status and the body of the answer."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self._server.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", answer)
        assert length is not None, answer
        return int(answer[9:12]), await self._reader.readexactly(int(length[1]))

    def close(self) -> None:
        self._writer.close()
