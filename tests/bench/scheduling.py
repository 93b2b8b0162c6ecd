"""What a year of shifts costs: a schedule of five layers, whose rotations began long ago or just now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter

from bot.domain import zone
from bot.domain.hours import Hours, Weekday
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.rotation import Period, Rotation
from bot.domain.schedule import Layer, Override, Schedule, on_call, shifts

ROUNDS = 15
YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
LONG_AGO, JUST_NOW = date(1996, 1, 1), date(2025, 12, 29)
_PEOPLE = tuple(PersonId(name) for name in ("ada", "ben", "chloe", "dev", "emi"))
_OFFICE = (Hours(time(9), time(17), tuple(Weekday)[:5]),)
_NIGHTS = (Hours(time(20), time(8)),)


@dataclass(frozen=True)
class Found:
    """Seconds: the least of turns, for whatever else the machine does only adds to it."""

    shifts: int
    #: Nothing is known of any zone yet.
    cold: float
    warm: float
    began_long_ago: float
    began_just_now: float
    #: Who is on call: in a shift that was found before, and in one that was not.
    again: float
    anew: float


def measure() -> Found:
    old, new = schedule(LONG_AGO), schedule(JUST_NOW)
    turns: list[tuple[float, float, float]] = []
    for _ in range(ROUNDS):
        zone.forget()
        cold = _seconds(lambda: shifts(old, *YEAR))
        turns.append((cold, _seconds(lambda: shifts(old, *YEAR)), _seconds(lambda: shifts(new, *YEAR))))
    cold, warm, just_now = map(min, zip(*turns, strict=True))
    hours = [YEAR[0] + timedelta(hours=13 * hour) for hour in range(600)]
    anew = _seconds(lambda: [on_call(old, hour) for hour in hours]) / len(hours)
    again = _seconds(lambda: [on_call(old, hours[-1]) for _ in hours]) / len(hours)
    return Found(len(shifts(old, *YEAR)), cold, warm, warm, just_now, again, anew)


def schedule(began: date) -> Schedule:
    """By the month, the week, the half-day, the day and in the office, in five zones; with overrides."""
    layers = (
        Layer("monthly", Rotation(Period.MONTH, 1, time(9), began), _PEOPLE, time_zone="America/New_York"),
        Layer("weekly", Rotation(Period.WEEK, 1, time(9), began), _PEOPLE, hours=_NIGHTS),
        Layer("half-days", Rotation(Period.HOUR, 12, time(8), began), _PEOPLE, time_zone="Asia/Kolkata"),
        Layer(
            "daily",
            Rotation(Period.DAY, 1, time(9), began),
            _PEOPLE,
            hours=_NIGHTS,
            time_zone="Australia/Lord_Howe",
        ),
        Layer(
            "office",
            Rotation(Period.DAY, 1, time(9), began),
            _PEOPLE,
            hours=_OFFICE,
            time_zone="Africa/Casablanca",
        ),
    )
    overrides = (
        Override(
            _PEOPLE[month % 5], datetime(2026, month, 3, 7, tzinfo=UTC), datetime(2026, month, 5, tzinfo=UTC)
        )
        for month in range(1, 13)
    )
    return Schedule(ScheduleId("bench"), "Bench", "Europe/Berlin", layers, tuple(overrides))


def _seconds(do: Callable[[], object]) -> float:
    started = perf_counter()
    do()
    return perf_counter() - started
