"""The audit log: what is kept of a change, in its own transaction or not at all, and for ever."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bot import organization_file
from bot.domain.api_key import Scope
from bot.domain.audit import Action, AuditEntry
from bot.domain.errors import Conflict, Invalid
from bot.domain.ids import PersonId
from bot.domain.incident import Status
from bot.domain.organization import Organization, Person
from bot.domain.rights import Role
from bot.domain.sla import Severity
from bot.domain.timeline import TOCSIN, Actor, Door, Noted
from bot.operations import assign, audit, declare, issue_key, look_up, reorganize, respond
from bot.operations.record import record
from storage.database import Database
from tests import sqlite
from tests.story import ORGANIZATION

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
ADA, BEN, HANA = map(PersonId, ("ada", "ben", "hana"))
NUMBER = "INC-2026-001"
FORGED = "(id, at, action, actor_kind, actor, role) VALUES (1, 0, '', '', '', '')"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    sqlite.fresh(tmp_path / "test.db")
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    await database.open()
    wanted = organization_file.read(ORGANIZATION)
    await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, wanted))
    await database.write(lambda tx: declare.declare(tx, NOW, ada(tx), title="Oh no", services=["Checkout"]))
    yield database
    await database.close()


def ada(tx: Connection) -> Actor:
    return look_up.as_actor(look_up.organization(tx).people[ADA], Door.SLACK)


async def kept(database: Database, *actions: Action) -> list[AuditEntry]:
    found = await database.read(lambda tx: audit.review(tx, TOCSIN))
    return [one for one in found if one.action in actions]


def differences(entries: Sequence[AuditEntry]) -> list[tuple[str | None, str | None, str | None]]:
    return [(one.subject, one.before, one.after) for one in entries]


async def changed(database: Database, **changes: object) -> None:
    """The organization with these changes is applied."""

    def operation(tx: Connection) -> bool:
        return reorganize.apply(tx, NOW, ada(tx), replace(look_up.organization(tx), **changes))  # type: ignore[arg-type]

    assert await database.write(operation)


async def people(database: Database, **changes: Person | None) -> None:
    organization: Organization = await database.read(look_up.organization)
    wanted = {**organization.people, **{PersonId(one): to for one, to in changes.items()}}
    await changed(database, people={one: to for one, to in wanted.items() if to is not None})


async def test_changes_of_an_incident_say_who_what_and_by_which_door(database: Database) -> None:
    def operation(tx: Connection) -> None:
        respond.change_severity(tx, NOW, ada(tx), NUMBER, Severity.SEV0)
        assign.assign(tx, NOW, ada(tx), NUMBER, BEN)
        respond.change_status(tx, NOW, ada(tx), NUMBER, Status.FIXING)
        respond.note(tx, NOW, ada(tx), NUMBER, "nothing of this is kept")

    await database.write(operation)
    found = await kept(database, Action.SEVERITY, Action.ASSIGNEE, Action.STATUS)
    assert [(one.action, one.before, one.after) for one in found] == [
        ("severity", "SEV1", "SEV0"),
        ("assignee", "farid", "ben"),
        ("status", "new", "fixing"),
    ]
    assert {(one.actor, one.person_id, one.role, one.door, one.number, one.at) for one in found} == {
        ("Ada Okafor", "ada", "admin", "slack", NUMBER, NOW)
    }


async def test_what_is_rolled_back_was_never_done(database: Database) -> None:
    def operation(tx: Connection) -> None:
        seen = look_up.incident(tx, NUMBER)
        respond.change_severity(tx, NOW, ada(tx), NUMBER, Severity.SEV0)
        record(tx, NOW, ada(tx), seen, seen, Noted("too late"))

    with pytest.raises(Conflict):
        await database.write(operation)
    assert await kept(database, Action.SEVERITY) == []


async def test_role_given_changed_and_taken_is_kept(database: Database) -> None:
    organization = await database.read(look_up.organization)
    ben = organization.people[BEN]
    zoe = Person(PersonId("zoe"), "Zoe", "zoe@example.com", Role.VIEWER)
    await people(database, ben=replace(ben, role=Role.ADMIN), zoe=zoe, hana=None)
    await people(database, ben=replace(ben, role=Role.ADMIN, name="Benjamin"))
    found = [one for one in await kept(database, Action.ROLE) if one.actor == "Ada Okafor"]
    assert differences(found) == [
        ("ben", "responder", "admin"),
        ("hana", "viewer", None),
        ("zoe", None, "viewer"),
    ]


async def test_who_takes_over_somebodys_address_is_seen(database: Database) -> None:
    """Whoever is recognised as a person has that person's rights."""
    ben = (await database.read(look_up.organization)).people[BEN]
    await people(database, ben=replace(ben, email="eve@example.com"))
    await database.write(lambda tx: reorganize.recognize(tx, NOW, "eve@example.com", "U0EVE"))
    found = [one for one in await kept(database, Action.IDENTITY) if one.before]
    assert differences(found) == [
        ("ben", "ben@example.com", "eve@example.com"),
        ("ben", "eve@example.com", "eve@example.com U0EVE"),
    ]


