"""Short doses: what must hold on any machine, however slow. Bounds of time are for the long ones."""

from pathlib import Path

import pytest

from tests.postgres import Server
from tests.soak import junk, migrations, slack, steady

SEED = 4711


@pytest.mark.parametrize("fault", ["refuses connections"])
async def test_nothing_is_lost_or_doubled_while_slack_is_in_trouble(tmp_path: Path, fault: str) -> None:
    report = await slack.give(tmp_path, fault, 4, SEED)
    assert report.broken == []


async def test_junk_and_clients_that_never_ask_are_refused_and_hung_up_on(tmp_path: Path) -> None:
    report = await junk.give(tmp_path, requests=400, sockets=20, seconds=1, seed=SEED)
    assert report.broken == []


async def test_migration_of_a_running_team_survives_being_killed(tmp_path: Path, server: Server) -> None:
    report = await migrations.give(
        tmp_path, migrations.OLDER[-1], incidents=500, kills=1, seed=SEED, server=server
    )
    assert report.broken == []


async def test_steady_work_beside_a_slow_reader_loses_nothing(tmp_path: Path) -> None:
    report = await steady.give(tmp_path, 6, SEED, reader_seconds=2)
    assert report.broken == []
