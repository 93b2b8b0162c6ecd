"""iCalendar text → what it says in a stretch of time: recurrences, exceptions and time zones worked out.

The library reads the text; recurrences are counted in local wall-clock time and only then become moments,
so that a shift from 22:00 to 06:00 ends at 06:00 on the Sunday the clocks change, too. By the letter of
RFC 5545 (3.8.5.3) it would last eight hours; then a week from Monday 09:00 to Monday 09:00 would leave an
hour in autumn in which nobody is on call.

What cannot be read is never left out in silence: a whole calendar is refused, an event is told of with its
title. What a calendar may hold is bounded; but a rule that never comes true (on 30 February, every day) is
looked for until the year 9999, so calendars from outside are read in a process that can be ended: `apart`.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar, Component

from bot.calendars.properties import (
    Unreadable,
    addresses,
    as_text,
    check,
    is_cancelled,
    sequence,
    several,
    title,
    value,
    zone_named,
)
from bot.domain.errors import Refusal
from bot.domain.imported import Expansion, Occurrence, Skipped

LARGEST = 1024 * 1024
MOST_EVENTS = 5_000
MOST_OCCURRENCES = 20_000
_MOST_SKIPPED = 50
#: Nobody takes turns by the minute; such a rule is there to keep us busy.
_FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")


class BadCalendar(Refusal):
    """A calendar that cannot be used as a whole."""

    code = "VALIDATION_ERROR"


def expand(text: str, time_zone: str, starts_at: datetime, ends_at: datetime) -> Expansion:
    """What the calendar says between two moments. Raises BadCalendar.

    `time_zone` is where days begin, and where times are that name no zone; a calendar may know the latter
    better (`X-WR-TIMEZONE`).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library tells us of zones it had to guess
        calendars = _read(text)
        found: list[Occurrence] = []
        skipped: list[Skipped] = []
        for calendar in calendars:
            floating = zone_named(str(calendar.get("X-WR-TIMEZONE", ""))) or ZoneInfo(time_zone)
            for series in _series(calendar.walk("VEVENT")):
                expanding = _Expanding(ZoneInfo(time_zone), floating, starts_at, ends_at)
                try:
                    found += expanding.occurrences(series)
                except (
                    Unreadable,
                    ArithmeticError,
                    AttributeError,
                    LookupError,
                    TypeError,
                    ValueError,
                ) as error:
                    # A damaged event is told of, whatever it is that the libraries make of the damage.
                    why = str(error) if isinstance(error, Unreadable) else "its times cannot be understood"
                    skipped.append(Skipped(title(series[0]), why))
                if len(found) > MOST_OCCURRENCES:
                    raise BadCalendar(f"has more than {MOST_OCCURRENCES:,} shifts in little more than a year")
    found.sort(key=lambda one: (one.starts_at, one.ends_at, one.title, one.attendees))
    return Expansion(starts_at, ends_at, tuple(found), tuple(skipped[:_MOST_SKIPPED]))


def _read(text: str) -> list[Component]:
    if len(text) > LARGEST or len(text.encode(errors="replace")) > LARGEST:
        raise BadCalendar("is larger than 1 MiB")
    folded = text.upper()
    if "BEGIN:VCALENDAR" not in folded:
        raise BadCalendar("is no iCalendar: it has no BEGIN:VCALENDAR")
    if folded.count("BEGIN:VEVENT") > MOST_EVENTS:
        raise BadCalendar(f"has more than {MOST_EVENTS:,} events")
    try:
        found = Calendar.from_ical(text.removeprefix("\ufeff"), multiple=True)
    except Exception as error:
        # The library raises whatever it stumbles over, and all of it means the same.
        raise BadCalendar("is damaged: it cannot be read as an iCalendar") from error
    return [one for one in found if one.name == "VCALENDAR"]


def _series(events: Iterable[Component]) -> list[list[Component]]:
    """Events that belong together: the series itself, if it is there, then its exceptions."""
    by_uid: dict[str, list[Component]] = {}
    for number, event in enumerate(events):
        by_uid.setdefault(str(value(event, "UID") or f"\0{number}"), []).append(event)
    found = []
    for events_of_uid in by_uid.values():
        newest: dict[Any, Component] = {}
        for event in sorted(events_of_uid, key=sequence):
            newest[as_text(value(event, "RECURRENCE-ID"))] = event
        found.append([newest[key] for key in sorted(newest)])  # "" sorts first: the series itself
    return found


