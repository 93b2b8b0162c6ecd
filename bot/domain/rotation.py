"""Handoffs of one rotation, right across daylight-saving changes.

A handoff happens at a local time of day. Turns are therefore counted on the local calendar,
never in elapsed seconds: in the week in which the clocks change a turn lasts 167 or 169 hours.
"""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain import zone

_HOUR = timedelta(hours=1)


class Period(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_HOURS = {Period.HOUR: 1, Period.DAY: 24, Period.WEEK: 7 * 24}


@dataclass(frozen=True)
class Rotation:
    """Who is first hands over to who is next every `every` periods, at `handoff` local time."""

    period: Period
    every: int
    handoff: time
    #: The date of the first handoff; its weekday, or its day of the month, is that of every later one.
    starts_on: date


@dataclass(frozen=True)
class Turn:
    """One stretch of duty. `ordinal` counts turns since the rotation began; times are UTC."""

    ordinal: int
    starts_at: datetime
    ends_at: datetime


def turn_at(rotation: Rotation, where: ZoneInfo, at: datetime) -> Turn | None:
    """The turn that covers `at`; None before the rotation's start."""
    local = at.astimezone(where).replace(tzinfo=None)
    start = datetime.combine(rotation.starts_on, rotation.handoff)
    if rotation.period is Period.MONTH:
        months = (local.year - start.year) * 12 + local.month - start.month
        ordinal = months // rotation.every - 1
    else:
        ordinal = (local - start) // (rotation.every * _HOURS[rotation.period] * _HOUR) - 1
    while _handoff(rotation, where, ordinal + 1) <= at:
        ordinal += 1
    if ordinal < 0:
        return None
    return Turn(ordinal, _handoff(rotation, where, ordinal), _handoff(rotation, where, ordinal + 1))


def beginning(rotation: Rotation, where: ZoneInfo) -> datetime:
    """The first handoff (UTC)."""
    return _handoff(rotation, where, 0)


def _handoff(rotation: Rotation, where: ZoneInfo, ordinal: int) -> datetime:
    start = datetime.combine(rotation.starts_on, rotation.handoff)
    if rotation.period is Period.MONTH:
        years, month = divmod(start.month - 1 + ordinal * rotation.every, 12)
        year = start.year + years
        day = min(start.day, calendar.monthrange(year, month + 1)[1])
        return zone.instant(where, start.replace(year=year, month=month + 1, day=day))
    return zone.instant(where, start + ordinal * rotation.every * _HOURS[rotation.period] * _HOUR)
