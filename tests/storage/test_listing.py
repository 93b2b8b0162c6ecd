"""Lists by any filter: the same as a plain look through every incident, and totals that are kept."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from bot.domain import ids
from storage import incidents, listing
from storage.database import Connection, Database
from storage.listing import Filter, Range
from storage.tables import incidents as table
from storage.tables import tallies as counts

BEGIN = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
STATUSES = listing.STATUSES
SEVERITIES = ("SEV0", "SEV1", "SEV2")


def columns(chance: Random, ordinal: int) -> dict[str, Any]:
    created = BEGIN + timedelta(minutes=17 * ordinal)
    status = chance.choice(STATUSES)
    is_over = status in ("resolved", "closed")
    resolved = created + timedelta(minutes=chance.randrange(2000)) if is_over else None
    return {
        "id": ids.time_ordered(created),
        "number": f"INC-2026-{ordinal:03d}",
        "version": 1,
        "sequence": 0,
        "title": "t",
        "severity": chance.choice(SEVERITIES),
        "status": status,
        "service_ids": [],
        "team_id": chance.choice(("web", "data", None)),
        "assignee_id": chance.choice(("ada", "ben", None)),
        "created_at": created,
        "declared_by": "x",
        "acknowledge_by": created,
        "close_by": created,
        "clock_started_at": created,
        "level": 0,
        "round": 1,
        "is_exhausted": False,
        "resolved_at": resolved,
        "resolved_by_id": chance.choice(("ada", "ben", None)) if is_over else None,
    }


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Three hundred incidents over four days, every tenth changed since it was declared."""
    database = Database(database_url)
    await database.open()
    chance = Random(3)  # noqa: S311 - the same incidents each time

    def fill(tx: Connection) -> None:
        for ordinal in range(300):
            before = columns(chance, ordinal)
            incidents.add(tx, before)
            if ordinal % 10 == 0:
                changed = columns(chance, ordinal) | {"id": before["id"], "version": 2}
                assert incidents.replace(tx, before, changed)

    await database.write(fill)
    yield database
    await database.close()


def fits(row: Any, chosen: Filter) -> bool:
    """The plain meaning of the filter."""

    def within(moment: datetime | None, span: Range) -> bool:
        if not span:
            return True
        if moment is None:
            return False
        return (span.first is None or moment >= span.first) and (span.last is None or moment <= span.last)

    named = chosen.people_and_teams
    return (
        (not chosen.statuses or row.status in chosen.statuses)
        and (not chosen.severities or row.severity in chosen.severities)
        and all(getattr(row, column) == value for column, value in named.items())
        and within(row.created_at, chosen.created)
        and within(row.resolved_at, chosen.resolved)
    )


DAY = timedelta(days=1)
RANGES = (
    Range(),
    Range(BEGIN + DAY),
    Range(None, BEGIN + DAY),
    Range(BEGIN + timedelta(hours=1), BEGIN + timedelta(hours=3)),
    Range(BEGIN + DAY, BEGIN + 3 * DAY),
    Range(BEGIN + 3 * DAY, BEGIN),
    Range(BEGIN + timedelta(minutes=17), BEGIN + timedelta(minutes=17)),
)
FILTERS = [
    Filter(statuses, severities, assignee, resolver, team, created, resolved)
    for (statuses, severities), (assignee, resolver, team), (created, resolved) in product(
        (((), ()), (("new", "fixing"), ()), (("closed",), ("SEV1", "SEV0")), (STATUSES, ("SEV2",))),
        ((None, None, None), ("ada", None, None), (None, "ben", None), ("ben", "ada", "web")),
        ((one, other) for one in RANGES for other in RANGES if not (one and other) or one is RANGES[4]),
    )
]


async def test_every_filter_finds_what_a_plain_look_finds(database: Database) -> None:
    def compare(tx: Connection) -> None:
        every = tx.execute(select(table).order_by(table.c.id.desc())).all()
        for chosen in FILTERS:
            expected = [row.number for row in every if fits(row, chosen)]
            for limit, offset in ((20, 0), (7, 5)):
                found, total = listing.page_of(tx, chosen, limit, offset)
                assert total == len(expected), chosen
                assert [row.number for row in found] == expected[offset : offset + limit], chosen

    await asyncio.wait_for(database.read(compare), 60)


async def test_count_that_no_incident_bears_out_ends_in_an_empty_list(database: Database) -> None:
    nobody = Filter(severities=("SEV3",))
    row = {
        "status": "new",
        "severity": "SEV3",
        "team_id": "",
        "assignee_id": "",
        "resolved_by_id": "",
        "n": 1,
    }
    await database.write(lambda tx: tx.execute(counts.insert(), row))
    assert await database.read(lambda tx: listing.page_of(tx, nobody, 20, 0)) == ((), 1)
