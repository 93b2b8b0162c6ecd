"""Handoffs of one rotation, right across daylight-saving changes.

A handoff happens at a local time of day. Turns are therefore counted on the local calendar,
never in elapsed seconds: in the week in which the clocks change a turn lasts 167 or 169 hours.
A turn of no length, such as that of the day that Apia left out, is nobody's: whoever is next follows.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, time
from enum import StrEnum
from typing import NamedTuple

from bot.domain.zone import DAY, HOUR, Clocks, as_datetime, day_of, time_of


class Period(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_LENGTHS = {Period.HOUR: HOUR, Period.DAY: DAY, Period.WEEK: 7 * DAY}


@dataclass(frozen=True)
class Rotation:
    """Who is first hands over to who is next every `every` periods, at `handoff` local time."""

    period: Period
    every: int
    handoff: time
    #: The date of the first handoff; its weekday, or its day of the month, is that of every later one.
    starts_on: date

    @property
    def longest(self) -> int:
        """What no turn is longer than, in microseconds."""
        return self.every * (_LENGTHS.get(self.period) or 31 * DAY) + DAY


class Turn(NamedTuple):
    """One stretch of duty. `ordinal` counts turns since the rotation began."""

    ordinal: int
    starts: int
    ends: int


def turns(rotation: Rotation, local: Clocks, starts: int, ends: int) -> Iterator[Turn]:
    """The turns between two moments, whole, in order. There are none before the first handoff."""
    first = max(_ordinal(rotation, starts + local.least), 0)
    last = _ordinal(rotation, ends + local.most) + 1
    handoffs = map(local.instant, _readings(rotation, first, last))
    start = next(handoffs, ends)
    for ordinal, end in enumerate(handoffs, first):
        if start < end and start < ends and starts < end:
            yield Turn(ordinal, start, end)
        start = end


def _ordinal(rotation: Rotation, reading: int) -> int:
    """Of the turn that clocks which show this are in."""
    start = day_of(rotation.starts_on) + time_of(rotation.handoff)
    if rotation.period is not Period.MONTH:
        return (reading - start) // (rotation.every * _LENGTHS[rotation.period])
    shown = as_datetime(reading)
    months = (shown.year - rotation.starts_on.year) * 12 + shown.month - rotation.starts_on.month
    ordinal = months // rotation.every
    [handoff] = _readings(rotation, ordinal, ordinal)
    return ordinal if handoff <= reading else ordinal - 1


def _readings(rotation: Rotation, first: int, last: int) -> Iterator[int]:
    """What clocks show at the handoffs from which these turns begin."""
    at_time = time_of(rotation.handoff)
    if rotation.period is not Period.MONTH:
        length = rotation.every * _LENGTHS[rotation.period]
        start = day_of(rotation.starts_on) + at_time
        yield from range(start + first * length, start + last * length + 1, length)
        return
    for ordinal in range(first, last + 1):
        years, month = divmod(rotation.starts_on.month - 1 + ordinal * rotation.every, 12)
        year = min(max(rotation.starts_on.year + years, MINYEAR), MAXYEAR)
        day = min(rotation.starts_on.day, monthrange(year, month + 1)[1])
        yield day_of(date(year, month + 1, day)) + at_time
