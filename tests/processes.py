"""Real processes of Tocsin in a workspace: started, told something, read."""

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

import manifests
from bot import organization_file
from bot.workspace.server import Workspace
from tests.story import ORGANIZATION

#: Seconds that anything may take on a busy machine.
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
