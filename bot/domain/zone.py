"""The clocks of a time zone: what they show when, and when they first show something.

Inside the calculation of schedules a moment is an `int`, whole microseconds since 1970 UTC, and what
clocks show is the same count as if it were UTC. The changes of a zone are found once for each year, by
looking at some days and halving in between, and then every question is a bisection: to ask `zoneinfo`
for each of a year's 2,000 shifts took five times as long as everything else together.

Clocks that are set back show the same times twice. For duty the first time counts, so that nothing
happens twice; a time that is skipped is reached at the jump. Both follow from one rule, by which handoffs
keep their order whatever the clocks do: a time comes when the clocks first show it or have passed it.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Almost the first and the last that a `datetime` can be, so that local times can be told, too.
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_FIRST_DAY = date(1970, 1, 1).toordinal()
_MEAN_YEAR = DAY * 146_097 // 400
#: Before and after them a zone is taken to stay as it is.
_FIRST_YEAR, _LAST_YEAR = 1900, 2500
#: Days between two looks. No zone has ever changed and changed back in less than six.
_LOOK = 4
#: A year of the mean calendar begins less than three days from the real one, and no offset is a day.
_MARGIN = 6 * DAY
_NEVER = -(10**30)


@cache
def names() -> frozenset[str]:
    """The zones that can be named. Two of the system's are none: they mean another one on each machine."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def as_instant(at: datetime) -> int:
    return (at - _EPOCH) // MICROSECOND


def as_datetime(instant: int) -> datetime:
    """In UTC; almost the first or last that a `datetime` can be, where it is beyond."""
    try:
        return _EPOCH + timedelta(microseconds=instant)
    except OverflowError:
        return _FIRST if instant < 0 else _LAST


def instant(where: ZoneInfo, local: datetime) -> datetime:
    """The first moment (UTC) at which the zone's clocks show `local` or have passed it."""
    reading = day_of(local.date()) + time_of(local.time())
    return as_datetime(clocks(where.key, reading, reading).instant(reading))


def day_of(day: date) -> int:
    """Midnight of the day, as clocks show it."""
    return (day.toordinal() - _FIRST_DAY) * DAY


def time_of(day_time: time) -> int:
    """Since midnight, as clocks show it."""
    minutes = day_time.hour * 60 + day_time.minute
    return (minutes * 60 + day_time.second) * SECOND + day_time.microsecond


class Clocks:
    """A zone's clocks over some years."""

    def __init__(self, changes: list[tuple[int, int]]) -> None:
        #: Since when each offset from UTC applies.
        self._since = [since for since, _ in changes]
        self._offsets = [offset for _, offset in changes]
        reached = (until + offset for until, offset in zip(self._since[1:], self._offsets[:-1], strict=True))
        #: What was shown just before each change; they are too far apart to come in another order.
        self._reached = [_NEVER, *reached]
        #: No clock shows less or more than this besides UTC.
        self.least, self.most = min(self._offsets), max(self._offsets)

    def instant(self, reading: int) -> int:
        """The first moment at which the clocks show this or have passed it."""
        at = bisect_right(self._reached, reading) - 1
        return max(reading - self._offsets[at], self._since[at])


def clocks(name: str, starts: int, ends: int) -> Clocks:
    """The clocks of the zone; right for moments between these and for what is shown at them."""
    return _clocks(name, _year(starts - _MARGIN), _year(ends + _MARGIN))


def forget() -> None:
    """What was found of zones so far, for who measures how long it takes."""
    _clocks.cache_clear()
    _changes.cache_clear()


@lru_cache(maxsize=1024)
def _clocks(name: str, first: int, last: int) -> Clocks:
    changes = [(_NEVER, _offset(ZoneInfo(name), date(first, 1, 1).toordinal() - _FIRST_DAY))]
    for year in range(first, last + 1):
        changes.extend(_changes(name, year))
    return Clocks(changes)


@lru_cache(maxsize=8192)
def _changes(name: str, year: int) -> tuple[tuple[int, int], ...]:
    """When the zone's offset changes in a year, and to what."""
    where = ZoneInfo(name)
    first, end = (date(one, 1, 1).toordinal() - _FIRST_DAY for one in (year, year + 1))
    found = []
    days = [*range(first, end, _LOOK), end]
    before = _offset(where, first)
    for day, following in pairwise(days):
        after = _offset(where, following)
        if after != before:
            found.append((_change(where, day, following), after))
        before = after
    return tuple(found)


def _change(where: ZoneInfo, day: int, following: int) -> int:
    """The second between two days from which the later day's offset applies."""
    low, high = day * 86_400, following * 86_400
    after = datetime.fromtimestamp(high, where).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, where).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high * SECOND


def _offset(where: ZoneInfo, day: int) -> int:
    offset = datetime.fromtimestamp(day * 86_400, where).utcoffset()
    return (offset or timedelta()) // MICROSECOND


def _year(instant: int) -> int:
    return min(max(1970 + instant // _MEAN_YEAR, _FIRST_YEAR), _LAST_YEAR)
