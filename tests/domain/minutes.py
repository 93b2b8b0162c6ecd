"""A slow and obvious schedule to compare the real one with: it walks through every minute.

For each minute it asks `zoneinfo` what a clock on the wall shows, and decides from that alone. It shares
the dataclasses with the real one and no line of its calculation. Everything must happen at whole minutes.

The wall clock is one that people read for duty: set back, it waits until the time has caught up, so that
no hour comes twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.hours import Hours, Weekday
from bot.domain.ids import PersonId
from bot.domain.rotation import Period, Rotation
from bot.domain.schedule import Layer, Schedule, Shift

MINUTE = timedelta(minutes=1)
#: Longer than clocks are ever set back.
_EARLIER = timedelta(hours=12)
_STEPS = {Period.HOUR: timedelta(hours=1), Period.DAY: timedelta(days=1), Period.WEEK: timedelta(weeks=1)}


@dataclass(frozen=True)
class _Answer:
    """Who comes first, then second, … and what tells this turn from the one before."""

    layer: str | None
    turn: object
    people: list[PersonId]


def shifts(schedule: Schedule, starts_at: datetime, ends_at: datetime) -> list[Shift]:
    """As the real one should answer."""
    found: list[Shift] = []
    last: tuple[object, ...] | None = None
    for minute, walls in _minutes(schedule, starts_at, ends_at):
        answer = _who(schedule, minute, walls)
        if answer is None:
            last = None
            continue
        primary = answer.people[0]
        others = [person for person in answer.people if person != primary]
        secondary = others[0] if others else None
        this = (answer.layer, answer.turn, primary, secondary)
        begin = found.pop().starts_at if this == last else minute
        found.append(Shift(primary, secondary, begin, minute + MINUTE, answer.layer))
        last = this
    return found


def _minutes(
    schedule: Schedule, starts_at: datetime, ends_at: datetime
) -> Iterator[tuple[datetime, dict[str, datetime]]]:
    """Each minute, and what the wall clock of each zone shows in it."""
    names = {schedule.time_zone, *(layer.time_zone for layer in schedule.layers if layer.time_zone)}
    walls = dict.fromkeys(names, datetime(1, 1, 1))  # noqa: DTZ001 - what a clock on the wall shows
    minute = starts_at - _EARLIER
    while minute < ends_at:
        for name in names:
            shown = minute.astimezone(ZoneInfo(name)).replace(tzinfo=None)
            if shown > walls[name]:
                walls[name] = shown
        if minute >= starts_at:
            yield minute, walls
        minute += MINUTE


def _who(schedule: Schedule, minute: datetime, walls: dict[str, datetime]) -> _Answer | None:
    beneath = None
    for layer in schedule.layers:
        wall = walls[layer.time_zone or schedule.time_zone]
        beneath = _in_layer(layer, minute, wall) or beneath
    for number, override in reversed(list(enumerate(schedule.overrides))):
        if override.starts_at <= minute < override.ends_at:
            next_ones = [*beneath.people[1:], beneath.people[0]] if beneath else []
            return _Answer(None, number, [override.person, *next_ones])
    return beneath


def _in_layer(layer: Layer, minute: datetime, wall: datetime) -> _Answer | None:
    if layer.starts_at is not None and minute < layer.starts_at:
        return None
    if layer.ends_at is not None and minute >= layer.ends_at:
        return None
    if layer.hours and not any(_is_within(one, wall) for one in layer.hours):
        return None
    if layer.rotation is None:
        now = [one for one in layer.duties if one.starts_at <= minute < one.ends_at]
        now.sort(key=lambda one: (one.starts_at, one.person, one.ends_at))
        return _Answer(layer.name, now[0], [one.person for one in now]) if now else None
    handoffs = _handoffs_until(layer.rotation, wall)
    if not handoffs or not layer.participants:
        return None
    people = list(layer.participants)
    for _ in range((handoffs - 1) % len(people)):
        people.append(people.pop(0))
    return _Answer(layer.name, handoffs, people)


def _is_within(hours: Hours, wall: datetime) -> bool:
    today = list(Weekday)[wall.weekday()]
    yesterday = list(Weekday)[wall.weekday() - 1]
    now = wall.time()
    if hours.starts < hours.ends:
        return today in hours.weekdays and hours.starts <= now < hours.ends
    return (today in hours.weekdays and hours.starts <= now) or (
        yesterday in hours.weekdays and now < hours.ends
    )


def _handoffs_until(rotation: Rotation, wall: datetime) -> int:
    """How many handoffs there have been."""
    first = datetime.combine(rotation.starts_on, rotation.handoff)
    if wall < first:
        return 0
    if rotation.period is not Period.MONTH:
        return (wall - first) // (rotation.every * _STEPS[rotation.period]) + 1
    count = 0
    year, month = first.year, first.month
    while _on_day(year, month, first.day, rotation.handoff) <= wall:
        count += 1
        month += rotation.every
        while month > 12:
            year, month = year + 1, month - 12
    return count


def _on_day(year: int, month: int, day: int, at: time) -> datetime:
    """The day of this month, or its last."""
    while True:
        try:
            return datetime(year, month, day, at.hour, at.minute)  # noqa: DTZ001 - what a clock on the wall shows
        except ValueError:
            day -= 1


def clock_change(name: str, after: datetime, days: int = 400) -> datetime | None:
    """The first minute in which the zone's clocks are off by another amount than the minute before."""
    where = ZoneInfo(name)
    for number in range(days):
        day = after + timedelta(days=number)
        if day.astimezone(where).utcoffset() != (day + timedelta(days=1)).astimezone(where).utcoffset():
            minute = day
            while minute.astimezone(where).utcoffset() == day.astimezone(where).utcoffset():
                minute += MINUTE
            return minute
    return None
