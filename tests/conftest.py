"""Fixtures that several rooms of tests share."""

import os
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import settings

from bot.organization_file import document
from tests.faults.doses import dose

pytest.register_assert_rewrite("tests.story")

from tests import sqlite  # noqa: E402
from tests.postgres import Server  # noqa: E402
from tests.story import Story, opened  # noqa: E402

#: How many cases a property is tried on, and how long each may take: a machine may be slow.
settings.register_profile("tocsin", max_examples=dose(100, 10_000), deadline=None)
settings.load_profile("tocsin")

#: The same organization file is read by a thousand tests.
pytest.MonkeyPatch().setattr(document, "composed", lru_cache(maxsize=16)(document.composed))


def pytest_xdist_auto_num_workers() -> int:
    """Three for two cores: those that kill, end and cut off processes wait for most of their time."""
    return max((os.cpu_count() or 1) * 3 // 2, 1)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server, started by the first test that asks for it."""
    server = Server()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each test that asks for a database runs on both."""
    if request.param == "sqlite":
        sqlite.fresh(tmp_path / "test.db")
        return f"sqlite:///{tmp_path / 'test.db'}"
    server: Server = request.getfixturevalue("server")
    return await server.fresh()


@pytest.fixture
async def story(tmp_path: Path, database_url: str) -> AsyncIterator[Story]:
    """The app by Socket Mode in a workspace of its own; its promises are checked at the end."""
    async with opened(tmp_path, environment={"DATABASE_URL": database_url}) as story:
        yield story
