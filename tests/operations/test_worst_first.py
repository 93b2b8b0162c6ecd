"""The open incidents that the home tab has room for: the worst, however many came since."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from bot import organization_file
from bot.domain.ids import PersonId
from bot.domain.incident import Status
from bot.domain.sla import Severity
from bot.domain.timeline import TOCSIN, Actor
from bot.operations import assign, declare, look_up, reorganize, respond
from bot.slack.views import home
from storage.database import Database
from tests.story import ORGANIZATION, text_of
from tests.views import duty_samples

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
#: Of seven, oldest first; the fourth is over.
SEVERITIES = ("SEV0", "SEV3", "SEV2", "SEV0", "SEV3", "SEV3", "SEV2")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.open()

    def begin(tx: Connection) -> None:
        reorganize.apply(tx, NOW, TOCSIN, organization_file.read(ORGANIZATION))
        for n, severity in enumerate(SEVERITIES):
            at = NOW + timedelta(minutes=n)
            declare.declare(tx, at, ada(tx), title=f"number {n + 1}", severity=Severity(severity))
        respond.change_status(tx, NOW, ada(tx), "INC-2026-004", Status.RESOLVED, "fixed")
        for number in ("INC-2026-001", "INC-2026-006"):
            assign.assign(tx, NOW, ada(tx), number, PersonId("dev"))

    await database.write(begin)
    yield database
    await database.close()


def ada(tx: Connection) -> Actor:
    return look_up.as_actor(look_up.organization(tx).people["ada"])  # type: ignore[index]


@pytest.mark.parametrize(
    ("limit", "person", "ordinals", "total"),
    [
        (10, None, [1, 7, 3, 6, 5, 2], 6),
        (4, None, [1, 7, 3, 6], 6),
        (1, None, [1], 6),
        (10, "dev", [1, 6], 2),
        (10, "gus", [], 0),
    ],
)
async def test_worst_come_first_and_then_the_newest(
    database: Database, limit: int, person: str | None, ordinals: list[int], total: int
) -> None:
    found, there_are = await database.read(
        lambda tx: look_up.worst(tx, NOW, limit, person)  # type: ignore[arg-type]
    )
    assert [int(one.incident.number[-3:]) for one in found] == ordinals
    assert there_are == total


async def test_home_tab_says_how_many_are_open_and_how_to_see_the_rest(database: Database) -> None:
    def query(tx: Connection) -> str:
        person = look_up.organization(tx).people["ada"]  # type: ignore[index]
        everything = look_up.worst(tx, NOW, 4)
        return text_of(home.home(person, ((), 0), everything, duty_samples.rota("Shop"), NOW))

    read = await database.read(query)
    assert "*6 open incidents*" in read
    assert "The worst 4 of 6. Narrow it: `/incident list SEV1`, `mine`." in read
    assert read.index("number 1") < read.index("number 7") < read.index("number 3") < read.index("number 6")
