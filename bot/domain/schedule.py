"""Who is on call: layers of rotations and calendars, and overrides on top, as shifts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot.domain import hours as local_hours
from bot.domain.hours import Hours
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.rotation import Rotation, beginning, turn_at

_LONG = timedelta(days=40)


@dataclass(frozen=True)
class Duty:
    """One event of an imported calendar, already expanded (UTC)."""

    person: PersonId
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class CalendarSource:
    """An iCalendar as a layer: from an address, or from a file beside the organization file."""

    #: `https://…`, fetched again and again.
    url: str | None = None
    #: The file's content, read when the organization file was.
    text: str | None = None
    #: The file's path as the organization file gives it.
    file: str | None = None


@dataclass(frozen=True)
class Layer:
    """One rotation or one calendar of a schedule, where and when it applies."""

    #: Unique in its schedule.
    name: str
    #: Exactly one of rotation and calendar.
    rotation: Rotation | None = None
    #: In the order of their turns.
    participants: tuple[PersonId, ...] = ()
    calendar: CalendarSource | None = None
    #: Empty: always.
    hours: tuple[Hours, ...] = ()
    #: None: the schedule's.
    time_zone: str | None = None
    #: UTC, inclusive.
    starts_at: datetime | None = None
    #: UTC, exclusive.
    ends_at: datetime | None = None
    #: What the calendar says. Filled in when the organization is looked up, not stored with it.
    duties: tuple[Duty, ...] = ()


@dataclass(frozen=True)
class Override:
    """Somebody takes the pager, whatever the layers say (UTC)."""

    person: PersonId
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Schedule:
    id: ScheduleId
    name: str
    #: IANA name, such as `Europe/Berlin`.
    time_zone: str
    #: Later ones win where they apply.
    layers: tuple[Layer, ...]
    #: Later ones win.
    overrides: tuple[Override, ...] = ()
    #: Handle (without @) of the Slack user group that is kept in step with who is on call.
    user_group: str | None = None


@dataclass(frozen=True)
class Shift:
    """Who has the pager from when to when (UTC), and who stands behind them."""

    primary: PersonId
    secondary: PersonId | None
    starts_at: datetime
    ends_at: datetime
    #: Which layer put them there; None for an override.
    layer: str | None = None

    @property
    def is_override(self) -> bool:
        return self.layer is None


@dataclass(frozen=True)
class Gap:
    """A stretch in which nobody is on call (UTC)."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class _Stretch:
    """The first of the people has the pager; the others come after them, in this order (UTC)."""

    people: tuple[PersonId, ...]
    starts_at: datetime
    ends_at: datetime
    layer: str | None = None

    def covers(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


@lru_cache(maxsize=256)
def on_call(schedule: Schedule, at: datetime) -> Shift | None:
    """The whole shift at `at`; None if nobody is on call."""
    found = [shift for shift in shifts(schedule, at - _LONG, at + _LONG) if shift.starts_at <= at]
    return found[-1] if found and at < found[-1].ends_at else None


def shifts(schedule: Schedule, starts_at: datetime, ends_at: datetime) -> tuple[Shift, ...]:
    """The shifts between two moments in order, cut to them; gaps are left out."""
    layers = [list(_stretches(schedule, layer, starts_at, ends_at)) for layer in schedule.layers]
    layers.append([_Stretch((one.person,), one.starts_at, one.ends_at) for one in schedule.overrides])
    edges = {edge for layer in layers for one in layer for edge in (one.starts_at, one.ends_at)}
    inner = {edge for edge in edges if starts_at < edge < ends_at}
    found: list[tuple[_Stretch, Shift]] = []
    for start, end in pairwise(sorted({starts_at, *inner, ends_at})):
        covering = [one for layer in layers for one in layer if one.covers(start)]
        if not covering:
            continue
        chosen = covering[-1]
        primary = chosen.people[0]
        beneath = next((one for one in reversed(covering) if one.layer is not None), chosen)
        order = (*beneath.people[1:], beneath.people[0])
        secondary = next((one for one in order if one != primary), None)
        shift = Shift(primary, secondary, start, end, chosen.layer)
        before = found[-1] if found else None
        if before and before[0] is chosen and before[1].ends_at == start and before[1].secondary == secondary:
            found[-1] = (chosen, replace(shift, starts_at=before[1].starts_at))
        else:
            found.append((chosen, shift))
    return tuple(shift for _, shift in found)


def _stretches(
    schedule: Schedule, layer: Layer, starts_at: datetime, ends_at: datetime
) -> Iterator[_Stretch]:
    where = ZoneInfo(layer.time_zone or schedule.time_zone)
    for people, start, end in _turns(layer, where, starts_at, ends_at):
        first, last = max(start, layer.starts_at or start), min(end, layer.ends_at or end)
        windows = local_hours.stretches(layer.hours, where, start) if layer.hours else [(start, end)]
        for opens_at, closes_at in windows:
            if max(first, opens_at) < min(last, closes_at):
                yield _Stretch(people, max(first, opens_at), min(last, closes_at), layer.name)


def _turns(
    layer: Layer, where: ZoneInfo, starts_at: datetime, ends_at: datetime
) -> Iterator[tuple[tuple[PersonId, ...], datetime, datetime]]:
    if layer.rotation is None or not layer.participants:
        yield from (((one.person,), one.starts_at, one.ends_at) for one in layer.duties)
        return
    at = max(starts_at, beginning(layer.rotation, where))
    while at < ends_at:
        turn = turn_at(layer.rotation, where, at)
        if turn is None:
            return
        first = turn.ordinal % len(layer.participants)
        people = layer.participants[first:] + layer.participants[:first]
        yield people, turn.starts_at, turn.ends_at
        at = turn.ends_at


def gaps(schedule: Schedule, starts_at: datetime, ends_at: datetime) -> tuple[Gap, ...]:
    """The stretches between two moments in which nobody is on call, in order."""
    found = []
    at = starts_at
    for shift in shifts(schedule, starts_at, ends_at):
        if shift.starts_at > at:
            found.append(Gap(at, shift.starts_at))
        at = shift.ends_at
    return (*found, Gap(at, ends_at)) if at < ends_at else tuple(found)


def shifts_of(
    schedules: Iterable[Schedule], person: PersonId, starts_at: datetime, ends_at: datetime
) -> tuple[tuple[Schedule, Shift], ...]:
    """The shifts of a person, as primary or as secondary, in the order in which they begin."""
    found = [
        (schedule, shift)
        for schedule in schedules
        for shift in shifts(schedule, starts_at, ends_at)
        if person in (shift.primary, shift.secondary)
    ]
    return tuple(sorted(found, key=lambda one: (one[1].starts_at, one[0].id)))
