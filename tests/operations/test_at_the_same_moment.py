"""Two who act at the same moment, and a write that cannot be made: all or nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, text

from bot import organization_file
from bot.domain.asking import is_asking
from bot.domain.errors import AlreadyAcknowledged, Conflict, Invalid, NotAllowed, NotFound, SlaNotConfigured
from bot.domain.ids import ScheduleId
from bot.domain.incident import Incident
from bot.domain.schedule import on_call
from bot.domain.sla import Severity, Sla
from bot.domain.timeline import TOCSIN, Actor, Escalated, Noted
from bot.operations import declare, escalate, look_up, reorganize, respond, stand_in
from bot.operations.record import record
from storage.database import Database
from tests.story import ORGANIZATION

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
TABLES = ("incidents", "timeline", "deadlines", "outbox", "places")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.open()
    wanted = organization_file.read(ORGANIZATION)
    await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, wanted))
    yield database
    await database.close()


def actor(tx: Connection, name: str) -> Actor:
    person = look_up.organization(tx).people[name]  # type: ignore[index]
    return look_up.as_actor(person)


def declared(tx: Connection, title: str = "Oh no", **more: object) -> Incident:
    return declare.declare(tx, NOW, actor(tx, "ada"), title=title, **more)  # type: ignore[arg-type]


async def counts(database: Database) -> dict[str, int]:
    def query(tx: Connection) -> dict[str, int]:
        return {table: tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in TABLES}  # noqa: S608

    return await database.read(query)


async def test_of_many_acknowledgements_exactly_one_wins(database: Database) -> None:
    incident = await database.write(declared)

    def press(tx: Connection, name: str) -> Incident:
        return respond.acknowledge(tx, NOW, actor(tx, name), incident.number)

    presses = [database.write(partial(press, name=name)) for name in ("ada", "ben", "chloe", "dev", "emi")]
    results = await asyncio.gather(*presses, return_exceptions=True)
    winners = [one for one in results if isinstance(one, Incident)]
    losers = [one for one in results if isinstance(one, AlreadyAcknowledged)]
    assert (len(winners), len(losers)) == (1, 4)
    assert {loser.by for loser in losers} == {winners[0].acknowledged_by}


async def test_escalation_that_was_asked_for_before_an_acknowledgement_that_was_faster_still_pages(
    database: Database,
) -> None:
    """Each process reads its clock before it waits for the incident."""
    number = (await database.write(declared)).number
    later, now = NOW + timedelta(seconds=2), NOW + timedelta(seconds=1)
    await database.write(lambda tx: respond.acknowledge(tx, later, actor(tx, "ben"), number))
    incident = await database.write(lambda tx: escalate.escalate(tx, now, actor(tx, "ada"), number))
    last = (await database.read(lambda tx: look_up.entries(tx, incident)))[-1]
    assert isinstance(last.event, Escalated)
    assert is_asking(incident, last)


async def test_acknowledgement_that_was_asked_for_before_an_escalation_that_was_faster_still_answers_it(
    database: Database,
) -> None:
    number = (await database.write(declared)).number
    later, now = NOW + timedelta(seconds=2), NOW + timedelta(seconds=1)
    await database.write(lambda tx: escalate.escalate(tx, later, actor(tx, "ada"), number))
    incident = await database.write(lambda tx: respond.acknowledge(tx, now, actor(tx, "ben"), number))
    *_, escalated, acknowledged = await database.read(lambda tx: look_up.entries(tx, incident))
    assert isinstance(escalated.event, Escalated)
    assert acknowledged.at == incident.acknowledged_at
    assert not is_asking(incident, escalated)


async def test_change_of_what_one_has_not_seen_is_refused(database: Database) -> None:
    seen = await database.write(declared)
    await database.write(lambda tx: respond.note(tx, NOW, actor(tx, "ben"), seen.number, "first"))
    before = await counts(database)
    with pytest.raises(Conflict):
        await database.write(lambda tx: record(tx, NOW, actor(tx, "ada"), seen, seen, Noted("second")))
    assert await counts(database) == before


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ({"title": " "}, Invalid),
        ({"title": "x" * 201}, Invalid),
        ({"description": "x" * 10_001}, Invalid),
        ({"services": ["nowhere"]}, NotFound),
        ({"services": ["checkout"] * 51}, Invalid),
    ],
)
async def test_refused_declaration_leaves_nothing_behind(
    database: Database, words: dict[str, object], refusal: type[Exception]
) -> None:
    before = await counts(database)
    with pytest.raises(refusal):
        await database.write(lambda tx: declared(tx, **words))  # type: ignore[arg-type]
    assert await counts(database) == before
    assert (await database.write(declared)).number == "INC-2026-001"


async def test_viewer_is_refused_in_the_operation(database: Database) -> None:
    incident = await database.write(declared)
    with pytest.raises(NotAllowed):
        await database.write(lambda tx: respond.acknowledge(tx, NOW, actor(tx, "hana"), incident.number))


async def test_severity_without_an_sla_is_refused(database: Database) -> None:
    wanted = organization_file.read(ORGANIZATION)
    slas: dict[Severity, Sla] = {
        severity: sla for severity, sla in wanted.slas.items() if severity is not Severity.SEV4
    }
    await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, replace(wanted, slas=slas)))
    with pytest.raises(SlaNotConfigured):
        await database.write(lambda tx: declared(tx, severity=Severity.SEV4))


async def test_applying_the_same_file_changes_nothing(database: Database) -> None:
    wanted = organization_file.read(ORGANIZATION)
    keys = {one.id: one.key for one in (await database.read(look_up.organization)).services.values()}
    assert not await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, wanted))
    assert all(key.startswith("svc_") for key in keys.values())


async def test_who_left_the_file_stays_as_inactive_and_keys_stay(database: Database) -> None:
    before = await database.read(look_up.organization)
    wanted = organization_file.read(ORGANIZATION)
    people = {handle: person for handle, person in wanted.people.items() if handle != "hana"}
    await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, replace(wanted, people=people)))
    after = await database.read(look_up.organization)
    assert not after.people["hana"].is_active  # type: ignore[index]
    assert {one.key for one in after.services.values()} == {one.key for one in before.services.values()}


async def test_new_title_and_description_stand_on_the_timeline_once(database: Database) -> None:
    number = (await database.write(declared)).number

    def reword(tx: Connection) -> None:
        respond.change_title(tx, NOW, actor(tx, "ada"), number, "  Checkout   is down ")
        respond.describe(tx, NOW, actor(tx, "ada"), number, "500s since 14:20")

    await database.write(reword)
    await database.write(reword)
    incident = await database.read(lambda tx: look_up.incident(tx, number))
    entries = await database.read(lambda tx: look_up.entries(tx, incident))
    assert (incident.title, incident.description) == ("Checkout is down", "500s since 14:20")
    kinds = [type(entry.event).__name__ for entry in entries]
    assert (kinds.count("TitleChanged"), kinds.count("DescriptionChanged")) == (1, 1)


async def test_everybody_who_is_found_at_the_same_moment_is_known_afterwards(database: Database) -> None:
    """Whoever looks in between must not keep an organization in which somebody is missing."""
    people = (await database.read(look_up.organization)).people.values()

    def find(tx: Connection, email: str, slack_id: str) -> bool:
        return reorganize.recognize(tx, NOW, email, slack_id)

    found = asyncio.gather(
        *(database.write(partial(find, email=p.email, slack_id=f"U{p.id}")) for p in people)
    )
    while not found.done():
        await database.read(look_up.organization)
    assert all(await found)
    known = await database.read(look_up.organization)
    assert [one.id for one in known.people.values() if one.slack_id != f"U{one.id}"] == []


async def test_who_took_over_in_a_transaction_that_was_undone_is_not_on_call(database: Database) -> None:
    """The next organization has the same number."""

    def take_over(tx: Connection, name: str) -> None:
        stand_in.take_over(tx, NOW, actor(tx, name), "web")

    def undone(tx: Connection) -> None:
        take_over(tx, "emi")
        assert primary(tx) == "emi"
        raise Invalid(schedule="is refused after all")

    def primary(tx: Connection) -> str | None:
        shift = on_call(look_up.organization(tx).schedules[ScheduleId("web")], NOW)
        return shift.primary if shift is not None else None

    with pytest.raises(Invalid):
        await database.write(undone)
    await database.write(lambda tx: take_over(tx, "dev"))
    assert (await database.read(primary), await database.write(primary)) == ("dev", "dev")


async def test_number_of_who_is_refused_is_given_to_the_next(database: Database) -> None:
    """Several in one commit: numbers have neither a gap nor a double."""

    def refused(tx: Connection) -> None:
        declared(tx, "refused")
        raise Invalid(title="is not wanted after all")

    asked = [database.write(one) for one in (declared, refused, declared, refused, declared)]
    given = await asyncio.gather(*asked, return_exceptions=True)
    numbers = sorted(one.number for one in given if isinstance(one, Incident))
    assert numbers == ["INC-2026-001", "INC-2026-002", "INC-2026-003"]
    assert (await database.write(declared)).number == "INC-2026-004"
