"""Every role tries every action through the operations: what is refused leaves nothing behind."""

import inspect
import pkgutil
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot import operations, organization_file
from bot.domain.api_key import Scope
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.incident import Status
from bot.domain.organization import Person
from bot.domain.override import Stretch, upcoming
from bot.domain.postmortem import Content
from bot.domain.rights import RIGHTS, Right, Role
from bot.domain.sla import Severity
from bot.domain.timeline import TOCSIN, Actor, ActorKind
from bot.operations import (
    assign,
    audit,
    declare,
    escalate,
    issue_key,
    look_up,
    page,
    reorganize,
    respond,
    share_calendar,
    stand_in,
    swap,
    write_up,
)
from bot.operations.permit import LacksRight
from storage.database import Database
from tests import sqlite
from tests.story import ORGANIZATION

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
OPEN, OVER = "INC-2026-001", "INC-2026-002"
TABLES = (
    "incidents",
    "timeline",
    "deadlines",
    "outbox",
    "organizations",
    "api_keys",
    "postmortems",
    "audit_log",
    "swaps",
    "feeds",
)
WRITTEN = Content(summary="It broke", root_cause="A deploy", resolution="Rolled back")
BEN, ZOE = PersonId("ben"), PersonId("zoe")
PLATFORM = ScheduleId("platform")
#: Zoe's, who asks and is asked for it.
HERS = Stretch(PLATFORM, NOW + timedelta(days=1), NOW + timedelta(days=2))

Attempt = Callable[[Connection, Actor], object]


def _reorganized(tx: Connection, actor: Actor) -> object:
    wanted = replace(look_up.organization(tx), announcement_channel="elsewhere")
    return reorganize.apply(tx, NOW, actor, wanted)


def _moved(number: str, to: Status) -> Attempt:
    return lambda tx, actor: respond.change_status(tx, NOW, actor, number, to, "because")


def _overridden(tx: Connection, actor: Actor) -> object:
    return stand_in.override(tx, NOW, actor, PLATFORM, BEN, NOW, NOW + timedelta(hours=1))


def _answered(tx: Connection, actor: Actor) -> object:
    [(swap_id,)] = tx.execute(text("SELECT id FROM swaps")).all()
    return swap.answer(tx, NOW, actor, swap_id, accepts=True)


#: Every operation that somebody can ask for, by its name, once for each right that it needs.
ATTEMPTS: Mapping[tuple[str, Right], Attempt] = {
    ("declare", Right.DECLARE): lambda tx, actor: declare.declare(tx, NOW, actor, title="Oh no"),
    ("acknowledge", Right.ACKNOWLEDGE): lambda tx, actor: respond.acknowledge(tx, NOW, actor, OPEN),
    ("change_status", Right.CHANGE_STATUS): _moved(OPEN, Status.FIXING),
    ("change_status", Right.RESOLVE): _moved(OPEN, Status.RESOLVED),
    ("change_status", Right.CLOSE): _moved(OPEN, Status.CLOSED),
    ("change_status", Right.REOPEN): _moved(OVER, Status.INVESTIGATING),
    ("change_severity", Right.CHANGE_SEVERITY): lambda tx, actor: respond.change_severity(
        tx, NOW, actor, OPEN, Severity.SEV0
    ),
    ("change_title", Right.REWORD): lambda tx, actor: respond.change_title(tx, NOW, actor, OPEN, "Other"),
    ("reopen", Right.REOPEN): lambda tx, actor: respond.reopen(tx, NOW, actor, OVER, "because"),
    ("describe", Right.REWORD): lambda tx, actor: respond.describe(tx, NOW, actor, OPEN, "Other"),
    ("note", Right.NOTE): lambda tx, actor: respond.note(tx, NOW, actor, OPEN, "Look"),
    ("assign", Right.ASSIGN): lambda tx, actor: assign.assign(tx, NOW, actor, OPEN, BEN),
    ("escalate", Right.ESCALATE): lambda tx, actor: escalate.escalate(tx, NOW, actor, OPEN),
    ("escalate_once", Right.ESCALATE): lambda tx, actor: escalate.escalate_once(tx, NOW, actor, OPEN),
    ("page", Right.PAGE): lambda tx, actor: page.page(tx, NOW, actor, OPEN, BEN),
    ("write_up", Right.WRITE_POSTMORTEM): lambda tx, actor: write_up.write_up(tx, NOW, actor, OVER, WRITTEN),
    ("override", Right.CHANGE_DUTY): _overridden,
    ("take_over", Right.CHANGE_DUTY): lambda tx, actor: stand_in.take_over(tx, NOW, actor, PLATFORM),
    ("ask", Right.CHANGE_DUTY): lambda tx, actor: swap.ask(tx, NOW, actor, HERS, PersonId("chloe")),
    ("answer", Right.CHANGE_DUTY): _answered,
    ("apply", Right.CONFIGURE): _reorganized,
    ("create", Right.MANAGE_KEYS): lambda tx, actor: issue_key.create(
        tx, NOW, actor, name="mine", scopes=list(Scope), secret="0123456789abcdef"
    ),
    ("revoke", Right.MANAGE_KEYS): lambda tx, actor: issue_key.revoke(tx, NOW, actor, "old"),
    ("create", Right.MANAGE_FEEDS): lambda tx, actor: share_calendar.create(
        tx, NOW, actor, secret="0123456789abcdef", schedule="platform"
    ),
    ("revoke", Right.MANAGE_FEEDS): lambda tx, actor: share_calendar.revoke(
        tx, NOW, actor, share_calendar.every(tx)[0].id
    ),
    ("review", Right.AUDIT): lambda tx, actor: audit.review(tx, actor),
}
#: They take an actor, to write down who it was, and are no wish of anybody's.
NO_WISHES = {"permit", "record", "record_first", "keep", "keep_refusal", "put_on_top"}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    sqlite.fresh(tmp_path / "test.db")
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    await database.open()

    def prepare(tx: Connection) -> None:
        organization = organization_file.read(ORGANIZATION)
        people = {**organization.people, ZOE: Person(ZOE, "Zoe", "zoe@example.com")}
        reorganize.apply(tx, NOW, TOCSIN, replace(organization, people=people))
        stand_in.override(tx, NOW, TOCSIN, PLATFORM, ZOE, HERS.starts_at, HERS.ends_at)
        by_ben = look_up.as_actor(look_up.organization(tx).people[BEN])
        later = next(
            Stretch(PLATFORM, shift.starts_at, shift.ends_at)
            for _, shift in upcoming([look_up.organization(tx).schedules[PLATFORM]], BEN, NOW)
            if shift.starts_at > NOW
        )
        swap.ask(tx, NOW, by_ben, later, ZOE)
        for number in (OPEN, OVER):
            declare.declare(tx, NOW, TOCSIN, title=number, services=["Checkout"])
        respond.change_status(tx, NOW, TOCSIN, OVER, Status.RESOLVED, "fixed")
        issue_key.create(tx, NOW, TOCSIN, name="old", scopes=list(Scope), secret="0123456789abcdef")
        share_calendar.create(tx, NOW, TOCSIN, secret="0123456789abcdef", schedule="platform")

    await database.write(prepare)
    yield database
    await database.close()


