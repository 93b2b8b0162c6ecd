"""Who has the pager when, whatever the clocks do: handoffs, layers, hours, overrides and calendars."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.hours import Hours, Weekday
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.rotation import Period, Rotation
from bot.domain.schedule import (
    Duty,
    Gap,
    Layer,
    Override,
    Schedule,
    Shift,
    gaps,
    on_call,
    shifts,
    shifts_of,
)
from tests.domain.samples import ADA, BEN, CHLOE, DEV, NOW, schedule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORKDAYS = tuple(Weekday)[:5]
NIGHT = Hours(time(22), time(6))


def rotating(
    zone: str = "UTC",
    period: Period = Period.WEEK,
    every: int = 1,
    handoff: time = time(9),
    starts_on: date = date(2026, 1, 5),
    people: tuple[PersonId, ...] = (ADA, BEN, CHLOE),
) -> Schedule:
    layer = Layer("rotation", Rotation(period, every, handoff, starts_on), people)
    return Schedule(ScheduleId("s"), "S", zone, (layer,))


def layer(name: str, *people: PersonId, **changes: object) -> Layer:
    """One that hands over at midnight UTC each day from the first of March."""
    daily = Rotation(Period.DAY, 1, time(0), date(2026, 3, 1))
    return replace(Layer(name, daily, people), **changes)  # type: ignore[arg-type] # fields of Layer


def stacked(*layers: Layer, **changes: object) -> Schedule:
    return replace(Schedule(ScheduleId("s"), "S", "UTC", layers), **changes)  # type: ignore[arg-type] # of Schedule


def march(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def told(schedule: Schedule, starts_at: datetime, ends_at: datetime) -> list[str]:
    """`10 00:00 ada ben rotation`: day and time, primary, secondary, layer; and when it ends."""
    return [
        f"{one.starts_at:%d %H:%M} {one.primary} {one.secondary or '-'} {one.layer or 'override'}"
        for one in shifts(schedule, starts_at, ends_at)
    ]


def at(schedule: Schedule, moment: datetime) -> Shift:
    shift = on_call(schedule, moment)
    assert shift is not None
    return shift


@pytest.mark.parametrize(
    ("zone", "moment", "expected"),
    [
        ("Europe/Berlin", datetime(2026, 3, 25, 12, tzinfo=UTC), 167),
        ("Europe/Berlin", datetime(2026, 10, 22, 12, tzinfo=UTC), 169),
        ("America/New_York", datetime(2026, 3, 5, 12, tzinfo=UTC), 167),
        ("America/New_York", datetime(2026, 10, 30, 12, tzinfo=UTC), 169),
        ("Australia/Lord_Howe", datetime(2026, 4, 2, 12, tzinfo=UTC), 168.5),
        ("Australia/Lord_Howe", datetime(2026, 10, 1, 12, tzinfo=UTC), 167.5),
        ("Asia/Kathmandu", datetime(2026, 3, 25, 12, tzinfo=UTC), 168),
        ("Africa/Casablanca", datetime(2026, 2, 14, 12, tzinfo=UTC), 169),
        ("Africa/Casablanca", datetime(2026, 3, 21, 12, tzinfo=UTC), 167),
    ],
)
def test_week_is_as_long_as_its_clocks_make_it(zone: str, moment: datetime, expected: float) -> None:
    shift = at(rotating(zone), moment)
    assert (shift.ends_at - shift.starts_at) / HOUR == expected
    assert shift.ends_at.astimezone(ZoneInfo(zone)).time() == time(9)


def test_handoff_in_the_missing_hour_comes_as_soon_as_it_is_over() -> None:
    nightly = rotating("Europe/Berlin", Period.DAY, handoff=time(2, 30))
    assert at(nightly, datetime(2026, 3, 29, 12, tzinfo=UTC)).starts_at == datetime(
        2026, 3, 29, 1, tzinfo=UTC
    )


def test_handoff_in_the_doubled_hour_comes_once_at_its_first() -> None:
    shift = at(
        rotating("Europe/Berlin", Period.DAY, handoff=time(2, 30)), datetime(2026, 10, 25, 12, tzinfo=UTC)
    )
    assert shift.starts_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert shift.ends_at == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_turns_of_twelve_hours_stay_at_their_times_of_day() -> None:
    halves = rotating("Europe/Berlin", Period.HOUR, 12, handoff=time(8))
    found = shifts(halves, datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    berlin = ZoneInfo("Europe/Berlin")
    assert {one.starts_at.astimezone(berlin).hour for one in found[1:]} == {8, 20}
    assert sorted({(one.ends_at - one.starts_at) / HOUR for one in found[1:-1]}) == [11, 12]


def test_hour_that_clocks_skip_is_nobodys_turn() -> None:
    hourly = rotating("Europe/Berlin", Period.HOUR, handoff=time(0), starts_on=date(2026, 3, 29))
    found = shifts(hourly, datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC))
    assert [one.primary for one in found] == [ADA, BEN, ADA, BEN]


@pytest.mark.parametrize(
    ("starts_on", "every", "expected"),
    [
        (date(2026, 1, 31), 1, ["01-31", "02-28", "03-31", "04-30", "05-31"]),
        (date(2027, 12, 31), 1, ["12-31", "01-31", "02-29", "03-31", "04-30"]),
        (date(2027, 12, 30), 2, ["12-30", "02-29", "04-30", "06-30", "08-30"]),
        (date(2024, 2, 29), 12, ["02-29", "02-28", "02-28", "02-28", "02-29"]),
        (date(2026, 11, 15), 1, ["11-15", "12-15", "01-15", "02-15", "03-15"]),
    ],
)
def test_month_ends_on_its_last_day_when_it_is_shorter(
    starts_on: date, every: int, expected: list[str]
) -> None:
    monthly = rotating("America/New_York", Period.MONTH, every, starts_on=starts_on)
    begin = datetime.combine(starts_on, time(0), UTC)
    found = shifts(monthly, begin, begin + timedelta(days=32 * 5 * every))
    local = [one.starts_at.astimezone(ZoneInfo("America/New_York")) for one in found]
    assert [f"{one:%m-%d}" for one in local][:5] == expected
    assert {one.time() for one in local} == {time(9)}


def test_shift_over_the_new_year_ends_in_the_summer_time_of_the_next() -> None:
    half_yearly = rotating("Europe/Berlin", Period.MONTH, 6, starts_on=date(2025, 10, 1))
    shift = at(half_yearly, datetime(2025, 12, 20, tzinfo=UTC))
    assert shift.starts_at == datetime(2025, 10, 1, 7, tzinfo=UTC)
    assert shift.ends_at == datetime(2026, 4, 1, 7, tzinfo=UTC)


def test_day_that_apia_skipped_is_nobodys_turn() -> None:
    nights = rotating("Pacific/Apia", Period.DAY, handoff=time(0), starts_on=date(2011, 12, 28))
    found = shifts(nights, datetime(2011, 12, 28, 10, tzinfo=UTC), datetime(2012, 1, 1, 10, tzinfo=UTC))
    # 28th, 29th, (30th: Chloé's,) 31st, 1st
    assert [one.primary for one in found] == [ADA, BEN, ADA, BEN]
    assert {one.ends_at - one.starts_at for one in found} == {DAY}


def test_instant_of_the_handoff_belongs_to_the_next() -> None:
    handoff = datetime(2026, 1, 12, 9, tzinfo=UTC)
    assert at(rotating(), handoff).primary == BEN
    assert at(rotating(), handoff - timedelta(microseconds=1)).primary == ADA


def test_nobody_is_on_call_before_the_first_handoff() -> None:
    first = datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert on_call(rotating(), first - timedelta(microseconds=1)) is None
    assert gaps(rotating(), first - DAY, first + DAY) == (Gap(first - DAY, first),)


@given(
    st.builds(
        Rotation,
        st.sampled_from([Period.HOUR, Period.DAY, Period.WEEK]),
        st.integers(1, 9),
        st.builds(time, st.integers(0, 23), st.integers(0, 59)),
        st.dates(date(2026, 1, 1), date(2026, 3, 1)),
    ),
    st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca"]),
    st.integers(1, 40),
)
def test_answer_does_not_depend_on_how_long_ago_it_began(rotation: Rotation, zone: str, rounds: int) -> None:
    """A rotation that began some whole rounds of 3 people, 24 hours and 7 days earlier is the same since."""
    earlier = rotation.starts_on - timedelta(days=3 * 7 * rotation.every * rounds)
    now, before = (
        rotating(zone, rotation.period, rotation.every, rotation.handoff, starts_on)
        for starts_on in (rotation.starts_on, earlier)
    )
    begin = datetime(2026, 3, 15, tzinfo=UTC)
    assert shifts(now, begin, begin + 20 * DAY) == shifts(before, begin, begin + 20 * DAY)


def test_schedule_goes_round_its_people() -> None:
    weeks = [at(schedule(ADA, BEN, CHLOE), NOW + timedelta(weeks=week)) for week in range(4)]
    assert [shift.primary for shift in weeks] == [ADA, BEN, CHLOE, ADA]
    assert [shift.secondary for shift in weeks] == [BEN, CHLOE, ADA, BEN]


def test_one_person_alone_has_nobody_behind() -> None:
    shift = at(schedule(ADA), NOW)
    assert (shift.primary, shift.secondary) == (ADA, None)


def test_next_turn_of_the_same_person_is_not_their_secondary() -> None:
    assert at(schedule(ADA, ADA, BEN), NOW).secondary == BEN


def test_schedule_without_people_covers_nothing() -> None:
    assert on_call(schedule(), NOW) is None
    assert on_call(stacked(), NOW) is None


def test_same_person_on_both_sides_of_a_handoff_has_two_shifts() -> None:
    assert told(stacked(layer("alone", ADA)), march(10), march(12)) == [
        "10 00:00 ada - alone",
        "11 00:00 ada - alone",
    ]


def test_later_layer_wins_where_it_applies() -> None:
    days = stacked(
        layer("always", ADA, BEN),
        layer("business", CHLOE, DEV, hours=(Hours(time(9), time(17), WORKDAYS),)),
    )
    # Friday the 13th, the weekend, Monday the 16th.
    assert told(days, march(13), march(17)) == [
        "13 00:00 ada ben always",
        "13 09:00 chloe dev business",
        "13 17:00 ada ben always",
        "14 00:00 ben ada always",
        "15 00:00 ada ben always",
        "16 00:00 ben ada always",
        "16 09:00 dev chloe business",
        "16 17:00 ben ada always",
    ]
    shift = at(days, march(13, 18))
    assert (shift.starts_at, shift.ends_at) == (march(13, 17), march(14))


def test_layer_keeps_the_hours_of_its_own_zone() -> None:
    sun = stacked(
        layer("kolkata", ADA, hours=(Hours(time(9), time(17)),), time_zone="Asia/Kolkata"),
        layer("berlin", BEN, hours=(Hours(time(9), time(17)),), time_zone="Europe/Berlin"),
        layer("new york", CHLOE, hours=(Hours(time(9), time(17)),), time_zone="America/New_York"),
    )
    # Berlin goes to summer time on the 29th.
    assert told(sun, march(28), march(29)) == [
        "28 03:30 ada - kolkata",
        "28 08:00 ben - berlin",
        "28 13:00 chloe - new york",
    ]
    assert [one.starts_at for one in gaps(sun, march(28), march(30))] == [
        march(28),
        march(28, 21),
        march(29, 21),
    ]
    assert told(sun, march(29), march(30))[1] == "29 07:00 ben - berlin"


def test_hours_over_midnight_belong_to_the_day_on_which_they_start() -> None:
    nights = stacked(layer("nights", ADA, hours=(replace(NIGHT, weekdays=(Weekday.FRI,)),)))
    assert told(nights, march(9), march(16)) == ["13 22:00 ada - nights", "14 00:00 ada - nights"]
    assert at(nights, march(14, 5)).ends_at == march(14, 6)


def test_days_that_follow_one_another_are_not_cut_at_midnight() -> None:
    whole_days = (Hours(time(0), time(0), (Weekday.SAT, Weekday.SUN)),)
    weekends = stacked(
        layer("weekends", ADA, rotation=Rotation(Period.WEEK, 1, time(9), date(2026, 3, 2)), hours=whole_days)
    )
    shift = at(weekends, march(14, 12))
    assert (shift.starts_at, shift.ends_at) == (march(14), march(16))


def test_layer_applies_from_its_start_to_its_end() -> None:
    some_days = stacked(layer("a", ADA), layer("b", BEN, starts_at=march(10, 12), ends_at=march(11, 6)))
    assert told(some_days, march(10), march(12)) == [
        "10 00:00 ada - a",
        "10 12:00 ben - b",
        "11 00:00 ben - b",
        "11 06:00 ada - a",
    ]


def test_override_wins_and_the_last_of_two_does() -> None:
    taken = stacked(
        layer("always", ADA, BEN, CHLOE),
        overrides=(Override(DEV, march(10, 6), march(10, 18)), Override(CHLOE, march(10, 12), march(10, 15))),
    )
    # On the 10th it is Ada's turn: behind her come Ben and Chloé, then she herself.
    assert told(taken, march(10), march(11)) == [
        "10 00:00 ada ben always",
        "10 06:00 dev ben override",
        "10 12:00 chloe ben override",
        "10 15:00 dev ben override",
        "10 18:00 ada ben always",
    ]


def test_who_is_relieved_stands_behind_when_nobody_else_is_there() -> None:
    pair = stacked(layer("always", ADA, BEN), overrides=(Override(BEN, march(10, 6), march(10, 18)),))
    assert at(pair, march(10, 12)).secondary == ADA
    alone = stacked(layer("always", ADA), overrides=(Override(DEV, march(10, 6), march(10, 18)),))
    assert at(alone, march(10, 12)).secondary == ADA


def test_override_is_one_shift_while_the_same_person_stands_behind() -> None:
    three_days = (Override(DEV, march(10, 6), march(12, 6)),)
    pair = stacked(layer("always", ADA), overrides=three_days)
    assert told(pair, march(10, 6), march(12, 6)) == ["10 06:00 dev ada override"]
    three = stacked(layer("always", ADA, BEN, CHLOE), overrides=three_days)
    assert told(three, march(10, 6), march(12, 6)) == [
        "10 06:00 dev ben override",
        "11 00:00 dev chloe override",
        "12 00:00 dev ada override",
    ]


def test_override_fills_a_gap_and_nobody_stands_behind() -> None:
    filled = stacked(overrides=(Override(DEV, march(10, 6), march(10, 18, 30)),))
    assert told(filled, march(9), march(12)) == ["10 06:00 dev - override"]
    assert at(filled, march(10, 12)).is_override
    assert gaps(filled, march(10), march(11)) == (
        Gap(march(10), march(10, 6)),
        Gap(march(10, 18, 30), march(11)),
    )


def test_override_to_the_microsecond_is_kept() -> None:
    now = march(10, 6) + timedelta(microseconds=123_457)
    taken = stacked(layer("always", ADA), overrides=(Override(DEV, now, march(11)),))
    assert at(taken, now - timedelta(microseconds=1)) == Shift(ADA, None, march(10), now, "always")
    assert at(taken, now).starts_at == now


def test_override_without_an_end_is_found_in_time() -> None:
    for_ever = (Override(DEV, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)),)
    hourly = Rotation(Period.HOUR, 1, time(0), date(2026, 3, 1))
    assert (
        at(stacked(layer("always", ADA, BEN, rotation=hourly), overrides=for_ever), march(10)).primary == DEV
    )


def test_calendar_has_the_first_to_come_in_front_and_the_second_behind() -> None:
    duties = (
        Duty(BEN, march(10, 6), march(10, 14)),
        Duty(ADA, march(10), march(10, 8)),
        Duty(CHLOE, march(10, 6), march(10, 16)),
        Duty(DEV, march(10, 20), march(10, 22)),
    )
    imported = stacked(Layer("imported", duties=duties))
    assert told(imported, march(10), march(11)) == [
        "10 00:00 ada - imported",
        "10 06:00 ada ben imported",
        "10 08:00 ben chloe imported",
        "10 14:00 chloe - imported",
        "10 20:00 dev - imported",
    ]
    taken = replace(imported, overrides=(Override(DEV, march(10, 7), march(10, 8)),))
    assert at(taken, march(10, 7)).secondary == BEN


def test_answer_follows_a_changed_schedule() -> None:
    always = stacked(layer("always", ADA))
    assert at(always, march(10, 12)).primary == ADA
    taken = replace(always, overrides=(Override(DEV, march(10, 6), march(10, 18)),))
    assert at(taken, march(10, 12)).primary == DEV
    assert at(always, march(10, 12)).primary == ADA


def test_shifts_of_a_person_are_those_in_front_and_behind() -> None:
    first = replace(stacked(layer("one", ADA, BEN, CHLOE)), id=ScheduleId("first"))
    second = replace(stacked(layer("two", DEV, ADA)), id=ScheduleId("second"))
    found = shifts_of([first, second], ADA, march(10), march(12))
    assert [(schedule.id, f"{shift.starts_at:%d}", shift.primary == ADA) for schedule, shift in found] == [
        ("first", "10", True),
        ("second", "10", True),
        ("second", "11", False),
    ]


def test_nothing_lies_between_a_moment_and_an_earlier_one() -> None:
    always = stacked(layer("always", ADA))
    assert shifts(always, march(10), march(10)) == shifts(always, march(11), march(10)) == ()
    assert gaps(always, march(11), march(10)) == ()


@pytest.mark.parametrize("year", [1, 1899, 2501, 9999])
def test_far_moments_have_an_answer(year: int) -> None:
    """Somebody asks `/incident oncall` for any year."""
    moment = datetime(year, 6, 1, tzinfo=UTC)
    monthly = rotating("Europe/Berlin", Period.MONTH, starts_on=date(1, 1, 31))
    assert at(monthly, moment).primary in (ADA, BEN, CHLOE)
    assert at(rotating("Pacific/Apia", starts_on=date(1, 1, 1)), moment)
