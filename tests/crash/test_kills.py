"""Killed, ended, paused, cut off at random moments under load: a short dose of `python -m tests.crash`."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import scratch
from tests.crash import deeds
from tests.crash.trial import trial
from tests.postgres import Server


@pytest.fixture
def seed() -> int:
    """Which moments are tried. `python -m tests.crash --seed N` tries them again."""
    return random.SystemRandom().randrange(1_000_000)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(scratch.folder(), is_durable=True)
    yield server
    server.stop()


async def test_killed_under_load_on_sqlite(tmp_path: Path, seed: int) -> None:
    async with trial(tmp_path, f"sqlite:///{tmp_path / 'tocsin.db'}", seed) as one:
        await deeds.kills(one, 15)
        verdict = await one.finish()
    assert verdict.broken == [], f"seed {seed}"


async def test_ended_paused_and_blocked_on_sqlite(tmp_path: Path, seed: int) -> None:
    where, seconds = f"sqlite:///{tmp_path / 'tocsin.db'}", 6.0
    settings = deeds.blockable(seconds)
    async with trial(tmp_path, where, seed, is_announced=False, settings=settings) as one:
        await deeds.ends(one, 1)
        await deeds.pauses(one, 1, seconds=3, deadlines=12)
        await deeds.blocks(one, 1, seconds, deadlines=12)
        verdict = await one.finish()
    assert verdict.broken == [], f"seed {seed}"


async def test_killed_and_cut_off_on_postgresql(tmp_path: Path, seed: int, server: Server) -> None:
    async with trial(tmp_path, server.empty(), seed) as one:
        await deeds.kills(one, 2)
        await deeds.backends_killed(one, server, 1)
        await deeds.server_restarts(one, server, 1)
        verdict = await one.finish()
    assert verdict.broken == [], f"seed {seed}"


async def test_one_of_three_killed_at_a_time_and_one_that_stands_still(
    tmp_path: Path, seed: int, server: Server
) -> None:
    async with trial(tmp_path, server.empty(), seed, processes=3) as one:
        await deeds.kills(one, 3)
        await deeds.stands_still(one, 1, seconds=7, incidents=8)
        verdict = await one.finish()
    assert verdict.broken == [], f"seed {seed}"