def actor(role: Role) -> Actor:
    return Actor(ActorKind.PERSON, "Zoe", ZOE, role=role)


async def rows(database: Database) -> dict[str, list[Any]]:
    def query(tx: Connection) -> dict[str, list[Any]]:
        return {table: [*tx.execute(text(f"SELECT * FROM {table}"))] for table in TABLES}  # noqa: S608

    return await database.read(query)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("name", "right"), ATTEMPTS)
async def test_role_may_do_what_the_table_says_and_no_more(
    database: Database, role: Role, name: str, right: Right
) -> None:
    before = await rows(database)
    attempt = ATTEMPTS[name, right]
    if right in RIGHTS[role]:
        await database.write(lambda tx: attempt(tx, actor(role)))
        assert right is Right.AUDIT or await rows(database) != before
        return
    with pytest.raises(LacksRight, match=f"Your role \\({role}\\) does not let you {right}") as caught:
        await database.write(lambda tx: attempt(tx, actor(role)))
    assert caught.value.right is right
    assert await rows(database) == before


def test_every_operation_that_takes_an_actor_is_tried() -> None:
    """Who adds an operation decides in the table who may ask for it."""
    found = set()
    for module in pkgutil.iter_modules(operations.__path__, "bot.operations."):
        for name, function in inspect.getmembers(import_module(module.name), inspect.isfunction):
            if "actor" in inspect.signature(function).parameters and not name.startswith("_"):
                found.add(name)
    assert found - NO_WISHES == {name for name, _ in ATTEMPTS}
    assert {right for _, right in ATTEMPTS} == set(Right)


async def test_key_has_its_persons_role_as_it_is_now(database: Database) -> None:
    """Whoever is made a viewer acts no more with the key that was made before."""

    def made(tx: Connection) -> str:
        key, _ = issue_key.create(
            tx, NOW, TOCSIN, name="ben's", scopes=list(Scope), secret="s" * 16, email="ben@example.com"
        )
        return key.id

    key_id = await database.write(made)

    def demote(tx: Connection) -> None:
        organization = look_up.organization(tx)
        people = {**organization.people, BEN: replace(organization.people[BEN], role=Role.VIEWER)}
        reorganize.apply(tx, NOW, TOCSIN, replace(organization, people=people))

    def use(tx: Connection) -> object:
        return respond.note(tx, NOW, issue_key.still_valid(tx, NOW, key_id), OPEN, "Look")

    await database.write(use)
    await database.write(demote)
    with pytest.raises(LacksRight):
        await database.write(use)


def test_who_has_no_role_may_only_ring_the_alarm() -> None:
    assert RIGHTS[Actor(ActorKind.PERSON, "Zoe").role] == {Right.DECLARE}