@dataclass(frozen=True)
class _Expanding:
    """Works out one series: `days` is the zone of days, `floating` that of times without one."""

    days: tzinfo
    floating: tzinfo
    starts_at: datetime
    ends_at: datetime

    def occurrences(self, series: list[Component]) -> list[Occurrence]:
        for event in series:
            check(event)
        if "RECURRENCE-ID" not in series[0]:
            main, exceptions = series[0], series[1:]
            if is_cancelled(main):
                return []
            replaced = [self._moment(one, value(one, "RECURRENCE-ID")) for one in exceptions]
            found = [one for one in self._repeated(main) if one.starts_at not in replaced]
        else:
            exceptions, found = series, []
        alone = [one for event in exceptions if not is_cancelled(event) for one in self._alone(event)]
        return [*found, *alone]

    def _repeated(self, event: Component) -> Iterator[Occurrence]:
        start, zone = self._local(value(event, "DTSTART"))
        gone = self._excluded(event)
        locals_ = islice(self._starts(event, start, zone), MOST_OCCURRENCES + 1)
        moments: dict[datetime, datetime | None] = {_utc(local, zone): None for local in locals_}
        moments.update(self._added(event))
        if len(moments) > MOST_OCCURRENCES:
            raise Unreadable("it repeats too often")
        for moment, until in sorted(moments.items(), key=lambda one: one[0]):
            if moment in gone or moment.astimezone(zone).date() in gone:
                continue
            yield from self._one(event, moment, zone, until)

    def _alone(self, event: Component) -> Iterator[Occurrence]:
        start, zone = self._local(value(event, "DTSTART"))
        yield from self._one(event, _utc(start, zone), zone, None)

    def _one(
        self, event: Component, moment: datetime, zone: tzinfo, until: datetime | None
    ) -> Iterator[Occurrence]:
        ends = until or self._end(event, moment, zone)
        if ends <= moment:
            raise Unreadable("it lasts no time")
        if ends > self.starts_at and moment < self.ends_at:
            organizer = addresses(event, "ORGANIZER")
            attendees = addresses(event, "ATTENDEE")
            yield Occurrence(title(event), moment, ends, attendees, next(iter(organizer), None))

    def _starts(self, event: Component, start: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Local beginnings that may reach into the range; the first is the event's own."""
        span = abs(self._end(event, _utc(start, zone), zone) - _utc(start, zone)) + timedelta(days=2)
        earliest = self.starts_at.astimezone(zone).replace(tzinfo=None) - span
        latest = self.ends_at.astimezone(zone).replace(tzinfo=None)
        yield start
        for rule in several(value(event, "RRULE")):
            for local in rrulestr(self._rule(rule, start, zone), dtstart=start):
                if local > latest:
                    break
                if local >= earliest:
                    yield local

    def _rule(self, rule: Any, start: datetime, zone: tzinfo) -> str:
        """The rule for local times without a zone: its end in UTC becomes a local one."""
        parts = {name.upper(): values for name, values in rule.items()}
        if as_text(parts.get("FREQ")) not in _FREQUENCIES:
            raise Unreadable("it does not repeat by the hour, day, week, month or year")
        if {"RSCALE", "SKIP"} & parts.keys():
            raise Unreadable("it repeats by another calendar's months")
        until = parts.pop("UNTIL", None)
        text = str(type(rule)(parts).to_ical().decode())
        if until is None:
            return text
        end = until[0] if isinstance(until, list) else until
        if not isinstance(end, datetime):
            end = datetime.combine(end, time.max.replace(microsecond=0))
        local = end.astimezone(zone).replace(tzinfo=None) if end.tzinfo is not None else end
        return f"{text};UNTIL={local:%Y%m%dT%H%M%S}"

    def _excluded(self, event: Component) -> set[date | datetime]:
        """Moments, and whole days, on which it does not take place."""
        found: set[date | datetime] = set()
        all_day = not isinstance(value(event, "DTSTART").dt, datetime)
        for listed in several(value(event, "EXDATE")):
            for one in listed.dts:
                if isinstance(one.dt, datetime):
                    found.add(self._moment(event, one, listed))
                else:
                    found.add(_utc(datetime.combine(one.dt, time()), self.days) if all_day else one.dt)
        return found

    def _added(self, event: Component) -> Iterator[tuple[datetime, datetime | None]]:
        for listed in several(value(event, "RDATE")):
            for one in listed.dts:
                if not isinstance(one.dt, tuple):
                    yield self._moment(event, one, listed), None
                    continue
                begins, ends = one.dt
                zone = begins.tzinfo or self.floating
                moment = _utc(begins.replace(tzinfo=None), zone)
                last = moment + ends if isinstance(ends, timedelta) else _utc(ends.replace(tzinfo=None), zone)
                yield moment, last

    def _end(self, event: Component, moment: datetime, zone: tzinfo) -> datetime:
        """When the occurrence that begins at this moment is over, by the clock on the wall."""
        local = moment.astimezone(zone).replace(tzinfo=None)
        begins = value(event, "DTSTART").dt
        if "DTEND" in event:
            start, _ = self._local(value(event, "DTSTART"))
            end, end_zone = self._local(value(event, "DTEND"))
            if end_zone == zone:
                return _utc(local + (end - start), zone)
            return moment + (_utc(end, end_zone) - _utc(start, zone))
        if "DURATION" in event:
            lasts = value(event, "DURATION").dt
            days = timedelta(days=lasts.days)
            ends: datetime = _utc(local + days, zone) + (lasts - days)
            return ends
        return _utc(local + timedelta(days=1), zone) if not isinstance(begins, datetime) else moment

    def _moment(self, event: Component, given: Any, named: Any = None) -> datetime:
        """The moment of a value; `named` carries its zone where the value itself does not."""
        local, zone = self._local(given, named)
        return _utc(local, zone)

    def _local(self, given: Any, named: Any = None) -> tuple[datetime, tzinfo]:
        """Local time and its zone."""
        moment = given.dt
        if not isinstance(moment, datetime):
            return datetime.combine(moment, time()), self.days
        if moment.tzinfo is not None:
            return moment.replace(tzinfo=None), moment.tzinfo
        for carrier in (given, named):
            zone = getattr(carrier, "params", {}).get("TZID")
            if zone:
                raise Unreadable(f"its time zone {str(zone)[:60]!r} is unknown")
        return moment, self.floating


def _utc(local: datetime, zone: tzinfo) -> datetime:
    """A wall-clock time that does not exist counts from before the gap, one that comes twice is the first."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
