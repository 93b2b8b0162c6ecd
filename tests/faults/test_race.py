"""An acknowledgement and the deadline that it forestalls, at the same moment: one of the two, never both."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bot import organization_file
from bot.domain.deadline import Due
from bot.domain.delivery import ClaimedDelivery, DeliveryKind
from bot.domain.incident import Incident
from bot.domain.timeline import TOCSIN, Acknowledged, Actor, Escalated, Event
from bot.operations import declare, deliver, fire_deadlines, look_up, reorganize, respond
from bot.operations.deliver import Lease, Room
from storage import deadlines
from storage.database import Connection, Database
from tests.faults.doses import dose
from tests.story import ORGANIZATION

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
#: When the acknowledge deadline of a SEV1 is due.
DUE = NOW + timedelta(minutes=15)
LEASE = Lease("the race", timedelta(minutes=5))
SIDE_BY_SIDE = 20


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.open()
    wanted = organization_file.read(ORGANIZATION)
    await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, wanted))
    yield database
    await database.close()


@dataclass
class Race:
    """One incident, whose acknowledgement, deadline and deliveries meet in an order that chance makes."""

    database: Database
    incident: Incident
    chance: random.Random
    is_acknowledged: bool = False
    #: Pages that were claimed although the acknowledgement had been committed before.
    too_late: list[ClaimedDelivery] = field(default_factory=list)

    async def run(self) -> None:
        armed = await self.database.read(lambda tx: deadlines.armed_of(tx, self.incident.id))
        self.due = [Due(row.id, self.incident.id, row.due_at) for row in armed if row.due_at <= DUE]
        steps = [self.acknowledge(), self.fire(), self.claim(), self.claim()]
        self.chance.shuffle(steps)
        await asyncio.gather(*steps)
        await self.claim()

    async def acknowledge(self) -> None:
        await self._some_turns()
        number = self.incident.number
        await self.database.write(lambda tx: respond.acknowledge(tx, DUE, person(tx, "ben"), number))
        self.is_acknowledged = True

    async def fire(self) -> None:
        await self._some_turns()
        for due in self.due:
            await self.database.write(partial(fire_deadlines.fire, now=DUE, due=due))

    async def claim(self) -> None:
        await self._some_turns()
        was_acknowledged = self.is_acknowledged
        room = Room(all=1000, ordinary=1000)
        claimed = await self.database.write(lambda tx: deliver.claim(tx, DUE, LEASE, room))
        if was_acknowledged:
            pages = [one for one in claimed if one.owed.kind is DeliveryKind.PAGE and one.is_wanted]
            self.too_late += [one for one in pages if one.owed.incident_id == self.incident.id]

    async def outcome(self) -> list[Event]:
        entries = await self.database.read(lambda tx: look_up.entries(tx, self.incident))
        assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
        return [entry.event for entry in entries]

    async def _some_turns(self) -> None:
        for _ in range(self.chance.randrange(12)):
            await asyncio.sleep(0)


def person(tx: Connection, name: str) -> Actor:
    return look_up.as_actor(look_up.organization(tx).people[name])  # type: ignore[index]


async def test_acknowledgement_or_escalation_comes_first_and_the_other_knows(database: Database) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    chance, firsts = random.Random(seed), []  # noqa: S311 - it must be repeatable
    for _ in range(dose(5, 500)):
        incidents = [await declared(database) for _ in range(SIDE_BY_SIDE)]
        races = [Race(database, incident, chance) for incident in incidents]
        await asyncio.gather(*(race.run() for race in races))
        for race in races:
            assert race.too_late == [], f"seed {seed}"
            events = await race.outcome()
            acknowledged = [n for n, event in enumerate(events) if isinstance(event, Acknowledged)]
            escalated = [n for n, event in enumerate(events) if isinstance(event, Escalated)][1:]
            assert len(acknowledged) == 1, f"seed {seed}: {events}"
            assert len(escalated) <= 1, f"seed {seed}: {events}"
            assert all(n < acknowledged[0] for n in escalated), f"seed {seed}: {events}"
            firsts.append(bool(escalated))
    assert {True, False} == set(firsts), f"seed {seed}: chance must try both orders"


async def declared(database: Database) -> Incident:
    return await database.write(
        lambda tx: declare.declare(tx, NOW, person(tx, "ada"), title="Oh no", services=["checkout"])
    )
