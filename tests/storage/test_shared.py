"""Rows of several operations that are inserted together: nobody can tell that they waited."""

import asyncio
import sqlite3
from typing import Any

from sqlalchemy import Connection, select

from storage import deadlines, incidents, outbox, requests, shared, timeline
from storage.database import Database
from storage.sqlite import BATCH
from storage.tables import incidents as incidents_table
from storage.tables import outbox as outbox_table
from storage.tables import timeline as timeline_table
from tests.storage.test_sqlite import NOW


def incident(id: str) -> dict[str, Any]:
    moments = ("created_at", "acknowledge_by", "close_by", "clock_started_at")
    never = (
        "acknowledged_at",
        "acknowledged_by",
        "resolved_at",
        "resolved_by",
        "resolved_by_id",
        "closed_at",
    )
    return {
        "id": id,
        "number": f"INC-{id}",
        "version": 1,
        "sequence": 1,
        "title": "Checkout fails",
        "description": None,
        "severity": "SEV1",
        "status": "new",
        "service_ids": [],
        "team_id": None,
        "assignee_id": None,
        "declared_by": "Mara",
        "level": 1,
        "round": 1,
        "is_exhausted": False,
        **dict.fromkeys(moments, NOW),
        **dict.fromkeys(never),
    }


def event(incident_id: str) -> dict[str, Any]:
    return {"incident_id": incident_id, "sequence": 1, "at": NOW, "kind": "Noted", "facts": {}, "by": {}}


def deadline(incident_id: str) -> dict[str, Any]:
    armed = {"id": f"deadline-{incident_id}", "kind": "acknowledge", "level": 1, "due_at": NOW}
    return armed | {"incident_id": incident_id, "state": "armed"}


def delivery(key: str, lane: str) -> dict[str, Any]:
    kind = {"key": key, "kind": "mirror", "lane": lane, "priority": 2, "state": "pending"}
    return kind | {"attempt": 0, "is_in_doubt": False, "owed_at": NOW, "next_attempt_at": NOW}


def declare(id: str, tx: Connection) -> None:
    incidents.add(tx, incident(id))
    timeline.add(tx, [event(id)])
    outbox.add(tx, [delivery(f"first:{id}", f"channel:{id}"), delivery(f"second:{id}", f"channel:{id}")])
    outbox.add(tx, [delivery(f"announce:{id}", "announcements")])


async def at_once(database: Database, *operations: Any) -> list[Any]:
    """What came of operations that share a commit."""
    return await asyncio.gather(*map(database.write, operations), return_exceptions=True)


async def ids(database: Database) -> list[str]:
    return await database.read(
        lambda tx: list(tx.execute(select(incidents_table.c.id).order_by(incidents_table.c.id)).scalars())
    )


async def heads(database: Database) -> list[str]:
    found = select(outbox_table.c.key).where(outbox_table.c.is_head).order_by(outbox_table.c.id)
    return await database.read(lambda tx: list(tx.execute(found).scalars()))


async def test_rows_that_wait_are_seen_by_whoever_asks(database: Database) -> None:
    seen: list[str | None] = []

    def look(tx: Connection) -> None:
        row = incidents.by_id(tx, "a")
        seen.append(row.number if row is not None else None)

    await at_once(database, lambda tx: declare("a", tx), look)
    assert seen == ["INC-a"]


async def test_who_asks_of_one_incident_sees_all_of_it_and_lets_others_wait(database: Database) -> None:
    seen: list[Any] = []
    waiting: list[bool] = []

    def look(wanted: str, tx: Connection) -> None:
        row = incidents.by_number(tx, f"INC-{wanted}")
        seen.append(
            (row is not None, len(timeline.newest(tx, wanted, 9)), len(deadlines.armed_of(tx, wanted)))
        )
        waiting.append(bool(shared.of(tx).gathered))  # type: ignore[union-attr]

    await database.write(lambda tx: declare("a", tx))
    await at_once(
        database,
        lambda tx: deadlines.arm(tx, [deadline("a")]),
        lambda tx: declare("b", tx),
        lambda tx: look("c", tx),
        lambda tx: look("b", tx),
        lambda tx: look("a", tx),
    )
    assert seen == [(False, 0, 0), (True, 1, 0), (True, 1, 1)]
    assert waiting == [True, False, False]


