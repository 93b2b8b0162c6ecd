"""A real process whose wall clock is set while it runs."""

import asyncio
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.workspace.server import Workspace
from tests.faults import clock_set_by_signals
from tests.faults.doses import dose
from tests.processes import PATIENCE, declare, environment, line_with, pages, process

FORWARD, BACK = signal.SIGUSR1, signal.SIGUSR2
DISTANCE, LATE = timedelta(seconds=8), timedelta(seconds=5)
_SECOND = 1_000_000


@pytest.mark.parametrize(("step", "undone"), [(BACK, FORWARD), (FORWARD, BACK)] * dose(1, 4))
async def test_escalation_comes_in_time_although_the_clock_is_set(
    workspace: Workspace,
    tmp_path: Path,
    step: signal.Signals,
    undone: signal.Signals,
) -> None:
    settings = environment(workspace, tmp_path / "tocsin.db")
    async with process("run", program=clock_set_by_signals.__name__, **settings) as running:
        await line_with(running, "connected to Slack")
        await workspace.until(lambda: workspace.connected, PATIENCE)
        await declare(workspace, "oh no --sev SEV1")
        await workspace.until(lambda: len(pages(workspace)) == 1, PATIENCE)
        bring_nearer(tmp_path / "tocsin.db")
        running.send_signal(step)
        begun_at = asyncio.get_running_loop().time()
        await workspace.until(lambda: len(pages(workspace)) == 2, 60)
        assert asyncio.get_running_loop().time() - begun_at < (DISTANCE + LATE).total_seconds()
        running.send_signal(undone)
        await line_with(running, "the wall clock was set.*3600")
        assert len(pages(workspace)) == 2


def bring_nearer(database: Path) -> None:
    """A quarter of an hour until the next level becomes eight seconds."""
    nearer = int((timedelta(minutes=15) - DISTANCE).total_seconds()) * _SECOND
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE deadlines SET due_at = due_at - ? WHERE state = 'armed' AND kind = 'acknowledge'",
            (nearer,),
        )
