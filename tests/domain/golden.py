"""The golden calendars: what they are made of. `python -m tests.domain.golden` writes them anew.

Each line is a stretch: when it begins on the wall, how long it lasts, who has the pager, who stands behind.
A line in between says that the clocks are changed, during that stretch or before it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.domain.hours import Hours, Weekday
from bot.domain.ids import ScheduleId
from bot.domain.rotation import Period, Rotation
from bot.domain.schedule import Gap, Layer, Schedule, Shift, gaps, shifts
from tests.domain.samples import ADA, BEN, CHLOE, DEV

FOLDER = Path(__file__).with_name("calendars")
DAY = timedelta(days=1)
OFFICE = Hours(time(9), time(17), tuple(Weekday)[:5])
NIGHT = Hours(time(22), time(6))
#: A title, a schedule, from when and how long it is told.
Found = tuple[str, Schedule, date, timedelta]


@cache
def files() -> dict[str, str]:
    return {name: "\n".join(_calendar(zone, parts)) + "\n" for name, (zone, parts) in _calendars().items()}


def _calendars() -> dict[str, tuple[str, list[Found]]]:
    two, half_past = time(2, 30), time(1, 30)
    return {
        "berlin": _changing("Europe/Berlin", (date(2026, 3, 29), two), (date(2026, 10, 25), two)),
        "new_york": _changing("America/New_York", (date(2026, 3, 8), two), (date(2026, 11, 1), half_past)),
        "lord_howe": _changing(
            "Australia/Lord_Howe", (date(2026, 4, 5), time(1, 45)), (date(2026, 10, 4), time(2, 15))
        ),
        "casablanca": _changing("Africa/Casablanca", (date(2026, 2, 15), two), (date(2026, 3, 22), two)),
        "kolkata": ("Asia/Kolkata", _steady("Asia/Kolkata")),
        "apia": ("Pacific/Apia", _skipping("Pacific/Apia")),
    }


def _changing(zone: str, *changes: tuple[date, time]) -> tuple[str, list[Found]]:
    """Around two changes: by the week, by half days, at a time that is skipped or comes twice, by hours."""
    weekly = Rotation(Period.WEEK, 1, time(9), date(2026, 1, 5))
    found: list[Found] = []
    for day, handoff in changes:
        half_days = Rotation(Period.HOUR, 12, time(8), day - DAY)
        nightly = Rotation(Period.DAY, 1, handoff, day - 2 * DAY)
        hourly = Rotation(Period.HOUR, 1, time(0), day)
        monday = day - timedelta(days=day.weekday() + 7)
        found += [
            ("every week on Monday at 09:00", _of(zone, weekly), monday, 22 * DAY),
            ("every 12 hours at 08:00 and 20:00", _of(zone, half_days), day - DAY, 3 * DAY),
            (f"every day at {handoff:%H:%M}", _of(zone, nightly), day - DAY, 3 * DAY),
            ("every hour", _of(zone, hourly), day, DAY / 4),
        ]
    return zone, [*found, _layered(zone, changes[0][0])]


def _layered(zone: str, change: date) -> Found:
    """One person all the time, two others in the office and at night."""
    first = change - timedelta(days=change.weekday() + 7)
    daily = Rotation(Period.DAY, 1, time(12), first)
    layers = (
        Layer("always", Rotation(Period.MONTH, 1, time(9), date(2025, 1, 31)), (ADA, BEN)),
        Layer("office", daily, (CHLOE, DEV), hours=(OFFICE,)),
        Layer("nights", daily, (DEV, CHLOE), hours=(NIGHT,)),
    )
    title = "always: monthly on the 31st; office: Mon-Fri 09:00-17:00, nights: 22:00-06:00, daily at 12:00"
    return title, Schedule(ScheduleId("s"), "S", zone, layers), change - 2 * DAY, 5 * DAY


def _steady(zone: str) -> list[Found]:
    """Where clocks never change: the ends of months and of the year, a leap day."""
    monthly = Rotation(Period.MONTH, 1, time(9), date(2027, 8, 31))
    weekly = Rotation(Period.WEEK, 2, time(18, 30), date(2027, 12, 6))
    quarter = Rotation(Period.HOUR, 6, time(3, 15), date(2028, 2, 28))
    first = Schedule(
        ScheduleId("s"),
        "S",
        zone,
        (Layer("office", Rotation(Period.DAY, 1, time(9), date(2027, 12, 27)), (ADA, BEN), hours=(OFFICE,)),),
    )
    return [
        ("every month on the 31st at 09:00", _of(zone, monthly), date(2027, 8, 1), 366 * DAY),
        ("every 2 weeks on Monday at 18:30", _of(zone, weekly), date(2027, 12, 6), 63 * DAY),
        ("every 6 hours from 03:15", _of(zone, quarter), date(2028, 2, 28), 3 * DAY),
        ("only Mon-Fri 09:00-17:00", first, date(2027, 12, 29), 7 * DAY),
    ]


def _skipping(zone: str) -> list[Found]:
    """Samoa left out Friday, 30 December 2011: after Thursday came Saturday."""
    day = date(2011, 12, 28)
    weekly = Rotation(Period.WEEK, 1, time(9), date(2011, 12, 23))
    half_days = Rotation(Period.HOUR, 12, time(8), day)
    office = Schedule(
        ScheduleId("s"),
        "S",
        zone,
        (Layer("office", Rotation(Period.DAY, 1, time(0), day), (ADA, BEN), hours=(OFFICE,)),),
    )
    return [
        ("every day at 00:00", _of(zone, Rotation(Period.DAY, 1, time(0), day)), day, 5 * DAY),
        ("every day at 09:00", _of(zone, Rotation(Period.DAY, 1, time(9), day)), day, 5 * DAY),
        ("every week on Friday at 09:00", _of(zone, weekly), date(2011, 12, 23), 17 * DAY),
        (
            "every 12 hours at 08:00 and 20:00",
            _of(zone, half_days),
            day,
            5 * DAY,
        ),
        ("only Mon-Fri 09:00-17:00", office, day, 6 * DAY),
    ]


def _of(zone: str, rotation: Rotation) -> Schedule:
    return Schedule(ScheduleId("s"), "S", zone, (Layer("rotation", rotation, (ADA, BEN, CHLOE)),))


def _calendar(zone: str, parts: list[Found]) -> Iterator[str]:
    yield zone
    for title, schedule, first, length in parts:
        yield ""
        yield title
        starts_at = datetime.combine(first, time(), ZoneInfo(zone)).astimezone(UTC)
        yield from _lines(schedule, starts_at, starts_at + length)


def _lines(schedule: Schedule, starts_at: datetime, ends_at: datetime) -> Iterator[str]:
    where = ZoneInfo(schedule.time_zone)
    found: list[Shift | Gap] = [*shifts(schedule, starts_at, ends_at), *gaps(schedule, starts_at, ends_at)]
    offset = starts_at.astimezone(where).utcoffset()
    for one in sorted(found, key=lambda one: one.starts_at):
        line = f"  {_moment(one.starts_at, where)}  {_length(one):>9}  {_who(one)}"
        changes = [f"    clocks go from {change}" for change in _changes(one, where, offset)]
        is_first = one.starts_at.astimezone(where).utcoffset() != offset
        yield from [*changes, line] if is_first else [line, *changes]
        offset = (one.ends_at - timedelta(microseconds=1)).astimezone(where).utcoffset()


def _changes(one: Shift | Gap, where: ZoneInfo, offset: timedelta | None) -> Iterator[str]:
    minute = one.starts_at.replace(minute=0)  # every change of these zones is at a whole half hour
    while minute < one.ends_at:
        there = minute.astimezone(where)
        if there.utcoffset() != offset:
            before = (minute - timedelta(minutes=1)).astimezone(where)
            yield f"{before:%a %H:%M} ({_offset(before)}) to {there:%a %H:%M} ({_offset(there)})"
        offset = there.utcoffset()
        minute += timedelta(minutes=30)


def _moment(at: datetime, where: ZoneInfo) -> str:
    there = at.astimezone(where)
    return f"{there:%a %Y-%m-%d %H:%M} {_offset(there)}"


def _offset(there: datetime) -> str:
    return f"{there:%z}"[:3] + ":" + f"{there:%z}"[3:5]


def _length(one: Shift | Gap) -> str:
    minutes = (one.ends_at - one.starts_at) // timedelta(minutes=1)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h" + (f" {rest:02} m" if rest else "")


def _who(one: Shift | Gap) -> str:
    if isinstance(one, Gap):
        return "nobody"
    layer = "" if one.layer == "rotation" else f" ({one.layer})"
    return f"{one.primary}, then {one.secondary}{layer}"


if __name__ == "__main__":
    for name, content in files().items():
        (FOLDER / f"{name}.txt").write_text(content, encoding="utf-8")
