"""Hours of the day that return on some weekdays, in local time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum

from bot.domain.zone import DAY, Clocks, as_datetime, as_instant, clocks, time_of

#: Days after which hours that have not ended are looked at for a year, and are then taken to be over.
_SOON, _AT_LAST = 8, 366


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_WEEK = tuple(Weekday)
#: Of day 0, 1970-01-01.
_FIRST_WEEKDAY = _WEEK.index(Weekday.THU)


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
        instant = as_instant(at)
        return bool(windows(self.hours, clocks(self.time_zone, instant, instant), instant, instant + 1))

    def ends_after(self, at: datetime) -> datetime:
        """When the hours that cover `at`, and those that follow without a break, are over; else `at` (UTC).

        Hours that never end are over in a year.
        """
        instant = end = as_instant(at)
        for days in (_SOON, _AT_LAST):
            until = instant + days * DAY
            for start, end_of_one in windows(
                self.hours, clocks(self.time_zone, instant, until), instant, until
            ):
                if start <= end < end_of_one:
                    end = end_of_one
            if end < until:
                break
        return as_datetime(end) if end > instant else at.astimezone(UTC)

    def between(self, starts_at: datetime, ends_at: datetime) -> list[tuple[datetime, datetime]]:
        """The stretches between two moments that they cover, whole, in order, apart (UTC)."""
        starts, ends = as_instant(starts_at), as_instant(ends_at)
        found = windows(self.hours, clocks(self.time_zone, starts, ends), starts, ends)
        return [(as_datetime(start), as_datetime(end)) for start, end in found]


def windows(hours: Iterable[Hours], local: Clocks, starts: int, ends: int) -> list[tuple[int, int]]:
    """Every stretch between two moments in which one of the hours applies, whole, in order, apart."""
    pattern: list[list[tuple[int, int]]] = [[] for _ in _WEEK]
    for one in hours:
        first, last = time_of(one.starts), time_of(one.ends)
        for weekday in one.weekdays:
            pattern[_WEEK.index(weekday)].append((first, last if last > first else last + DAY))
    for within_day in pattern:
        within_day.sort()
    found: list[tuple[int, int]] = []
    for day in range((starts + local.least) // DAY - 1, (ends + local.most) // DAY + 1):
        for first, last in pattern[(day + _FIRST_WEEKDAY) % 7]:
            start, end = local.instant(day * DAY + first), local.instant(day * DAY + last)
            if found and start <= found[-1][1]:
                found[-1] = found[-1][0], max(end, found[-1][1])
            elif start < end:
                found.append((start, end))
    return [one for one in found if one[0] < ends and starts < one[1]]
