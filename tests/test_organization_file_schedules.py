"""Layers, calendars and overrides in the organization file."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import organization_file
from bot.domain.hours import Hours, Weekday
from bot.domain.ids import ScheduleId
from bot.domain.rotation import Period, Rotation
from bot.domain.schedule import CalendarSource, Layer, Override, Schedule
from bot.organization_file import FileError, parse
from tests.domain.samples import ADA, BEN
from tests.domain.test_schedule_by_the_minute import PEOPLE, schedules

FULL = """\
organization:
  name: Northwind
people:
  ada: {name: Ada, email: ada@example.com}
  ben: {name: Ben, email: ben@example.com}
  hana: {name: Hana, email: hana@example.com, role: viewer}

schedules:
  payments:
    name: Payments on call
    user_group: oncall-payments
    layers:
      - {name: weekly, every: 1 week, handoff: "10:00", starts_on: 2026-01-05, participants: [ben, ada]}
      - name: business hours
        time_zone: Europe/Berlin
        every: 1 day
        handoff: "09:00"
        starts_on: 2026-01-05
        participants: [ada]
        hours:
          - {from: "09:00", to: "17:00", days: [mon, tue]}
          - {from: "20:00", to: "00:00"}
        starts_at: 2026-03-01 00:00
        ends_at: 2026-12-31 00:00
      - {name: imported, calendar: {url: https://calendar.example.com/oncall.ics}}
    overrides:
      - {person: ada, from: 2026-12-24 10:00, to: "2026-12-26 10:00"}
    time_zone: America/New_York
  short: {name: Short, time_zone: UTC, every: 12 hours, handoff: "08:00", starts_on: 2026-01-31,
    participants: [ada, ben]}
"""
PAYMENTS, SHORT = ScheduleId("payments"), ScheduleId("short")


def test_schedule_has_layers_and_overrides() -> None:
    weekly = Rotation(Period.WEEK, 1, time(10), date(2026, 1, 5))
    office = (Hours(time(9), time(17), (Weekday.MON, Weekday.TUE)), Hours(time(20), time(0)))
    business = Layer(
        "business hours",
        Rotation(Period.DAY, 1, time(9), date(2026, 1, 5)),
        (ADA,),
        hours=office,
        time_zone="Europe/Berlin",
        starts_at=datetime(2026, 2, 28, 23, tzinfo=UTC),
        ends_at=datetime(2026, 12, 30, 23, tzinfo=UTC),
    )
    imported = Layer("imported", calendar=CalendarSource("https://calendar.example.com/oncall.ics"))
    christmas = Override(ADA, datetime(2026, 12, 24, 15, tzinfo=UTC), datetime(2026, 12, 26, 15, tzinfo=UTC))
    assert parse(FULL, "x").schedules[PAYMENTS] == Schedule(
        PAYMENTS,
        "Payments on call",
        "America/New_York",
        (Layer("weekly", weekly, (BEN, ADA)), business, imported),
        (christmas,),
        "oncall-payments",
    )


def test_schedule_without_layers_has_one_rotation() -> None:
    rotation = Rotation(Period.HOUR, 12, time(8), date(2026, 1, 31))
    assert parse(FULL, "x").schedules[SHORT].layers == (Layer("rotation", rotation, (ADA, BEN)),)


def test_all_of_it_survives_being_written() -> None:
    found = parse(FULL, "x")
    written = organization_file.write(found)
    assert parse(written, "x") == found
    assert parse(written, "x").keeps_overrides == found.keeps_overrides == {SHORT}
    assert written.count("layers:") == 1


@pytest.mark.parametrize(("text", "is_kept"), [("", True), ("overrides:", True), ("overrides: []", False)])
def test_overrides_are_left_alone_unless_the_file_has_the_key(text: str, is_kept: bool) -> None:
    lines = FULL.splitlines()
    start = lines.index("    overrides:")
    found = parse("\n".join([*lines[:start], f"    {text}", *lines[start + 2 :]]), "x")
    assert (PAYMENTS in found.keeps_overrides) is is_kept
    assert found.schedules[PAYMENTS].overrides == ()


@settings(deadline=None)  # parsing YAML takes its time on a busy machine
@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 hypothesis adds the zone
    | st.integers(-150, 150).map(lambda one: datetime(2026, 10, 25, 1, tzinfo=UTC) + timedelta(minutes=one)),
    st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_every_moment_survives_being_written(moment: datetime, zone: str) -> None:
    """Also the second of two equal local times, and what is no whole minute."""
    base = parse(FULL, "x")
    override = Override(BEN, moment, moment + timedelta(hours=1))
    changed = replace(base.schedules[PAYMENTS], time_zone=zone, overrides=(override,))
    found = replace(base, schedules={**base.schedules, PAYMENTS: changed})
    assert parse(organization_file.write(found), "x") == found


@settings(deadline=None, max_examples=60)  # parsing YAML takes its time on a busy machine
@given(schedules().map(lambda found: found[0]))
def test_every_schedule_survives_being_written(schedule: Schedule) -> None:
    base = parse(FULL, "x")
    people = {one: replace(base.people[ADA], id=one, email=f"{one}@example.com") for one in PEOPLE}
    layers = tuple(map(as_written, schedule.layers))
    found = replace(base, people=people, schedules={schedule.id: replace(schedule, layers=layers)})
    assert parse(organization_file.write(found), "x") == found


def as_written(layer: Layer) -> Layer:
    """As a file can say it: with a source instead of its duties, and an end after the beginning."""
    starts_at, ends_at = layer.starts_at, layer.ends_at
    days = [tuple(day for day in Weekday if day in one.weekdays) for one in layer.hours]
    return replace(
        layer,
        calendar=None if layer.rotation else CalendarSource("https://calendar.example.com/"),
        duties=(),
        hours=tuple(replace(one, weekdays=few) for one, few in zip(layer.hours, days, strict=True)),
        ends_at=None if starts_at and ends_at and ends_at <= starts_at else ends_at,
    )


def test_local_time_is_what_a_moment_is_written_in() -> None:
    written = organization_file.write(parse(FULL, "x"))
    assert "from: 2026-12-24 10:00" in written
    assert "starts_at: 2026-03-01 00:00" in written


def test_calendar_of_a_file_is_read_beside_it(tmp_path: Path) -> None:
    text = "BEGIN:VCALENDAR\nEND:VCALENDAR\n"
    path = tmp_path / "organization.yaml"
    path.write_text(FULL.replace("url: https://calendar.example.com/oncall.ics", "file: oncall.ics"), "utf-8")
    with pytest.raises(FileError, match=r":25: .*calendar\.file: .*No such file"):
        organization_file.read(path)
    (tmp_path / "oncall.ics").write_text(text, "utf-8")
    layer = organization_file.read(path).schedules[PAYMENTS].layers[2]
    assert layer.calendar == CalendarSource(None, text, "oncall.ics")
    path.write_text(organization_file.write(organization_file.read(path)), "utf-8")
    assert organization_file.read(path).schedules[PAYMENTS].layers[2] == layer


def mistakes() -> list[list[str]]:
    """Three lines for each: `- ` what is replaced, `+ ` by what, and the complaint."""
    text = Path(__file__).with_name("organization_schedule_mistakes.txt").read_text("utf-8")
    return [block.splitlines() for block in text.split("\n\n")[1:]]


@pytest.mark.parametrize(("old", "new", "complaint"), mistakes())
def test_mistake_is_told_with_its_line(old: str, new: str, complaint: str) -> None:
    before, after = (text[2:].replace("\\n", "\n") for text in (old, new))
    assert FULL.count(before) == 1, before
    with pytest.raises(FileError) as error:
        parse(FULL.replace(before, after), "organization.yaml")
    assert str(error.value).splitlines() == [complaint]


def test_schema_knows_layers_calendars_and_overrides() -> None:
    parts = organization_file.json_schema()["$defs"]
    assert {"layers", "overrides", "user_group", "every"} <= set(parts["SchedulePart"]["properties"])
    assert set(parts["OverridePart"]["properties"]) == {"person", "from", "to"}
    assert set(parts["CalendarPart"]["properties"]) == {"url", "file"}
    assert parts["SchedulePart"]["required"] == ["name", "time_zone"]
