"""The writer, the readers, the lock, the migrations and the indexes."""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

import storage.patience
from storage import deadlines, outbox, requests
from storage.database import Database, FileInUse, Full, MayBeDone
from storage.sqlite import BATCH, writing_engine
from storage.tables import metadata
from storage.touched import Touched
from storage.upgrade import configuration

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


async def count(database: Database) -> int:
    found: int = await database.read(
        lambda tx: tx.execute(text("SELECT count(*) FROM requests")).scalar_one()
    )
    return found


async def test_refused_operation_leaves_nothing_and_its_neighbours_commit(database: Database) -> None:
    def refuse(tx: Connection) -> None:
        requests.is_new(tx, "half done", NOW)
        raise ValueError("no")

    kept = [database.write(partial(requests.is_new, key=f"kept {n}", at=NOW)) for n in range(3 * BATCH)]
    results = await asyncio.gather(
        *kept[:BATCH], database.write(refuse), *kept[BATCH:], return_exceptions=True
    )
    assert [type(one) for one in results if one is not True] == [ValueError]
    assert await count(database) == 3 * BATCH


async def test_what_was_answered_is_on_the_disk(database: Database, tmp_path: Path) -> None:
    await database.write(lambda tx: requests.is_new(tx, "kept", NOW))
    other = sqlite3.connect(tmp_path / "test.db")
    assert other.execute("SELECT key FROM requests").fetchall() == [("kept",)]
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()


async def test_listeners_hear_what_was_touched_after_the_commit(database: Database) -> None:
    heard: list[Touched] = []
    database.after_commit(lambda marks: heard.append(marks))
    row = {
        "key": "k",
        "kind": "find_person",
        "lane": "l",
        "priority": 3,
        "state": "pending",
        "attempt": 0,
        "is_in_doubt": False,
        "owed_at": NOW,
        "next_attempt_at": NOW,
    }
    await database.write(lambda tx: outbox.add(tx, [row]))
    await database.write(lambda tx: requests.is_new(tx, "quiet", NOW))
    await asyncio.sleep(0)
    assert heard == [Touched(frozenset({"outbox"}))]


