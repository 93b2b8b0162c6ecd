"""Who has the pager when: every instant covered once, handoffs at local time, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.ids import PersonId
from bot.domain.rotation import Period, Rotation, Turn
from bot.domain.rotation import turn_at as turn_or_none
from bot.domain.schedule import on_call
from tests.domain.samples import ADA, BEN, CHLOE, NOW, schedule

HOUR = timedelta(hours=1)
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # moves by half an hour
    "Asia/Kathmandu",  # +05:45
    "Africa/Casablanca",  # winter time during Ramadan
    "Pacific/Apia",  # left out a whole day in 2011
    "UTC",
]


def weekly(handoff: time = time(9), starts_on: date = date(2026, 1, 5)) -> Rotation:
    return Rotation(Period.WEEK, 1, handoff, starts_on)


def turn_at(rotation: Rotation, where: ZoneInfo, at: datetime) -> Turn:
    turn = turn_or_none(rotation, where, at)
    assert turn is not None
    return turn


def hours(rotation: Rotation, zone: str, at: datetime) -> float:
    turn = turn_at(rotation, ZoneInfo(zone), at)
    return (turn.ends_at - turn.starts_at) / HOUR


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        ("Europe/Berlin", datetime(2026, 3, 25, 12, tzinfo=UTC), 167),
        ("Europe/Berlin", datetime(2026, 10, 22, 12, tzinfo=UTC), 169),
        ("America/New_York", datetime(2026, 3, 5, 12, tzinfo=UTC), 167),
        ("America/New_York", datetime(2026, 10, 30, 12, tzinfo=UTC), 169),
        ("Australia/Lord_Howe", datetime(2026, 4, 2, 12, tzinfo=UTC), 168.5),
        ("Australia/Lord_Howe", datetime(2026, 10, 1, 12, tzinfo=UTC), 167.5),
        ("Asia/Kathmandu", datetime(2026, 3, 25, 12, tzinfo=UTC), 168),
    ],
)
def test_week_is_as_long_as_its_clocks_make_it(zone: str, at: datetime, expected: float) -> None:
    assert hours(weekly(), zone, at) == expected


def test_handoff_is_at_the_local_time_on_both_sides() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    turn = turn_at(weekly(), berlin, datetime(2026, 3, 25, 12, tzinfo=UTC))
    assert turn.starts_at == datetime(2026, 3, 23, 8, tzinfo=UTC)
    assert turn.ends_at == datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert turn.ends_at.astimezone(berlin).time() == time(9)


def test_handoff_in_the_missing_hour_comes_right_after() -> None:
    rotation = Rotation(Period.DAY, 1, time(2, 30), date(2026, 3, 1))
    turn = turn_at(rotation, ZoneInfo("Europe/Berlin"), datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert turn.starts_at == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_handoff_in_the_doubled_hour_comes_once() -> None:
    rotation = Rotation(Period.DAY, 1, time(2, 30), date(2026, 10, 1))
    turn = turn_at(rotation, ZoneInfo("Europe/Berlin"), datetime(2026, 10, 25, 12, tzinfo=UTC))
    assert turn.starts_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert turn.ends_at == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_instant_of_the_handoff_belongs_to_the_next() -> None:
    start = datetime(2026, 1, 12, 9, tzinfo=UTC)
    assert turn_at(weekly(), ZoneInfo("UTC"), start).ordinal == 1
    assert turn_at(weekly(), ZoneInfo("UTC"), start - timedelta(microseconds=1)).ordinal == 0


def test_nobody_has_a_turn_before_the_first_handoff() -> None:
    assert turn_or_none(weekly(), ZoneInfo("UTC"), datetime(2026, 1, 5, 8, 59, tzinfo=UTC)) is None


rotations = st.builds(
    Rotation,
    period=st.sampled_from([Period.DAY, Period.WEEK, Period.MONTH]),
    every=st.integers(1, 5),
    handoff=st.times(timezones=st.none()).map(lambda one: one.replace(second=0, microsecond=0)),
    starts_on=st.dates(date(2000, 1, 1), date(2004, 12, 30)),
)
instants = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 hypothesis adds the zone


@given(rotations, st.sampled_from(ZONES), instants)
@example(
    Rotation(Period.DAY, 1, time(9), date(2011, 12, 1)),
    "Pacific/Apia",
    datetime(2011, 12, 30, 12, tzinfo=UTC),
)
@example(weekly(time(2, 30), date(2026, 3, 29)), "Europe/Berlin", datetime(2026, 3, 29, 1, 15, tzinfo=UTC))
def test_exactly_one_turn_covers_each_instant(rotation: Rotation, zone: str, at: datetime) -> None:
    where = ZoneInfo(zone)
    turn = turn_at(rotation, where, at)
    assert turn.starts_at <= at < turn.ends_at
    following = turn_at(rotation, where, turn.ends_at)
    assert following.starts_at == turn.ends_at
    assert following.ordinal > turn.ordinal
    assert turn_at(rotation, where, turn.ends_at - timedelta(microseconds=1)) == turn
    assert turn_at(rotation, where, turn.starts_at) == turn


@given(rotations, st.sampled_from(ZONES), instants)
def test_handoffs_stand_at_the_written_local_time(rotation: Rotation, zone: str, at: datetime) -> None:
    where = ZoneInfo(zone)
    start = turn_at(rotation, where, at).starts_at.astimezone(where)
    there_and_back = datetime.combine(start.date(), rotation.handoff, tzinfo=where).astimezone(UTC)
    is_missing = there_and_back.astimezone(where).time() != rotation.handoff
    follows_a_jump = (turn_at(rotation, where, at).starts_at - timedelta(seconds=1)).astimezone(where)
    jumped = follows_a_jump.utcoffset() != start.utcoffset()
    assert start.time() == rotation.handoff or is_missing or jumped


def test_schedule_goes_round_its_people() -> None:
    weeks = [on_call(schedule(ADA, BEN, CHLOE), NOW + timedelta(weeks=week)) for week in range(4)]
    assert [shift.primary for shift in weeks if shift] == [ADA, BEN, CHLOE, ADA]
    assert [shift.secondary for shift in weeks if shift] == [BEN, CHLOE, ADA, BEN]


def test_one_person_alone_has_nobody_behind() -> None:
    shift = on_call(schedule(ADA), NOW)
    assert shift is not None
    assert (shift.primary, shift.secondary) == (ADA, None)


def test_schedule_without_people_covers_nothing() -> None:
    assert on_call(schedule(), NOW) is None


@given(st.lists(st.text("abc", min_size=1, max_size=3).map(PersonId), min_size=1, max_size=6), instants)
def test_shift_always_names_participants(people: list[PersonId], at: datetime) -> None:
    shift = on_call(schedule(*people), at + timedelta(days=22 * 366))
    assert shift is not None
    assert shift.primary in people
    assert shift.secondary in (None, *people)
    assert shift.secondary != shift.primary