async def test_each_lane_has_one_head_and_it_is_the_first(database: Database) -> None:
    await at_once(database, *(lambda tx, n=n: declare(f"{n:03}", tx) for n in range(BATCH)))
    assert await heads(database) == ["first:000", "announce:000"] + [f"first:{n:03}" for n in range(1, BATCH)]
    await database.write(lambda tx: declare("later", tx))
    assert (await heads(database))[-1] == "first:later"


async def test_what_was_owed_before_is_not_owed_again(database: Database) -> None:
    await database.write(lambda tx: declare("a", tx))
    await at_once(
        database,
        lambda tx: outbox.add(tx, [delivery("first:a", "another lane"), delivery("third", "another lane")]),
        lambda tx: outbox.add(tx, [delivery("third", "another lane"), delivery("fourth", "another lane")]),
    )
    assert await heads(database) == ["first:a", "announce:a", "third"]


async def test_row_that_is_referred_to_comes_before_those_that_refer_to_it(database: Database) -> None:
    await database.write(lambda tx: incidents.add(tx, incident("a")))
    results = await at_once(database, lambda tx: timeline.add(tx, [event("a")]), lambda tx: declare("b", tx))
    assert results == [None, None]
    assert await ids(database) == ["a", "b"]


async def test_only_the_operation_whose_row_is_refused_fails(database: Database) -> None:
    """It shows when the rows are inserted, long after the operation is over."""
    results = await at_once(
        database,
        lambda tx: declare("a", tx),
        lambda tx: timeline.add(tx, [event("nobody")]),
        lambda tx: declare("b", tx),
        lambda tx: declare("a", tx),
    )
    refused = sqlite3.IntegrityError
    assert [type(one) for one in results] == [type(None), refused, type(None), refused]
    assert await ids(database) == ["a", "b"]
    assert await heads(database) == ["first:a", "announce:a", "first:b"]


async def test_operation_that_is_refused_leaves_no_row_waiting(database: Database) -> None:
    def refuse(tx: Connection) -> None:
        declare("b", tx)
        raise ValueError("no")

    results = await at_once(database, lambda tx: declare("a", tx), refuse, lambda tx: declare("c", tx))
    assert [type(one) for one in results] == [type(None), ValueError, type(None)]
    assert await ids(database) == ["a", "c"]


async def test_who_is_refused_after_a_look_undoes_nothing_of_others(database: Database) -> None:
    """The look inserts the rows of those before: they are not the refused operation's."""
    runs: list[str] = []

    def declare_once(id: str, tx: Connection) -> None:
        runs.append(id)
        declare(id, tx)

    def refuse(tx: Connection) -> None:
        assert incidents.by_id(tx, "a") is not None
        raise ValueError("no")

    results = await at_once(
        database, lambda tx: declare_once("a", tx), refuse, lambda tx: declare_once("b", tx)
    )
    assert [type(one) for one in results] == [type(None), ValueError, type(None)]
    assert runs == ["a", "b"]
    assert await ids(database) == ["a", "b"]


async def test_more_rows_than_one_statement_takes_are_all_there(database: Database) -> None:
    some = 5 * BATCH + 3

    def owe(tx: Connection) -> None:
        outbox.add(tx, [delivery(f"k{n}", f"lane {n}") for n in range(some)])

    await at_once(database, owe, lambda tx: requests.is_new(tx, "between", NOW), lambda tx: declare("a", tx))
    counted = await database.read(lambda tx: len(tx.execute(select(outbox_table.c.id)).all()))
    assert counted == some + 3
    assert len(await heads(database)) == some + 2
    events = await database.read(lambda tx: tx.execute(select(timeline_table.c.incident_id)).scalars().all())
    assert events == ["a"]
