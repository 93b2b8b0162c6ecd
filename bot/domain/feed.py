"""A calendar feed: a secret address at which one schedule's, or one person's, shifts are read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.errors import NotFound
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.organization import Organization
from bot.domain.schedule import Schedule, Shift, on_call, shifts

#: Every feed's token begins so.
PREFIX = "cal_"
#: What a feed tells, counted from the beginning of the day.
PAST, AHEAD = timedelta(days=30), timedelta(days=180)


@dataclass(frozen=True)
class Feed:
    """A feed without its token: of a schedule, or of a person."""

    id: str
    #: The token's first characters, by which people tell it from others.
    hint: str
    schedule_id: ScheduleId | None
    person_id: PersonId | None
    created_at: datetime
    revoked_at: datetime | None = None
    #: Exact to the minute.
    last_used_at: datetime | None = None


@dataclass(frozen=True)
class FeedShift:
    """A shift with the names that a calendar shows."""

    schedule_id: ScheduleId
    schedule: str
    primary: str
    secondary: str | None
    starts_at: datetime
    ends_at: datetime
    #: Which layer put them there; None for an override.
    layer: str | None
    #: In a person's feed: whether they are the one who is paged first. None in a schedule's.
    is_primary: bool | None = None


@dataclass(frozen=True)
class FeedContent:
    title: str
    shifts: tuple[FeedShift, ...]
    #: Grows whenever the organization or an imported calendar changes, and since when it is so.
    revision: int
    changed_at: datetime


def content(
    feed: Feed, organization: Organization, now: datetime, revision: int, changed_at: datetime
) -> FeedContent:
    """What the feed tells. Raises NotFound when its schedule or person is gone."""
    if feed.schedule_id is not None:
        schedule = organization.schedules.get(feed.schedule_id)
        if schedule is None:
            raise NotFound("The schedule of this feed is gone.")
        shifts_told = tuple(_named(organization, schedule, shift) for shift in _in_sight(schedule, now))
        return FeedContent(f"On call: {schedule.name}", shifts_told, revision, changed_at)
    person = organization.person(feed.person_id)
    if person is None or not person.is_active:
        raise NotFound("The person of this feed is not active any more.")
    return FeedContent(
        f"On call: {person.name}", _of_person(organization, person.id, now), revision, changed_at
    )


def _of_person(organization: Organization, person: PersonId, now: datetime) -> tuple[FeedShift, ...]:
    """The person's shifts in every schedule, first or second."""
    found = [
        _named(organization, schedule, shift, is_primary=shift.primary == person)
        for schedule in organization.schedules.values()
        for shift in _in_sight(schedule, now)
        if person in (shift.primary, shift.secondary)
    ]
    return tuple(sorted(found, key=lambda one: (one.starts_at, one.schedule_id)))


def _in_sight(schedule: Schedule, now: datetime) -> Iterable[Shift]:
    """Whole shifts: one that is cut would begin elsewhere every day, and be another event every day."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    starts_at, ends_at = today - PAST, today + AHEAD
    found = list(shifts(schedule, starts_at, ends_at))
    if found and found[0].starts_at == starts_at:
        found[0] = on_call(schedule, starts_at) or found[0]
    if found and found[-1].ends_at == ends_at:
        found[-1] = on_call(schedule, found[-1].starts_at) or found[-1]
    return found


def _named(
    organization: Organization, schedule: Schedule, shift: Shift, *, is_primary: bool | None = None
) -> FeedShift:
    def name(person_id: PersonId) -> str:
        person = organization.person(person_id)
        return person.name if person is not None else person_id

    return FeedShift(
        schedule.id,
        schedule.name,
        name(shift.primary),
        name(shift.secondary) if shift.secondary is not None else None,
        shift.starts_at,
        shift.ends_at,
        shift.layer,
        is_primary,
    )
