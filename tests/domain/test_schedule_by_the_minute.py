"""Random schedules around the changes of clocks, against one that walks through every minute.

200 of them in a test run, ten thousand with `TOCSIN_DOSE=full`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.hours import Hours, Weekday
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.rotation import Period, Rotation
from bot.domain.schedule import Duty, Layer, Override, Schedule, gaps, on_call, shifts
from tests.domain import minutes
from tests.faults.doses import dose

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # moves by half an hour
    "Asia/Kathmandu",  # +05:45, a quarter of an hour later since 1986
    "Africa/Casablanca",  # an hour back during Ramadan
    "Pacific/Apia",  # left out a whole day in 2011
    "Asia/Kolkata",
    "America/St_Johns",  # changed at one minute past midnight
    "America/Santiago",  # changes at midnight, so that a day begins at one
    "Antarctica/Troll",  # moves by two hours
    "Antarctica/Casey",  # by three
    "Africa/Cairo",  # four changes in some years
    "Europe/Dublin",  # winter time is what deviates
    "UTC",
]
PEOPLE = [PersonId(name) for name in ("ada", "ben", "chloe", "dev")]
DAY = timedelta(days=1)
#: Every kind of change that these zones know falls within.
FIRST, LAST = datetime(1985, 6, 1, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC)

people = st.sampled_from(PEOPLE)
LENGTHS = {
    Period.HOUR: st.sampled_from([1, 2, 12]) | st.integers(1, 60),
    Period.DAY: st.just(1) | st.integers(1, 10),
    Period.WEEK: st.integers(1, 4),
    Period.MONTH: st.integers(1, 4),
}


@st.composite
def middles(draw: st.DrawFn, zone: str) -> datetime:
    """A moment around which to look: most often that at which the clocks change."""
    day = draw(st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None))).replace(tzinfo=UTC)
    day = day.replace(minute=0, second=0, microsecond=0)
    return (minutes.clock_change(zone, day) if draw(st.integers(0, 3)) else None) or day


@dataclass(frozen=True)
class Near:
    """A moment, and the zones whose clocks are read."""

    middle: datetime
    zones: list[str]

    def moments(self) -> st.SearchStrategy[datetime]:
        return st.integers(-4000, 4000).map(lambda one: self.middle + timedelta(minutes=one))

    def times(self) -> st.SearchStrategy[time]:
        """Often times that are skipped or come twice."""
        here = self.middle.astimezone(ZoneInfo(self.zones[0]))
        close = st.integers(-10, 10).map(lambda one: (here + timedelta(minutes=15 * one)).time())
        return close | st.just(time(0)) | st.builds(time, st.integers(0, 23), st.integers(0, 59))

    def hours(self) -> st.SearchStrategy[Hours]:
        weekdays = st.lists(st.sampled_from(Weekday), min_size=1, unique=True).map(tuple)
        return st.builds(Hours, self.times(), self.times(), weekdays)


@st.composite
def rotations(draw: st.DrawFn, near: Near) -> Rotation:
    period = draw(st.sampled_from(Period))
    ago = draw(st.integers(-1, 3) | st.integers(4, 10_000))
    return Rotation(
        period, draw(LENGTHS[period]), draw(near.times()), near.middle.date() - timedelta(days=ago)
    )


@st.composite
def layers(draw: st.DrawFn, number: int, near: Near) -> Layer:
    is_calendar = draw(st.integers(0, 4)) == 0
    spans = st.lists(
        st.tuples(people, near.moments(), st.integers(1, 3000)), max_size=6 if is_calendar else 0
    )
    return Layer(
        f"layer {number}",
        None if is_calendar else draw(rotations(near)),
        () if is_calendar else tuple(draw(st.lists(people, min_size=1, max_size=5))),
        hours=tuple(draw(st.lists(near.hours(), max_size=2))),
        time_zone=draw(st.none() | st.sampled_from(near.zones)),
        starts_at=draw(st.none() | near.moments()),
        ends_at=draw(st.none() | near.moments()),
        duties=tuple(
            Duty(person, start, start + timedelta(minutes=length)) for person, start, length in draw(spans)
        ),
    )


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, datetime]:
    zones = draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True))
    near = Near(draw(middles(zones[0])), zones)
    stack = tuple(draw(layers(number, near)) for number in range(draw(st.integers(1, 4))))
    spans = draw(st.lists(st.tuples(people, near.moments(), st.integers(1, 3000)), max_size=3))
    overrides = tuple(
        Override(person, start, start + timedelta(minutes=length)) for person, start, length in spans
    )
    return Schedule(ScheduleId("s"), "S", zones[0], stack, overrides), near.middle


DOSE = settings(max_examples=dose(200, 10_000), deadline=None)


@DOSE
@given(schedules(), st.data())
def test_shifts_are_those_that_each_minute_gives(
    found: tuple[Schedule, datetime], data: st.DataObject
) -> None:
    schedule, middle = found
    starts_at, ends_at = middle - DAY / 6, middle + DAY
    wanted = minutes.shifts(schedule, starts_at, ends_at)
    given_ones = shifts(schedule, starts_at, ends_at)
    assert list(given_ones) == wanted
    for one in wanted:
        whole = on_call(
            schedule, one.starts_at + data.draw(st.integers(0, 1)) * (one.ends_at - one.starts_at) / 2
        )
        assert whole is not None
        assert (whole.primary, whole.secondary, whole.layer) == (one.primary, one.secondary, one.layer)
        assert whole.starts_at <= one.starts_at
        assert one.ends_at <= whole.ends_at
        assert whole.starts_at == one.starts_at or one.starts_at == starts_at
        assert whole.ends_at == one.ends_at or one.ends_at == ends_at
    for gap in gaps(schedule, starts_at, ends_at):
        assert on_call(schedule, gap.starts_at) is None
        assert all(one.ends_at <= gap.starts_at or gap.ends_at <= one.starts_at for one in wanted)
