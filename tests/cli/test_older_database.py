"""A new version's commands beside a Tocsin of an older one: they leave it the tables that it knows."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner, Result
from sqlalchemy.ext.asyncio import create_async_engine

from bot.__main__ import commands
from storage import address
from storage.backup import known_revisions
from storage.database import Unusable, inspect_postgresql
from storage.hold import hold_file
from storage.sqlite import writing_engine
from storage.upgrade import configuration
from tests.postgres import Server
from tests.story import ORGANIZATION

NEWEST, OLDER = known_revisions()[:2]
LOOKS = [
    ("audit",),
    ("key", "list"),
    ("calendar", "list"),
    ("oncall",),
    ("check",),
    ("plan", str(ORGANIZATION)),
    ("export", "/dev/null"),
    ("simulate", "--service", "checkout", "--severity", "SEV1"),
]
WRITES = [
    ("apply", str(ORGANIZATION)),
    ("key", "create", "--name", "ci", "--all-scopes"),
    ("key", "revoke", "ci"),
    ("calendar", "create", "--schedule", "shop"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database as the version before left it."""
    path = tmp_path / "older.db"
    engine = writing_engine(path)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), OLDER)
    engine.dispose()
    return path


@pytest.fixture
def held(file: Path) -> Iterator[Path]:
    """And that version runs on it."""
    release = hold_file(file)
    yield file
    release()


def revision(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found)


def told(url: str, *words: str) -> Result:
    return CliRunner(env={"DATABASE_URL": url}).invoke(commands, list(words))


def is_refused(result: Result) -> bool:
    says = f"is at revision {OLDER}, this Tocsin needs {NEWEST}"
    return isinstance(result.exception, Unusable) and says in str(result.exception)


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_who_looks_leaves_an_older_database_as_it_is(file: Path, words: tuple[str, ...]) -> None:
    assert is_refused(told(f"sqlite:///{file}", *words))
    assert revision(file) == OLDER


@pytest.mark.parametrize("words", [*LOOKS, *WRITES], ids=" ".join)
def test_database_of_an_older_tocsin_that_runs_stays_as_it_is(held: Path, words: tuple[str, ...]) -> None:
    assert is_refused(told(f"sqlite:///{held}", *words))
    assert revision(held) == OLDER
    assert [one.name for one in held.parent.glob("*backup*")] == []


def test_who_writes_brings_a_database_up_to_date_that_nobody_holds(file: Path) -> None:
    assert told(f"sqlite:///{file}", *WRITES[0]).exit_code == 0
    assert revision(file) == NEWEST
    hold_file(file)()


def test_doctor_says_what_the_next_start_does(held: Path) -> None:
    output = told(f"sqlite:///{held}", "doctor").output
    assert f"at revision {OLDER}; the next start of this Tocsin brings it to {NEWEST}" in " ".join(
        output.split()
    )
    assert revision(held) == OLDER


def test_new_database_is_made_by_whoever_comes_first(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert "no keys yet" in told(url, "key", "list").output
    assert told(url, *WRITES[0]).exit_code == 0


def test_on_postgresql_an_older_tocsin_is_told_by_its_sessions(server: Server) -> None:
    url = server.empty()

    async def migrate() -> None:
        engine = create_async_engine(address.DRIVER, connect_args=address.arguments(url))
        async with engine.begin() as connection:
            await connection.run_sync(lambda tx: command.upgrade(configuration(tx), OLDER))
        await engine.dispose()

    async def beside_a_session() -> Result:
        named = {"server_settings": {"application_name": "tocsin"}}
        engine = create_async_engine(address.DRIVER, connect_args=address.arguments(url) | named)
        async with engine.connect():
            result = await asyncio.to_thread(told, url, *WRITES[0])
        await engine.dispose()
        return result

    asyncio.run(migrate())
    assert is_refused(told(url, "audit"))
    assert is_refused(asyncio.run(beside_a_session()))
    assert f"at revision {OLDER}" in asyncio.run(inspect_postgresql(url))
    assert told(url, *WRITES[0]).exit_code == 0
    assert f"at revision {NEWEST}" in asyncio.run(inspect_postgresql(url))
