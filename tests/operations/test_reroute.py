"""Pages that go another way: at most one arrives, and nothing is told that is not done."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import organization_file
from bot.domain.contact import Method
from bot.domain.delivery import ClaimedDelivery, InDoubt, Outcome, Sent
from bot.domain.incident import Incident
from bot.domain.timeline import TOCSIN
from bot.operations import declare, deliver, look_up, reorganize, reroute, respond
from bot.operations.deliver import Lease, Room
from bot.operations.reroute import Rerouted
from storage.database import Connection, Database
from storage.pages import for_event
from tests.scenarios.outages import SLACK_TWICE
from tests.story import ORGANIZATION

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
METHODS = (Method.SLACK, Method.EMAIL)
LEASE = Lease("us", timedelta(seconds=6))


@dataclass
class Pages:
    """What is owed on a database, with a clock that the test moves."""

    database: Database
    now: datetime = field(default=NOW)

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def declared(self, title: str = "Oh no") -> Incident:
        return await self.database.write(
            lambda tx: declare.declare(tx, self.now, TOCSIN, title=title, services=["checkout"])
        )

    async def claimed(self, *methods: Method) -> list[ClaimedDelivery]:
        """The pages that may go out now by these methods; there is room for no others."""
        room = Room(all=50, ordinary=0, by_method={one: 50 if one in methods else 0 for one in METHODS})
        return await self.database.write(lambda tx: deliver.claim(tx, self.now, LEASE, room))

    async def settled(
        self, page: ClaimedDelivery, outcome: Outcome, known_at: datetime | None = None
    ) -> None:
        await self.database.write(
            lambda tx: deliver.settle(
                tx, self.now, page, outcome, known_at or self.now, self.now, LEASE.holder, METHODS
            )
        )

    async def rerouted(self) -> list[Rerouted]:
        """Slack does not answer, which is known."""
        found, _ = await self.database.write(
            lambda tx: reroute.reroute(tx, self.now, METHODS, [Method.SLACK])
        )
        return found

    async def events(self, incident: Incident) -> list[str]:
        entries = await self.database.read(lambda tx: look_up.entries(tx, incident))
        return [type(entry.event).__name__ for entry in entries]


@pytest.fixture
async def pages(database_url: str) -> AsyncIterator[Pages]:
    database = Database(database_url)
    await database.open()
    wanted = organization_file.read(ORGANIZATION)
    await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, wanted))
    yield Pages(database)
    await database.close()


async def test_letter_that_waited_while_the_page_arrived_by_slack_is_not_sent(pages: Pages) -> None:
    await pages.declared()
    (by_slack,) = await pages.claimed(*METHODS)
    pages.forward(8)
    await pages.settled(by_slack, InDoubt("no answer"))
    pages.forward(23)
    assert len(await pages.rerouted()) == 1
    pages.forward(3)
    (again,) = await pages.claimed(Method.SLACK)
    await pages.settled(again, Sent("D1", "1.0"))
    assert await pages.claimed(*METHODS) == []


async def test_page_that_nobody_need_answer_any_more_goes_no_other_way(pages: Pages) -> None:
    answered, open_one = await pages.declared("first"), await pages.declared("second")
    await pages.database.write(lambda tx: respond.acknowledge(tx, pages.now, TOCSIN, answered.number))
    pages.forward(31)
    assert len(await pages.rerouted()) == 1
    assert (await pages.events(answered))[-1] == "Acknowledged"
    assert (await pages.events(open_one))[-1] == "PageRerouted"


async def test_pages_that_nobody_need_answer_do_not_hide_the_others(pages: Pages) -> None:
    """As many as are looked at in one transaction."""

    def answered(tx: Connection) -> None:
        for _ in range(100):
            one = declare.declare(tx, pages.now, TOCSIN, title="answered", services=["checkout"])
            respond.acknowledge(tx, pages.now + timedelta(seconds=1), TOCSIN, one.number)

    await pages.database.write(answered)
    pages.forward(1)
    open_one = await pages.declared()
    pages.forward(31)
    assert len(await pages.rerouted()) == 1
    assert (await pages.events(open_one))[-1] == "PageRerouted"


async def test_page_that_was_answered_is_not_over_before_its_answer(pages: Pages) -> None:
    """Who answered read the clock after us, and wrote first."""
    incident = await pages.declared()
    answered_at = pages.now + timedelta(milliseconds=5)
    await pages.database.write(lambda tx: respond.acknowledge(tx, answered_at, TOCSIN, incident.number))
    assert await pages.claimed(*METHODS) == []
    owed = await pages.database.read(lambda tx: for_event(tx, incident.id, 3))
    assert [(page.state, page.settled_at) for page in owed] == [("dropped", answered_at)]


async def test_reminder_comes_though_it_was_written_down_late_that_the_page_had_arrived(
    pages: Pages, tmp_path: Path
) -> None:
    """The database was away, and so long nobody knew of the page but who had sent it."""
    file = tmp_path / "organization.yaml"
    file.write_text(ORGANIZATION.read_text("utf-8").replace(*SLACK_TWICE), "utf-8")
    wanted = organization_file.read(file)
    await pages.database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, wanted))
    await pages.declared()
    (first,) = await pages.claimed(*METHODS)
    pages.forward(240)
    await pages.settled(first, Sent("D1", "1.0"), known_at=NOW)
    (reminder,) = await pages.claimed(*METHODS)
    assert (reminder.owed.method, reminder.owed.person_id) == (Method.SLACK, first.owed.person_id)
