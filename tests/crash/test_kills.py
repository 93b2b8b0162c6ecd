"""Killed at random moments under load: nothing is lost, nothing comes twice. The short dose."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.trial import kills, trial
from tests.postgres import Server


@pytest.fixture
def seed() -> int:
    """Which moments are tried. `python -m tests.crash --seed N` tries them again."""
    return random.SystemRandom().randrange(1_000_000)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(is_durable=True)
    yield server
    server.stop()


async def test_killed_under_load_on_sqlite(tmp_path: Path, seed: int) -> None:
    async with trial(tmp_path, f"sqlite:///{tmp_path / 'tocsin.db'}", seed) as one:
        await kills(one, 15)
        verdict = await one.finish()
    assert verdict.broken == [], f"seed {seed}"


async def test_killed_under_load_on_postgresql(tmp_path: Path, seed: int, server: Server) -> None:
    async with trial(tmp_path, server.empty(), seed) as one:
        await kills(one, 5)
        verdict = await one.finish()
    assert verdict.broken == [], f"seed {seed}"


async def test_one_of_three_killed_at_a_time(tmp_path: Path, seed: int, server: Server) -> None:
    async with trial(tmp_path, server.empty(), seed, processes=3) as one:
        await kills(one, 6)
        verdict = await one.finish()
    assert verdict.broken == [], f"seed {seed}"
