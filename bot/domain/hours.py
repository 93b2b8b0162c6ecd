"""Hours of the day that return on some weekdays, in local time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain import zone

_DAY = timedelta(days=1)


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_WEEK = tuple(Weekday)


@dataclass(frozen=True)
class Hours:
    """A stretch of local time that returns on some weekdays."""

    starts: time
    #: At or before `starts` it is on the next day; 00:00 is the midnight that ends the day.
    ends: time
    #: On which it starts.
    weekdays: tuple[Weekday, ...] = _WEEK


@dataclass(frozen=True)
class LocalHours:
    """Hours of a place."""

    hours: tuple[Hours, ...]
    #: IANA name, such as `Europe/Berlin`.
    time_zone: str

    def covers(self, at: datetime) -> bool:
        """Whether `at` is within one of the hours."""
        return self.ends_after(at) > at

    def ends_after(self, at: datetime) -> datetime:
        """When the hours that cover `at`, and those that follow without a break, are over; else `at` (UTC).

        Hours that never end are over in a year.
        """
        end = at.astimezone(UTC)
        for starts_at, ends_at in sorted(stretches(self.hours, ZoneInfo(self.time_zone), end)):
            if starts_at <= end:
                end = max(end, ends_at)
        return end


def stretches(
    hours: tuple[Hours, ...], where: ZoneInfo, starts_at: datetime, days: int = 366
) -> list[tuple[datetime, datetime]]:
    """Each time that one of the hours comes in these days, and a few before; they may overlap (UTC)."""
    first = starts_at.astimezone(where).date() - 2 * _DAY
    found = [
        _stretch(one, where, first + number * _DAY)
        for number in range(days + 4)
        for one in hours
        if _WEEK[(first + number * _DAY).weekday()] in one.weekdays
    ]
    return [stretch for stretch in found if stretch[0] < stretch[1]]


def _stretch(one: Hours, where: ZoneInfo, day: date) -> tuple[datetime, datetime]:
    ends_on = day if one.ends > one.starts else day + _DAY
    return (
        zone.instant(where, datetime.combine(day, one.starts)),
        zone.instant(where, datetime.combine(ends_on, one.ends)),
    )
