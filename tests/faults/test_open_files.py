"""A real process that may open no more files, because strangers hold them all."""

import asyncio
import os
import resource
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.workspace.server import Workspace
from tests import ports
from tests.processes import PATIENCE, declare, environment, line_with, pages, process

pytestmark = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only on Linux: another's limits")
#: Descriptors that are left to the process, and connections that somebody opens and holds.
LEFT, HELD = 40, 80


async def test_page_goes_out_while_strangers_want_every_descriptor(
    workspace: Workspace, tmp_path: Path
) -> None:
    port = ports.free()
    settings = environment(workspace, tmp_path / "tocsin.db") | {"PORT": str(port)}
    async with process("run", **settings) as running:
        await line_with(running, "connected to Slack")
        await workspace.until(lambda: workspace.connected, PATIENCE)
        allowed = len(open_files(running.pid)) + LEFT
        resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (allowed, allowed))
        with ExitStack() as held:
            for _ in range(HELD):
                held.enter_context(socket.create_connection(("127.0.0.1", port)))
            await line_with(running, "socket.accept.. out of system resource")
            await declare(workspace, "trouble --sev SEV1")
            await workspace.until(lambda: len(pages(workspace)) == 1, PATIENCE)
            async with asyncio.timeout(PATIENCE / 2):
                while len(open_files(running.pid)) == allowed:  # noqa: ASYNC110 - strangers get half of them
                    await asyncio.sleep(0.01)
        running.terminate()
        assert running.stdout is not None
        rest = (await running.stdout.read()).decode()
        assert "out of system resource" not in rest
        assert "could not be written" not in rest


async def test_process_takes_as_many_as_it_needs_and_may_have(workspace: Workspace, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
    try:
        async with process("run", **environment(workspace, tmp_path / "tocsin.db")) as running:
            await line_with(running, "connected to Slack")
            assert resource.prlimit(running.pid, resource.RLIMIT_NOFILE) == (min(4096, hard), hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def open_files(process: int) -> list[str]:
    return os.listdir(f"/proc/{process}/fd")
