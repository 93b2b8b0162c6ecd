"""Handoffs of one rotation, right across daylight-saving changes.

A handoff happens at a local time of day. Turns are therefore counted on the local calendar,
never in elapsed seconds: in the week in which the clocks change a turn lasts 167 or 169 hours.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"

    @property
    def days(self) -> int:
        return 7 if self is Period.WEEK else 1


@dataclass(frozen=True)
class Rotation:
    """Who is first hands over to who is next every `every` periods, at `handoff` local time."""

    period: Period
    every: int
    handoff: time
    #: The date of the first handoff; its weekday is the weekday of every weekly handoff.
    starts_on: date


@dataclass(frozen=True)
class Turn:
    """One stretch of duty. `ordinal` counts turns since the rotation began; times are UTC."""

    ordinal: int
    starts_at: datetime
    ends_at: datetime


def turn_at(rotation: Rotation, zone: ZoneInfo, at: datetime) -> Turn:
    """The turn that covers `at`; turns before the rotation's start have negative ordinals."""
    length = rotation.every * rotation.period.days
    local = at.astimezone(zone)
    ordinal = (local.date() - rotation.starts_on).days // length
    while _handoff(rotation, zone, ordinal, length) > at:
        ordinal -= 1
    while _handoff(rotation, zone, ordinal + 1, length) <= at:
        ordinal += 1
    return Turn(
        ordinal,
        _handoff(rotation, zone, ordinal, length),
        _handoff(rotation, zone, ordinal + 1, length),
    )


def _handoff(rotation: Rotation, zone: ZoneInfo, ordinal: int, length: int) -> datetime:
    day = rotation.starts_on + timedelta(days=ordinal * length)
    return datetime.combine(day, rotation.handoff, tzinfo=zone).astimezone(UTC)
