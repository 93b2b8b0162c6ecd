"""Fixtures that several rooms of tests share."""

import os
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache, partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.ext.asyncio import create_async_engine

import storage.postgres
import storage.sqlite
from bot import organization_file
from bot.domain.organization import Organization
from bot.engine import outbox
from bot.workspace.server import Workspace
from tests.faults.doses import dose

pytest.register_assert_rewrite("tests.story", "tests.quiet", "tests.processes")

from tests import collecting, processes, scratch, sqlite  # noqa: E402
from tests.postgres import Server  # noqa: E402
from tests.quiet import Quiet  # noqa: E402
from tests.story import Story, opened  # noqa: E402

#: How many cases a property is tried on, and how long each may take: a machine may be slow.
settings.register_profile("tocsin", max_examples=dose(100, 10_000), deadline=None)
settings.load_profile("tocsin")

if memory := scratch.folder():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)  # noqa: TID251 - pytest's setting, not ours

_patch = pytest.MonkeyPatch()
_parse = organization_file.parse
_parsed = lru_cache(maxsize=16)(_parse)


def _parsed_once(text: str, source: str, folder: Path | None = None) -> Organization:
    """The same organization file is read by a thousand tests; calendars that it names may change."""
    return _parse(text, source, folder) if "calendar" in text else _parsed(text, source)


_patch.setattr(organization_file, "parse", _parsed_once)
#: And each opens engines of the same two kinds: what was compiled for one serves the others.
_compiled: dict[object, object] = {}
for _kind in (PGDialect_asyncpg, SQLiteDialect_pysqlite):
    _patch.setattr(_kind, "__eq__", lambda one, other: type(one) is type(other))
    _patch.setattr(_kind, "__hash__", lambda one: hash(type(one)))
#: A test knows no crowd for which the outbox would have to breathe, and few things are done side by side.
for _gap in ("SHORTEST_GAP", "GAP_OF_PAGES", "LONGEST_GAP"):
    _patch.setattr(outbox, _gap, 0.001)
for _connections in ("SIDE_BY_SIDE", "READERS"):
    _patch.setattr(storage.postgres, _connections, 2)
for _module, _made in ((storage.postgres, create_async_engine), (storage.sqlite, create_engine)):
    _sharing = partial(_made, execution_options={"compiled_cache": _compiled})
    _patch.setattr(_module, _made.__name__, _sharing)

#: They start, kill or hold up processes, and take long.
_LONG = ("tests/crash/", "tests/soak/", "tests/contract/test_schemathesis.py", "tests/cli/test_canaries.py")


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: those that take long wait for most of their time."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long is spread out from the beginning on: never side by side, and not left for the end."""
    long = [item for item in items if item.nodeid.startswith(_LONG)]
    if not long or len(long) == len(items):
        return
    others = [item for item in items if item not in long]
    gap = len(others) * 3 // 4 // len(long)
    for place, item in enumerate(long):
        others.insert(place * (gap + 1), item)
    items[:] = others


#: After so many tests what they left is collected.
_COLLECTED_EVERY = 20
_tests = count(1)


def pytest_collection_finish() -> None:
    collecting.only_when_told()


def pytest_runtest_logfinish() -> None:
    if next(_tests) % _COLLECTED_EVERY == 0:
        collecting.collect()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server, started by the first test that asks for it."""
    server = Server(scratch.folder())
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Each test that asks for a database runs on both."""
    if request.param == "sqlite":
        sqlite.fresh(tmp_path / "test.db")
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: Server = request.getfixturevalue("server")
    url = await server.fresh()
    yield url
    server.drop(url)


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    """For real processes: everybody is in it, and the app is installed, not started."""
    workspace = processes.northwind()
    await workspace.start()
    yield workspace
    await workspace.stop()


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Quiet:
    return Quiet(caplog, capsys)


@pytest.fixture
async def story(tmp_path: Path, database_url: str) -> AsyncIterator[Story]:
    """The app by Socket Mode in a workspace of its own; its promises are checked at the end."""
    async with opened(tmp_path, environment={"DATABASE_URL": database_url}) as story:
        yield story