async def test_organization_is_told_in_short(database: Database) -> None:
    organization = await database.read(look_up.organization)
    services = {one: service for one, service in organization.services.items() if one != "search"}
    await changed(database, services=services, default_severity=Severity.SEV3)
    assert not await database.write(lambda tx: reorganize.apply(tx, NOW, ada(tx), look_up.organization(tx)))
    first, second = await kept(database, Action.ORGANIZATION)
    assert first.actor == "Tocsin"
    assert "people +ada +ben +chloe +dev +emi +farid +gus +hana" in str(first.after)
    assert second.after == "services −search; default_severity SEV2 → SEV3"


async def test_keys_are_kept_without_anything_of_their_secret(database: Database) -> None:
    def create(tx: Connection) -> str:
        _, text = issue_key.create(
            tx, NOW, ada(tx), name="deploys", scopes=list(Scope), secret=None, email="ben@example.com"
        )
        return text

    key = await database.write(create)
    await database.write(lambda tx: issue_key.revoke(tx, NOW, ada(tx), "deploys"))
    created, revoked = await kept(database, Action.KEY_CREATED, Action.KEY_REVOKED)
    assert str(created.subject).startswith("deploys (")
    assert created.after == revoked.before == "all scopes, as ben"
    assert revoked.subject == created.subject
    assert key[:8] not in str((created, revoked))


async def test_same_refusal_is_kept_once_a_minute(database: Database) -> None:
    hana = look_up.as_actor((await database.read(look_up.organization)).people[HANA], Door.API)
    for seconds in (0, 1, 59, 61):
        for number in (NUMBER, "INC-2026-002"):
            at = NOW + timedelta(seconds=seconds)
            operation = partial(audit.keep_refusal, now=at, actor=hana, lacking="resolve", number=number)
            await database.write(operation)
    found = await kept(database, Action.REFUSED)
    assert [(one.number, (one.at - NOW).seconds) for one in found] == [
        (NUMBER, 0),
        ("INC-2026-002", 0),
        (NUMBER, 61),
        ("INC-2026-002", 61),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'nobody'",
        "UPDATE audit_log SET id = id + 1000",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE id = 1",
        f"INSERT OR REPLACE INTO audit_log {FORGED}",
        f"REPLACE INTO audit_log {FORGED}",
        f"INSERT INTO audit_log {FORGED} ON CONFLICT (id) DO UPDATE SET actor = 'nobody'",
    ],
)
async def test_database_itself_refuses_to_forget(database: Database, statement: str) -> None:
    before = await database.read(lambda tx: audit.review(tx, TOCSIN))
    with pytest.raises(DBAPIError, match="the audit log is append-only"):
        await database.write(lambda tx: tx.execute(text(statement)) and None)
    assert await database.read(lambda tx: audit.review(tx, TOCSIN)) == before != ()


async def test_review_finds_by_time_actor_and_incident(database: Database) -> None:
    later = NOW + timedelta(days=3)
    await database.write(lambda tx: respond.acknowledge(tx, later, ada(tx), NUMBER))

    async def found(**wanted: object) -> set[tuple[str, str]]:
        entries = await database.read(lambda tx: audit.review(tx, TOCSIN, **wanted))  # type: ignore[arg-type]
        return {(one.actor, one.action.value) for one in entries}

    by_ada = {("Ada Okafor", "status"), ("Ada Okafor", "assignee")}
    assert await found(since=NOW + timedelta(days=1)) == by_ada
    assert await found(who="ada okafor") == await found(who="ADA") == by_ada
    assert await found(number="inc-2026-1") == by_ada
    assert await found(number="INC-2026-999") == await found(who="eve") == set()
    with pytest.raises(Invalid):
        await found(number="checkout")


async def test_five_thousand_people_at_once_are_kept(database: Database) -> None:
    """More values than SQLite takes in one statement."""
    crowd = {f"p{n}": Person(PersonId(f"p{n}"), f"P {n}", f"p{n}@example.com") for n in range(5_000)}
    await people(database, **crowd)
    found = await kept(database, Action.ROLE)
    assert len([one for one in found if one.actor == "Ada Okafor"]) == 5_000
    summary = (await kept(database, Action.ORGANIZATION))[-1].after
    assert str(summary).endswith("+4990 more")
