"""Moments as people write and read them: `2026-10-25 02:30 Europe/Berlin`.

What is written without a zone or an offset is local time of the schedule that is asked about; where
several in different zones are, UTC. The answer always says which zone that was.
"""

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from bot.domain import zone

_FORM = "such as “2026-10-25 02:30 Europe/Berlin”, “2026-10-25T02:30+01:00” or “2026-10-25 02:30”"
#: So that what follows from a moment can be told too.
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_ZONE = re.compile(r"(?P<local>.*\S)\s+(?P<zone>[A-Za-z][\w+/-]*)", re.ASCII)


@dataclass(frozen=True)
class Moment:
    """A moment (UTC), and where it is told."""

    at: datetime
    time_zone: str
    #: What had to be decided: the time does not exist there, or comes twice.
    note: str | None = None


@dataclass(frozen=True)
class Written:
    """What stands on the command line, before it is known where that is."""

    #: With an offset, or local time.
    time: datetime
    time_zone: str | None

    def moment(self, time_zone: str) -> Moment:
        """The moment that is meant, in `time_zone` where nothing else is said."""
        where = self.time_zone or time_zone
        if self.time.tzinfo is not None:
            return Moment(self.time.astimezone(UTC), where)
        at = zone.instant(ZoneInfo(where), self.time)
        return Moment(at, where, _note(self.time, ZoneInfo(where), at))


class Time(click.ParamType[Written]):
    """A moment, with or without a zone."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Written:
        text = str(value).strip()
        match = _ZONE.fullmatch(text)
        name = match["zone"] if match else None
        if name is not None and name not in zone.names():
            near = difflib.get_close_matches(name, zone.names(), n=1)
            hint = f"; did you mean {near[0]}?" if near else ", such as Europe/Berlin or UTC"
            self.fail(f"{name!r} is no time zone{hint}", param, ctx)
        try:
            time = datetime.fromisoformat(match["local"] if match else text)
        except ValueError:
            self.fail(f"{text!r} is no time {_FORM}", param, ctx)
        if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
            self.fail(f"{text!r} must lie between {_FIRST_YEAR} and {_LAST_YEAR}", param, ctx)
        return Written(time, name)


def local(at: datetime, time_zone: str, *, with_year: bool = False) -> str:
    """`Sun 25 Oct 02:30`; where the clocks show it twice, with what they call it: `02:30 CEST`."""
    there = at.astimezone(ZoneInfo(time_zone))
    day = f"{there:%a} {there.day:>2} {there:%b %Y}" if with_year else f"{there:%a} {there.day:>2} {there:%b}"
    return f"{day} {clock(at, time_zone)}"


def clock(at: datetime, time_zone: str) -> str:
    """The time of day there: seconds where there are any, and the zone's name where it comes twice."""
    there = at.astimezone(ZoneInfo(time_zone))
    shown = f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}"
    return f"{shown} {there:%Z}" if _comes_twice(there) else shown


def in_full(at: datetime, time_zone: str) -> str:
    """`Sun 25 Oct 2026 02:30 CEST`, with the zone's name as it is then."""
    shown = local(at, time_zone, with_year=True)
    name = f"{at.astimezone(ZoneInfo(time_zone)):%Z}"
    return shown if shown.endswith(name) else f"{shown} {name}"


def told(when: Moment) -> str:
    """`Sun 25 Oct 2026 02:30 CEST (Europe/Berlin, 2026-10-25T00:30Z)`."""
    if when.time_zone == "UTC":
        return in_full(when.at, "UTC")
    return f"{in_full(when.at, when.time_zone)} ({when.time_zone}, {utc(when.at)})"


def utc(at: datetime) -> str:
    return (
        f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at.second else f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    )


def _note(written: datetime, where: ZoneInfo, at: datetime) -> str | None:
    taken = at.astimezone(where)
    if taken.replace(tzinfo=None) != written:
        return (
            f"{written:%Y-%m-%d %H:%M} does not exist in {where.key}: the clocks skip it. "
            f"Taken is the first moment after it, {taken:%H:%M %Z}."
        )
    if _comes_twice(taken):
        second = written.replace(tzinfo=where, fold=1)
        return (
            f"{written:%Y-%m-%d %H:%M} comes twice in {where.key}. Taken is the first, {taken:%Z}; "
            f"for the second write {second.isoformat(timespec='minutes')}."
        )
    return None


def _comes_twice(there: datetime) -> bool:
    return there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