async def test_reader_cannot_write(database: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        await database.read(lambda tx: requests.is_new(tx, "k", NOW))


async def test_query_sees_one_moment(database: Database, tmp_path: Path) -> None:
    """What is committed between two of its looks is not seen by the second."""
    counting = text("SELECT count(*) FROM requests")

    def look_twice(tx: Connection) -> tuple[int, int]:
        first = tx.execute(counting).scalar_one()
        with closing(sqlite3.connect(tmp_path / "test.db")) as other, other:
            other.execute("INSERT INTO requests (key, at) VALUES ('between', 1)")
        return first, tx.execute(counting).scalar_one()

    assert await database.read(look_twice) == (0, 0)
    assert await count(database) == 1


async def test_caller_who_goes_away_does_not_stop_the_writer(database: Database) -> None:
    begun, hold, write = threading.Event(), threading.Event(), database.write

    def block(tx: Connection) -> None:
        begun.set()
        hold.wait(10)

    holding = asyncio.ensure_future(write(block))
    await asyncio.to_thread(begun.wait, 10)
    waiting = [asyncio.ensure_future(write(partial(requests.is_new, key=f"{n}", at=NOW))) for n in range(20)]
    await asyncio.sleep(0)
    for task in [holding, *waiting[::2]]:
        task.cancel()
    await asyncio.sleep(0)
    hold.set()
    await asyncio.gather(holding, *waiting, return_exceptions=True)
    assert await write(partial(requests.is_new, key="after", at=NOW))
    assert await count(database) == 11


async def test_caller_of_what_is_being_written_does_not_wait_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is done all the same; who came after it is told that nothing was done of theirs, and nothing is."""
    monkeypatch.setattr(storage.patience, "_LOOK_SECONDS", 0.01)
    begun, hold = threading.Event(), threading.Event()

    def write(tx: Connection) -> bool:
        begun.set()
        hold.wait()
        return requests.is_new(tx, "being written", NOW)

    writing = asyncio.ensure_future(database.write(write))
    await asyncio.to_thread(begun.wait, 10)
    behind = asyncio.ensure_future(database.write(partial(requests.is_new, key="behind", at=NOW)))
    with pytest.raises(MayBeDone, match="look first"):
        await writing
    with pytest.raises(Full, match="nothing was done") as refused:
        await behind
    assert not isinstance(refused.value, MayBeDone)
    hold.set()
    assert await database.write(partial(requests.is_new, key="after", at=NOW))
    assert not await database.write(partial(requests.is_new, key="being written", at=NOW))
    assert await count(database) == 2


async def test_file_is_held_until_it_is_closed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    first, second = Database(url), Database(url)
    await first.open()
    with pytest.raises(FileInUse, match="One process at a time"):
        await second.open()
    await first.close()
    await second.open()
    await second.close()


#: Opens a database as a Tocsin does, says how that went, and ends when it is told to.
_OPENING = """
import asyncio, sys
from storage.database import Database, FileInUse
try:
    asyncio.run(Database(sys.argv[1]).open())
    print("opened", flush=True)
except FileInUse as error:
    print(error, flush=True)
"""


async def opened_by_another(path: Path) -> str:
    opening = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _OPENING, f"sqlite:///{path}", stdout=asyncio.subprocess.PIPE
    )
    return (await opening.communicate())[0].decode()


@pytest.mark.parametrize("is_new", [True, False])
async def test_file_is_held_under_every_name(tmp_path: Path, is_new: bool) -> None:
    path = tmp_path / "test.db"
    if not is_new:
        assert await opened_by_another(path) == "opened\n"
    database = Database(f"sqlite:///{path}")
    await database.open()
    await database.write(partial(requests.is_new, key="one", at=NOW))
    path.with_name("test.db-lock").unlink()
    (tmp_path / "hard.db").hardlink_to(path)
    assert "in use by another Tocsin" in await opened_by_another(path)
    assert "maybe under another name" in await opened_by_another(tmp_path / "hard.db")
    assert not (tmp_path / "hard.db-wal").exists()
    assert await database.write(partial(requests.is_new, key="two", at=NOW))
    await database.close()
    assert await opened_by_another(tmp_path / "hard.db") == "opened\n"


async def test_file_that_a_link_leads_to_is_held_by_its_own_name(tmp_path: Path) -> None:
    path, link = tmp_path / "kept" / "test.db", tmp_path / "test.db"
    path.parent.mkdir()
    link.symlink_to(path)
    database = Database(f"sqlite:///{link}")
    await database.open()
    assert "in use by another Tocsin (process " in await opened_by_another(path)
    await database.close()
    assert {file.name for file in path.parent.iterdir()} == {"test.db", "test.db-lock"}
    assert {file.name for file in tmp_path.iterdir()} == {"test.db", "kept"}


async def test_name_is_decoded_once(tmp_path: Path) -> None:
    """In a URL %25 is a percent sign: SQLAlchemy says so."""
    database = Database(f"sqlite:///{tmp_path / 'a%2541.db'}")
    await database.open()
    await database.write(partial(requests.is_new, key="one", at=NOW))
    await database.close()
    assert {file.name for file in tmp_path.iterdir()} == {"a%41.db", "a%41.db-lock"}


async def test_operations_waiting_at_close_are_committed(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    await database.open()
    write = database.write
    waiting = [asyncio.ensure_future(write(partial(requests.is_new, key=f"{n}", at=NOW))) for n in range(200)]
    await asyncio.sleep(0)
    await database.close()
    assert all(await asyncio.gather(*waiting))


def test_migrations_go_up_and_down_and_end_at_the_tables(tmp_path: Path) -> None:
    engine = writing_engine(tmp_path / "test.db")
    for direction in ("up", "down", "up"):
        with engine.begin() as connection:
            if direction == "up":
                command.upgrade(configuration(connection), "head")
            else:
                command.downgrade(configuration(connection), "base")
                left = connection.execute(
                    text("SELECT name FROM sqlite_master WHERE type = 'table'")
                ).scalars()
                assert set(left) <= {"alembic_version"}
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


#: As good as a row: what is asked for by lane, kind and id.
LAST: Any = SimpleNamespace(lane="l", kind="update_card", id=7)


@pytest.mark.parametrize(
    ("ask", "indexes"),
    [
        (deadlines.earliest, {"ix_deadlines_due"}),
        (lambda tx: deadlines.due(tx, NOW, 10), {"ix_deadlines_due"}),
        (lambda tx: deadlines.following(tx, NOW), {"ix_deadlines_due"}),
        (lambda tx: outbox.drop_older(tx, LAST, NOW), {"ix_outbox_lane"}),
        (lambda tx: outbox.heads(tx, NOW, [(0, "page"), (1, "invite")], 10), {"ix_outbox_heads"}),
    ],
)
async def test_query_of_the_engine_uses_its_index(
    database: Database, ask: Callable[[Connection], object], indexes: set[str]
) -> None:
    asked: list[str] = []

    def explained(tx: Connection) -> str:
        raw = tx.connection.driver_connection
        assert raw is not None
        raw.set_trace_callback(asked.append)
        ask(tx)
        raw.set_trace_callback(None)
        (sql,) = asked
        return "\n".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}"))

    plan = await database.write(explained)
    assert {index for index in indexes if index in plan} == indexes


def test_requests_are_forgotten_after_their_time(tmp_path: Path) -> None:
    engine = writing_engine(tmp_path / "test.db")
    with engine.begin() as connection:
        metadata.create_all(connection)
        requests.is_new(connection, "old", NOW - timedelta(days=2))
        requests.is_new(connection, "young", NOW)
        requests.forget_before(connection, NOW - timedelta(days=1))
        assert not requests.is_new(connection, "young", NOW)
        assert requests.is_new(connection, "old", NOW)
    engine.dispose()
