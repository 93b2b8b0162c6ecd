"""Statements that are compiled once."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, literal, select

from storage import deadlines, outbox, pages
from storage.prepared import Statement
from storage.sqlite import writing_engine
from storage.tables import metadata
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


@pytest.mark.parametrize("fixed", ["it's", "why? because", "100 %", ":name", "", "ü\n\\"])
def test_what_is_fixed_arrives_as_it_is(tx: Connection, fixed: str) -> None:
    wanted: Any = bindparam("wanted")
    statement = Statement(select(literal(fixed), wanted, literal(7)).where(wanted != literal(fixed)))
    assert statement.run(tx, {"wanted": "x"}) == [(fixed, "x", 7)]
    assert statement.run(tx, {"wanted": fixed}) == []
