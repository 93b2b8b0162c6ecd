"""A postmortem is written once, whole or not at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot import organization_file
from bot.domain.errors import AlreadyExists, Invalid, NotAllowed, NotFound, StillOpen
from bot.domain.incident import Incident, Status
from bot.domain.postmortem import (
    ActionItem,
    ActionStatus,
    Content,
    Impact,
    Moment,
    Postmortem,
    PostmortemLevel,
    PostmortemStatus,
    ResponseTimes,
)
from bot.domain.timeline import TOCSIN, Actor, PostmortemCreated
from bot.operations import declare, look_up, reorganize, respond, write_up
from storage.database import Database
from tests.story import ORGANIZATION

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
TABLES = ("postmortems", "postmortem_numbers", "timeline", "outbox")
ENOUGH = Content(summary="The pool ran out", root_cause="A leak", resolution="Rolled back")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.open()
    await organize(database, PostmortemLevel.STANDARD)
    yield database
    await database.close()


async def organize(database: Database, level: PostmortemLevel) -> None:
    wanted = replace(organization_file.read(ORGANIZATION), postmortem_level=level)
    await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, wanted))


def actor(tx: Connection, name: str) -> Actor:
    return look_up.as_actor(look_up.organization(tx).people[name])  # type: ignore[index]


def after(**span: float) -> datetime:
    return NOW + timedelta(**span)


async def declared(database: Database) -> str:
    def run(tx: Connection) -> str:
        return declare.declare(tx, NOW, actor(tx, "ada"), title="Oh no", services=["checkout"]).number

    return await database.write(run)


async def moved(database: Database, number: str, to: Status, at: datetime, comment: str = "why") -> None:
    def run(tx: Connection) -> Incident:
        return respond.change_status(tx, at, actor(tx, "emi"), number, to, comment)

    await database.write(run)


async def over(database: Database, to: Status = Status.RESOLVED) -> str:
    """The number of an incident that ended after an hour."""
    number = await declared(database)
    await moved(database, number, to, after(hours=1), "rolled back")
    return number


async def written(
    database: Database, number: str, content: Content = ENOUGH, by: str = "emi", **more: Any
) -> Postmortem:
    def run(tx: Connection) -> Postmortem:
        return write_up.write_up(tx, after(hours=2), actor(tx, by), number, content, **more)

    return await database.write(run)


async def counts(database: Database) -> dict[str, int]:
    def query(tx: Connection) -> dict[str, int]:
        return {table: tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in TABLES}  # noqa: S608

    return await database.read(query)


async def last_event(database: Database, number: str) -> object:
    def query(tx: Connection) -> object:
        return look_up.entries(tx, look_up.incident(tx, number))[-1].event

    return await database.read(query)


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
async def test_incident_that_is_over_gets_its_postmortem(database: Database, status: Status) -> None:
    number = await over(database, status)
    made = await written(database, number)
    assert (made.number, made.level, made.status) == ("PM-2026-001", "standard", "draft")
    assert (made.created_at, made.created_by) == (after(hours=2), "Emi Sato")
    assert await last_event(database, number) == PostmortemCreated("PM-2026-001")


async def test_what_was_written_reads_back_whole(database: Database) -> None:
    number = await over(database)
    content = Content(
        summary="S",
        root_cause="R",
        resolution="F",
        impact=Impact("an hour", "300", ("Checkout",), "little"),
        timeline=(Moment("2026-03-02T03:00:00Z", "It began"),),
        action_items=(ActionItem("Alert", "ben@example.com", "2026-03-09", ActionStatus.COMPLETED),),
        contributing_factors="C",
        detection_path="D",
        monitoring_gaps="M",
        response_timeline=ResponseTimes("at once", "soon", "late"),
        five_whys="W",
        executive_summary="E",
        prevented_recurrence="P",
    )
    made = await written(database, number, content, status=PostmortemStatus.PUBLISHED)
    assert (made.content, made.status) == (content, "published")
    assert await database.read(lambda tx: write_up.postmortem(tx, "pm-2026-1")) == made
    assert await database.read(lambda tx: write_up.postmortem_of(tx, look_up.incident(tx, number))) == made


async def test_incident_fills_in_what_it_knows(database: Database) -> None:
    number = await declared(database)
    await database.write(lambda tx: respond.acknowledge(tx, after(minutes=4), actor(tx, "emi"), number))
    await moved(database, number, Status.FIXING, after(minutes=20))
    await moved(database, number, Status.RESOLVED, after(hours=1, minutes=5), "rolled back")
    content = (await written(database, number)).content
    assert content.impact == Impact("1 h 5 min", None, ("Checkout",), None)
    assert content.response_timeline == ResponseTimes("4 min", "20 min", "1 h 5 min")
    assert content.timeline is not None
    assert content.timeline[0] == Moment("2026-03-02T03:00:00Z", "Incident created")
    assert content.timeline[-1] == Moment("2026-03-02T04:05:00Z", "Resolved: rolled back")


async def test_long_incident_still_knows_its_first_answer(database: Database) -> None:
    number = await declared(database)
    await database.write(lambda tx: respond.acknowledge(tx, after(minutes=4), actor(tx, "emi"), number))
    await moved(database, number, Status.FIXING, after(minutes=9))

    def chatter(tx: Connection) -> None:
        for ordinal in range(220):
            respond.note(tx, after(minutes=10), actor(tx, "ada"), number, f"note {ordinal}")

    await database.write(chatter)
    await moved(database, number, Status.RESOLVED, after(hours=1), "rolled back")
    content = (await written(database, number)).content
    assert content.response_timeline == ResponseTimes("4 min", "9 min", "1 h")
    assert content.timeline is not None
    assert len(content.timeline) == 200
    assert content.timeline[-1].description == "Resolved: rolled back"


async def test_how_it_ended_is_what_was_said_last(database: Database) -> None:
    number = await over(database)
    await moved(database, number, Status.INVESTIGATING, after(hours=2), "again")
    await moved(database, number, Status.RESOLVED, after(hours=3), "fixed for good")
    ended = await database.read(lambda tx: write_up.how_it_ended(tx, look_up.incident(tx, number)))
    assert ended == "fixed for good"


@pytest.mark.parametrize(
    ("level", "names"),
    [
        (PostmortemLevel.BASIC, {"summary"}),
        (PostmortemLevel.STANDARD, {"summary", "root_cause", "resolution"}),
        (PostmortemLevel.FULL, {"summary", "root_cause", "resolution", "impact", "action_items"}),
    ],
)
async def test_organization_says_what_must_be_told(
    database: Database, level: PostmortemLevel, names: set[str]
) -> None:
    await organize(database, level)
    number = await over(database)
    before = await counts(database)
    with pytest.raises(Invalid) as refused:
        await written(database, number, Content())
    assert refused.value.details.keys() == names
    assert await counts(database) == before


@pytest.mark.parametrize("status", [Status.NEW, Status.INVESTIGATING, Status.FIXING, Status.MONITORING])
async def test_open_incident_gets_none_and_nothing_changes(database: Database, status: Status) -> None:
    number = await declared(database)
    if status is not Status.NEW:
        await moved(database, number, status, after(minutes=1))
    before = await counts(database)
    with pytest.raises(StillOpen, match=f"{number} is {status}. Resolve or close it first"):
        await written(database, number)
    assert await counts(database) == before


async def test_second_postmortem_is_refused_and_names_the_first(database: Database) -> None:
    number = await over(database)
    await written(database, number)
    before = await counts(database)
    with pytest.raises(AlreadyExists, match="PM-2026-001"):
        await written(database, number, by="ada")
    assert await counts(database) == before


async def test_of_many_authors_exactly_one_writes(database: Database) -> None:
    number = await over(database)
    authors = [partial(written, database, number, by=name) for name in ("ada", "ben", "chloe", "dev", "emi")]
    results = await asyncio.gather(*(write() for write in authors), return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == [*["AlreadyExists"] * 4, "Postmortem"]


async def test_refused_postmortem_uses_up_no_number(database: Database) -> None:
    first, second = await over(database), await over(database)
    with pytest.raises(Invalid):
        await written(database, first, Content())
    assert [(await written(database, one)).number for one in (first, second)] == [
        "PM-2026-001",
        "PM-2026-002",
    ]


async def test_viewer_is_refused_and_nothing_changes(database: Database) -> None:
    number = await over(database)
    before = await counts(database)
    with pytest.raises(NotAllowed):
        await written(database, number, by="hana")
    assert await counts(database) == before


@pytest.mark.parametrize("number", ["PM-2026-002", "INC-2026-001", "", "PM-2026-", "x" * 5000])
async def test_postmortem_that_is_not_there_is_not_found(database: Database, number: str) -> None:
    await written(database, await over(database))
    with pytest.raises(NotFound):
        await database.read(lambda tx: write_up.postmortem(tx, number))


async def test_unknown_incident_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound, match="INC-2026-404"):
        await written(database, "INC-2026-404")
