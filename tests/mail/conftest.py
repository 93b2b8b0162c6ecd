"""A database with one open incident, and the page that is owed for it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot import organization_file
from bot.domain import consequences, mail
from bot.domain.contact import Method
from bot.domain.delivery import ClaimedDelivery, Outcome
from bot.domain.ids import PersonId
from bot.domain.incident import Incident
from bot.domain.timeline import TOCSIN
from bot.engine.clock import SetClock
from bot.mail.deliverer import MailDeliverer
from bot.operations import page, reorganize
from bot.operations.declare import declare
from storage.database import Connection, Database
from tests import sqlite
from tests.mail.post_office import PASSWORD, USER, Authority
from tests.story import ORGANIZATION, START

SENDER = mail.sender("Tocsin <tocsin@example.com>")
LINK = "https://slack.com/app_redirect?channel=C1"
CREDENTIALS = f"{USER.replace('@', '%40')}:{PASSWORD.replace('/', '%2F').replace(' ', '%20')}"


class Desk:
    """Where pages for Farid are written and handed to a mail server."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = SetClock(START)
        self.incident: Incident

    async def declare(self, title: str = "Checkout is down") -> None:
        def operation(tx: Connection) -> Incident:
            now = self.clock.now()
            found = declare(tx, now, TOCSIN, title=title, services=["Checkout"])
            return page.page(tx, now, TOCSIN, found.number, PersonId("farid"), methods=[Method.EMAIL])

        self.incident = await self.database.write(operation)
        self.clock.forward(minutes=4)

    def owed(self, person: str = "farid", *, is_in_doubt: bool = False) -> ClaimedDelivery:
        found = self.incident
        owed = consequences.page(found.id, found.sequence, PersonId(person), Method.EMAIL)
        return ClaimedDelivery(1, owed, 1, is_in_doubt, found.created_at, found.number)

    async def sends(
        self, url: str, delivery: ClaimedDelivery | None = None, patience: float = 5.0
    ) -> Outcome:
        deliverer = MailDeliverer(
            mail.server(url), SENDER, self.database, self.clock.now, lambda _: LINK, patience
        )
        return await deliverer(delivery or self.owed())

    async def change(self, person: str, **fields: object) -> None:
        """Farid as nobody would write him into a file."""
        now = self.clock.now()
        organization = organization_file.read(ORGANIZATION)
        people = dict(organization.people)
        people[PersonId(person)] = replace(people[PersonId(person)], **fields)  # type: ignore[arg-type]
        changed = replace(organization, people=people)
        await self.database.write(lambda tx: reorganize.apply(tx, now, TOCSIN, changed))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    sqlite.fresh(tmp_path / "mail.db")
    database = Database(f"sqlite:///{tmp_path / 'mail.db'}")
    await database.open()
    desk = Desk(database)
    organization = organization_file.read(ORGANIZATION)
    await database.write(lambda tx: reorganize.apply(tx, START, TOCSIN, organization))
    await desk.declare()
    yield desk
    await database.close()


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def trusted(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this machine trusts."""
    authority.write(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return authority
