"""Who is on call: layers of rotations and calendars, and overrides on top, as shifts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from bot.domain import hours, stretch
from bot.domain.hours import Hours
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.rotation import Rotation
from bot.domain.stretch import Post, Stretch
from bot.domain.zone import DAY, as_datetime, as_instant, clocks

#: A shift may be longer, as an override without an end; who looks for its ends must come to one.
_FAR = 1000 * DAY
#: Shifts of a schedule: that of now, and of the moments that are looked ahead to.
_REMEMBERED = 4


@dataclass(frozen=True)
class Duty:
    """One event of an imported calendar, already expanded (UTC)."""

    person: PersonId
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class CalendarSource:
    """An iCalendar as a layer: from an address, or from a file beside the organization file."""

    #: `https://…`, fetched again and again. A secret.
    url: str | None = field(default=None, repr=False)
    #: The file's content, read when the organization file was.
    text: str | None = field(default=None, repr=False)
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

    @cached_property
    def sorted_duties(self) -> list[stretch.Duty]:
        """As the calculation wants them."""
        return sorted(
            stretch.Duty(as_instant(one.starts_at), one.person, as_instant(one.ends_at))
            for one in self.duties
        )


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

    @cached_property
    def latest(self) -> list["Shift"]:
        """The shifts that were found last, of which most often one is asked for next.

        An `lru_cache` over schedules would hash all their layers each time.
        """
        return []


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


def on_call(schedule: Schedule, at: datetime) -> Shift | None:
    """The whole shift at `at`; None if nobody is on call."""
    latest = schedule.latest
    for shift in latest:
        if shift.starts_at <= at < shift.ends_at:
            return shift
    found = _whole(schedule, as_instant(at))
    if found is not None:
        latest[:] = [found, *latest[: _REMEMBERED - 1]]
    return found


def shifts(schedule: Schedule, starts_at: datetime, ends_at: datetime) -> tuple[Shift, ...]:
    """The shifts between two moments in order, cut to them; gaps are left out."""
    starts, ends = as_instant(starts_at), as_instant(ends_at)
    if starts >= ends:
        return ()
    return tuple(map(_shift, _stretches(schedule, starts, ends)))


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


def _whole(schedule: Schedule, at: int) -> Shift | None:
    """Looks further and further until both ends of the shift are in sight; at most some years."""
    reach = DAY
    while True:
        starts, ends = at - reach, at + reach
        found = [one for one in _stretches(schedule, starts, ends) if one.starts <= at < one.ends]
        if not found:
            return None
        [one] = found
        if (starts < one.starts and one.ends < ends) or reach > _FAR:
            return _shift(one)
        reach *= 4


def _shift(one: Stretch) -> Shift:
    post = one.post
    return Shift(post.primary, post.secondary, as_datetime(one.starts), as_datetime(one.ends), post.layer)


def _stretches(schedule: Schedule, starts: int, ends: int) -> list[Stretch]:
    """What each layer says between two moments, laid over one another, cut to them."""
    found: list[Stretch] = []
    for layer in schedule.layers:
        found = stretch.overlaid(found, _of_layer(schedule, layer, starts, ends))
    return stretch.joined(stretch.overridden(found, _overrides(schedule, starts, ends)))


def _of_layer(schedule: Schedule, layer: Layer, starts: int, ends: int) -> list[Stretch]:
    if layer.starts_at is not None:
        starts = max(starts, as_instant(layer.starts_at))
    if layer.ends_at is not None:
        ends = min(ends, as_instant(layer.ends_at))
    if starts >= ends:
        return []
    reach = layer.rotation.longest if layer.rotation else 0
    local = clocks(layer.time_zone or schedule.time_zone, starts - reach, ends + reach)
    if layer.rotation is not None:
        found = stretch.of_rotation(layer.name, layer.rotation, layer.participants, local, (starts, ends))
    else:
        found = stretch.of_duties(layer.name, layer.sorted_duties, (starts, ends))
    if not layer.hours:
        return stretch.within(found, [(starts, ends)])
    open_hours = hours.windows(layer.hours, local, starts, ends)
    return stretch.within(found, [(max(opens, starts), min(closes, ends)) for opens, closes in open_hours])


def _overrides(schedule: Schedule, starts: int, ends: int) -> Iterator[Stretch]:
    for number, one in enumerate(schedule.overrides):
        first, last = max(starts, as_instant(one.starts_at)), min(ends, as_instant(one.ends_at))
        if first < last:
            yield Stretch(first, last, Post(None, number, one.person, None, (one.person,)))
