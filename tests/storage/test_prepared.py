"""Statements that are compiled once."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Text, bindparam, literal, select

from storage import deadlines, outbox, pages
from storage.database import Database
from storage.prepared import Insert, Statement
from storage.sqlite import writing_engine
from storage.tables import metadata
from storage.tables import outbox as outbox_table
from tests.storage.test_sqlite import NOW

Run = Callable[[Connection, str], object]
#: What every deadline, or every delivery, runs.
OFTEN: dict[str, Run] = {
    "armed deadlines": deadlines.armed_of,
    "disarming": lambda tx, one: deadlines.disarm(tx, one, ["acknowledge", "level_timeout"], NOW),
    "due deadlines": lambda tx, one: deadlines.due(tx, NOW, len(one)),
    "pages of an incident": lambda tx, one: pages.of_incident(tx, one, NOW),
    "pages of an event": lambda tx, one: pages.for_event(tx, one, len(one)),
    "heads": lambda tx, one: outbox.heads(tx, NOW, [(1, "page"), (2, "mirror")], len(one), by="slack"),
    "whether it is held": lambda tx, one: outbox.is_held(tx, len(one), one),
    "the next attempt": lambda tx, one: outbox.next_attempt(tx, NOW, [(1, "page"), (2, "mirror")]),
    "settling": lambda tx, one: outbox.settle(tx, len(one), one, {"state": "sent", "settled_at": NOW}),
}


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Connection]:
    with writing_engine(tmp_path / "prepared.db").connect() as connection:
        metadata.create_all(connection)
        yield connection


@pytest.fixture
async def door(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.open()
    yield database
    await database.close()


@contextmanager
def planned(tx: Connection) -> Iterator[list[int]]:
    """What SQLite asks about each time that it plans a statement."""
    asked: list[int] = []

    def ask(action: int, *_: Any) -> int:
        asked.append(action)
        return sqlite3.SQLITE_OK

    driver: Any = tx.connection.driver_connection
    driver.set_authorizer(ask)
    yield asked
    driver.set_authorizer(None)


@pytest.mark.parametrize("run", OFTEN.values(), ids=OFTEN.keys())
def test_statement_is_planned_once_whatever_its_parameters(tx: Connection, run: Run) -> None:
    with planned(tx) as asked:
        run(tx, "a")
        assert asked
        asked.clear()
        for one in ("bb", "ccc"):
            run(tx, one)
        assert asked == []


@pytest.mark.parametrize("fixed", ["it's", "why? because", "100 %", ":name", "$1", "", "ü\n\\"])
async def test_what_is_fixed_arrives_as_it_is(door: Database, fixed: str) -> None:
    wanted: Any = bindparam("wanted", type_=Text)
    statement = Statement(select(literal(fixed), wanted, literal(7)).where(wanted != literal(fixed)))
    assert await door.read(lambda tx: statement.run(tx, {"wanted": "x"})) == [(fixed, "x", 7)]
    assert await door.read(lambda tx: statement.run(tx, {"wanted": fixed})) == []


async def test_rows_are_converted_as_their_columns_say(door: Database) -> None:
    def write(tx: Connection) -> None:
        outbox.add(tx, [delivery(1, subject=None), delivery(2, subject="the second")])

    await door.write(write)
    rows = await door.read(lambda tx: [outbox.with_key(tx, f"key {n}") for n in (1, 2)])
    assert [(row.owed_at, row.is_head, row.is_in_doubt, row.subject) for row in rows if row is not None] == [
        (NOW, True, False, None),
        (NOW, False, False, "the second"),
    ]


async def test_many_rows_keep_their_order_and_those_that_are_known_are_left_out(door: Database) -> None:
    adding = Insert(outbox_table, unless="key")

    def add(tx: Connection, first: int, last: int) -> int:
        return adding.run(tx, [delivery(n) | {"is_head": False} for n in range(first, last)])

    assert await door.write(lambda tx: add(tx, 0, 70)) == 70
    assert await door.write(lambda tx: add(tx, 60, 200)) == 130
    in_order = select(outbox_table.c.key).order_by(outbox_table.c.id)
    assert await door.read(lambda tx: tx.execute(in_order).scalars().all()) == [
        f"key {n}" for n in range(200)
    ]


def delivery(number: int, subject: str | None = None) -> dict[str, Any]:
    return {
        "key": f"key {number}",
        "kind": "tell",
        "lane": "person:ada",
        "priority": 2,
        "subject": subject,
        "state": "pending",
        "attempt": 0,
        "is_in_doubt": False,
        "owed_at": NOW,
        "next_attempt_at": NOW,
    }
