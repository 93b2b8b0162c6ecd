"""Hours of the day: when they cover a moment and when they are over, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.hours import Hours, LocalHours, Weekday

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WORKDAYS = tuple(Weekday)[:5]
OFFICE = LocalHours((Hours(time(9), time(17), WORKDAYS),), "Europe/Berlin")
QUIET = LocalHours((Hours(time(22), time(7)),), "Europe/Berlin")
times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))
hours = st.builds(Hours, times, times, st.lists(st.sampled_from(Weekday), min_size=1, unique=True).map(tuple))
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]


def berlin(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    there = datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo("Europe/Berlin"))
    return there.astimezone(UTC)


def test_hours_cover_from_their_start_until_just_before_their_end() -> None:
    assert OFFICE.covers(berlin(10, 9))
    assert OFFICE.covers(berlin(10, 17) - MINUTE)
    assert not OFFICE.covers(berlin(10, 17))
    assert not OFFICE.covers(berlin(14, 12))  # a Saturday
    assert OFFICE.ends_after(berlin(10, 9)) == berlin(10, 17)
    assert OFFICE.ends_after(berlin(10, 17)) == berlin(10, 17)


def test_night_is_over_in_the_morning_also_when_the_clocks_change() -> None:
    assert QUIET.ends_after(berlin(10, 23)) == berlin(11, 7)
    assert QUIET.ends_after(berlin(10, 3)) == berlin(10, 7)
    assert QUIET.ends_after(berlin(28, 23)) - berlin(28, 22) == timedelta(hours=8)
    assert QUIET.ends_after(berlin(24, 23, month=10)) - berlin(24, 22, month=10) == timedelta(hours=10)


def test_hours_that_follow_one_another_are_over_at_the_last_end() -> None:
    weekend = LocalHours(
        (Hours(time(17), time(0), (Weekday.FRI,)), Hours(time(0), time(0), (Weekday.SAT, Weekday.SUN))), "UTC"
    )
    assert weekend.ends_after(datetime(2026, 3, 13, 18, tzinfo=UTC)) == datetime(2026, 3, 16, tzinfo=UTC)


def test_overlapping_hours_are_one_stretch() -> None:
    both = LocalHours((Hours(time(9), time(13)), Hours(time(12), time(17))), "UTC")
    day = datetime(2026, 3, 13, tzinfo=UTC)
    assert both.between(day, day + DAY) == [(day + timedelta(hours=9), day + timedelta(hours=17))]


def test_hours_that_never_end_are_taken_to_end_in_a_year() -> None:
    now = datetime(2026, 3, 13, 18, tzinfo=UTC)
    always = LocalHours((Hours(time(0), time(0)),), "Europe/Berlin")
    assert always.covers(now)
    assert 365 * DAY < always.ends_after(now) - now < 370 * DAY


def test_no_hours_cover_nothing() -> None:
    now = datetime(2026, 3, 13, 18, tzinfo=UTC)
    assert not LocalHours((), "UTC").covers(now)
    assert LocalHours((), "UTC").ends_after(now) == now


@given(
    st.lists(hours, min_size=1, max_size=3),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2011, 12, 20), datetime(2012, 1, 10), timezones=st.just(UTC))  # noqa: DTZ001 hypothesis adds the zone
    | st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 5), timezones=st.just(UTC)),  # noqa: DTZ001 the same
)
def test_covered_until_it_is_over_and_not_after(found: list[Hours], zone: str, now: datetime) -> None:
    local = LocalHours(tuple(found), zone)
    end = local.ends_after(now)
    assert local.covers(now) is (end > now)
    stretches = local.between(now, now + 3 * DAY)
    assert local.covers(now) is any(start <= now < stop for start, stop in stretches)
    if now < end < now + 300 * DAY:
        assert local.covers(end - timedelta(microseconds=1))
        assert not local.covers(end)


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_whole_day_is_as_long_as_its_clocks_make_it(day: date) -> None:
    whole = LocalHours((Hours(time(0), time(0), (Weekday.SUN,)),), "Europe/Berlin")
    begins = datetime.combine(day, time(0), ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert whole.ends_after(begins) - begins == timedelta(hours=23 if day.month == 3 else 25)
