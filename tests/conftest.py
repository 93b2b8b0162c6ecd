"""Fixtures that several rooms of tests share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.faults.doses import dose

pytest.register_assert_rewrite("tests.story")

from tests.postgres import Server  # noqa: E402
from tests.story import Story, opened  # noqa: E402

#: How many cases a property is tried on, and how long each may take: a machine may be slow.
settings.register_profile("tocsin", max_examples=dose(100, 10_000), deadline=None)
settings.load_profile("tocsin")


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
        return f"sqlite:///{tmp_path / 'test.db'}"
    server: Server = request.getfixturevalue("server")
    return await server.fresh()


@pytest.fixture
async def story(tmp_path: Path, database_url: str) -> AsyncIterator[Story]:
    """The app by Socket Mode in a workspace of its own; its promises are checked at the end."""
    async with opened(tmp_path, environment={"DATABASE_URL": database_url}) as story:
        yield story
