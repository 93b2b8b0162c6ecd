"""`check` and `plan` tell how imported calendars are, and never where."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import organization_file
from bot.__main__ import commands
from bot.calendars.imports import expand
from bot.domain.ids import ScheduleId
from bot.domain.imported import Source, sources, veiled
from bot.domain.organization import Organization
from bot.domain.schedule import CalendarSource, Layer
from bot.domain.timeline import TOCSIN
from bot.operations import import_calendar
from bot.operations.import_calendar import Failed, Heard
from storage.database import Connection, Database
from tests.calendars.samples import calendar
from tests.story import ORGANIZATION

NOW = datetime(2026, 9, 1, tzinfo=UTC)
ADDRESS = "https://calendar.example.com/canary-of-the-address/oncall.ics"


def northwind(source: CalendarSource) -> Organization:
    found = organization_file.read(ORGANIZATION)
    platform = found.schedules[ScheduleId("platform")]
    layers = (*platform.layers, Layer("imported", calendar=source))
    return replace(found, schedules={**found.schedules, platform.id: replace(platform, layers=layers)})


async def keep(url: str, organization: Organization, outcomes: Sequence[Heard | Failed]) -> None:
    (source,) = sources(organization)
    database = Database(url)
    await database.open()
    try:
        await database.write(lambda tx: _settled(tx, organization, source, outcomes))
    finally:
        await database.close()


def _settled(
    tx: Connection, organization: Organization, source: Source, outcomes: Sequence[Heard | Failed]
) -> None:
    import_calendar.apply(tx, NOW, TOCSIN, organization, ())
    import_calendar.claim(tx, NOW)
    for outcome in outcomes:
        import_calendar.settle(tx, NOW, source, outcome)


@pytest.fixture
def run(tmp_path: Path) -> CliRunner:
    return CliRunner(env={"DATABASE_URL": f"sqlite:///{tmp_path / 'test.db'}", "COLUMNS": "400"})


def test_calendar_that_cannot_be_read_and_events_that_do_not_count_are_told(
    run: CliRunner, tmp_path: Path
) -> None:
    text = calendar(
        "DTSTART:20260901T000000Z\nDURATION:P1D\nSUMMARY:Zoe",
        "DTSTART;TZID=Mars:20260901T000000\nSUMMARY:Ben",
    )
    heard = Heard(expand(text, "Europe/Berlin", *import_calendar.sight(NOW)), text)
    organization = northwind(CalendarSource(url=ADDRESS))
    outcomes: list[Heard | Failed] = [heard, Failed("answered with status 500")]
    asyncio.run(keep(f"sqlite:///{tmp_path / 'test.db'}", organization, outcomes))
    told = run.invoke(commands, ["check", "--at", "2026-09-01 00:00"]).output
    where = "schedules.platform.layers.imported"
    assert f"{where}: answered with status 500 (since 2026-09-01T00:00Z)" in told
    assert f"{where}: the event \"Ben\" does not count: its time zone 'Mars' is unknown" in told
    assert f'{where}: the event "Zoe" names nobody' in told
    assert "canary" not in told


def test_calendar_that_was_not_read_yet_is_told(run: CliRunner, tmp_path: Path) -> None:
    organization = northwind(CalendarSource(url=ADDRESS))
    asyncio.run(keep(f"sqlite:///{tmp_path / 'test.db'}", organization, []))
    assert "was not read yet" in run.invoke(commands, ["check"]).output


def test_address_is_veiled_but_another_one_is_seen() -> None:
    one, other = (veiled(northwind(CalendarSource(url=ADDRESS + more))) for more in ("", "?x"))
    for found in (one, other):
        assert "canary" not in repr(found)
        (source,) = sources(found)
        assert str(source.calendar.url).startswith("https://calendar.example.com/secret-")
    assert one != other


def test_address_and_text_are_in_no_repr() -> None:
    shown = repr(northwind(CalendarSource(url=ADDRESS, text="canary")))
    assert "canary" not in shown
