"""What an applied organization file does with overrides that were made in Slack."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import organization_file
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.organization import Organization
from bot.domain.schedule import Override, on_call
from bot.domain.timeline import TOCSIN
from bot.operations import look_up, reorganize
from storage.database import Connection, Database

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SHOP = ScheduleId("shop")
TAKEN = Override(PersonId("gus"), NOW, NOW + timedelta(hours=6))
FILE = """\
organization: {name: Northwind}
people:
  ben: {name: Ben, email: ben@example.com}
  gus: {name: Gus, email: gus@example.com}
schedules:
  shop:
    name: Shop on call
    time_zone: Europe/Berlin
    layers:
      - {name: weekly, every: 1 week, handoff: "10:00", starts_on: 2026-01-05, participants: [ben]}
"""
Run = Callable[[Callable[[Connection], None]], Awaitable[None]]
SAYS_NONE = f"{FILE}    overrides: []\n"


@pytest.fixture
async def run(database_url: str) -> Run:
    database = Database(database_url)

    async def run(do: Callable[[Connection], None]) -> None:
        await database.open()
        try:
            await database.write(do)
        finally:
            await database.close()

    return run


def applied(tx: Connection, text: str) -> bool:
    return reorganize.apply(tx, NOW, TOCSIN, organization_file.parse(text, "x"))


def taken(tx: Connection) -> Organization:
    """Gus takes over in Slack."""
    reorganize.put_on_top(tx, NOW, TOCSIN, [(SHOP, TAKEN)])
    return look_up.organization(tx)


async def test_file_without_overrides_leaves_them_alone(run: Run) -> None:
    def do(tx: Connection) -> None:
        applied(tx, FILE)
        taken(tx)
        assert not applied(tx, FILE)
        assert applied(tx, FILE.replace("Shop on call", "Shop"))
        schedule = look_up.organization(tx).schedules[SHOP]
        assert (schedule.name, schedule.overrides) == ("Shop", (TAKEN,))
        shift = on_call(schedule, NOW)
        assert shift is not None
        assert shift.primary == PersonId("gus")

    await run(do)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("  gus: {name: Gus, email: gus@example.com}\n", ""),
        ("gus@example.com", "gus@example.com, role: viewer"),
    ],
    ids=["who left", "who could not answer"],
)
async def test_override_of_nobody_who_answers_leaves_the_rotation_on_call(
    run: Run, line: str, instead: str
) -> None:
    def do(tx: Connection) -> None:
        applied(tx, FILE)
        taken(tx)
        assert applied(tx, FILE.replace(line, instead))
        shift = on_call(look_up.organization(tx).schedules[SHOP], NOW)
        assert shift is not None
        assert shift.primary == PersonId("ben")
        assert not applied(tx, FILE.replace(line, instead))

    await run(do)


async def test_file_with_overrides_is_the_whole_truth(run: Run) -> None:
    def do(tx: Connection) -> None:
        applied(tx, FILE)
        taken(tx)
        assert applied(tx, SAYS_NONE)
        assert look_up.organization(tx).schedules[SHOP].overrides == ()

    await run(do)


async def test_exported_file_changes_nothing(run: Run) -> None:
    def do(tx: Connection) -> None:
        applied(tx, FILE)
        taken(tx)
        exported = organization_file.write(reorganize.kept(tx))
        assert "person: gus" in exported
        assert not applied(tx, exported)
        assert not applied(tx, organization_file.write(organization_file.parse(exported, "x")))

    await run(do)


def test_marker_is_no_part_of_what_an_organization_is() -> None:
    silent, outspoken = (organization_file.parse(text, "x") for text in (FILE, SAYS_NONE))
    assert silent.keeps_overrides == {SHOP}
    assert outspoken.keeps_overrides == frozenset()
    assert silent == outspoken == replace(silent, keeps_overrides=frozenset())
