"""Who stands in for whom, and when: what an override may be, and how a stretch of a schedule is named."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.errors import Invalid
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.schedule import Gap, Override, Schedule, Shift, gaps, on_call, shifts

#: Longer is no stand-in but another rotation: that belongs into the organization file.
LONGEST = timedelta(days=60)
#: Who has the pager "from now" may take this long to fill in the form.
FROM_NOW = timedelta(hours=1)
#: Overrides that are over for so long are forgotten with the next change.
KEPT = timedelta(days=90)
#: Who takes over while nobody is on call has the pager no longer than this.
LONGEST_IN_GAP = timedelta(days=1)
#: How far ahead somebody's next shift is looked for.
HORIZON = timedelta(days=60)
_SECOND = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Stretch:
    """A stretch of a schedule (UTC, whole seconds). As text, it is what buttons and deliveries carry."""

    schedule: ScheduleId
    starts_at: datetime
    ends_at: datetime

    def __str__(self) -> str:
        return f"{self.schedule} {self.starts_at:{_SECOND}} {self.ends_at:{_SECOND}}"


def stretch(text: str) -> Stretch:
    """The stretch of this text. Raises Invalid for what was not made from one."""
    try:
        schedule, starts, ends = text.split(" ")
        starts_at, ends_at = (datetime.strptime(one, _SECOND).replace(tzinfo=UTC) for one in (starts, ends))
    except ValueError:
        raise Invalid(shift="is none that was offered") from None
    return Stretch(ScheduleId(schedule), starts_at, ends_at)


def checked(person: PersonId, starts_at: datetime, ends_at: datetime, now: datetime) -> Override:
    """The override, which begins now if it was meant to. Raises Invalid beside the field that is wrong."""
    if ends_at <= starts_at:
        raise Invalid(ends_at="must be after the beginning")
    if ends_at <= now:
        raise Invalid(ends_at="is in the past")
    if starts_at < now - FROM_NOW:
        raise Invalid(starts_at="is in the past")
    if ends_at - starts_at > LONGEST:
        raise Invalid(ends_at=f"is more than {LONGEST.days} days after the beginning")
    return Override(person, max(starts_at, whole_second(now)), ends_at)


def whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def with_overrides(schedule: Schedule, added: Iterable[Override], now: datetime) -> Schedule:
    """The schedule with these on top, and without those that nobody asks for any more."""
    kept = (one for one in schedule.overrides if one.ends_at > now - KEPT)
    return replace(schedule, overrides=(*kept, *added))


def relieved(schedule: Schedule, override: Override) -> tuple[PersonId, ...]:
    """Who would have the pager in that time if the override were not there, in order."""
    without = replace(schedule, overrides=tuple(one for one in schedule.overrides if one != override))
    found = shifts(without, override.starts_at, override.ends_at)
    return tuple(dict.fromkeys(one.primary for one in found if one.primary != override.person))


def holds(schedule: Schedule, person: PersonId, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the person has the pager throughout."""
    found = shifts(schedule, starts_at, ends_at)
    return not gaps(schedule, starts_at, ends_at) and all(one.primary == person for one in found)


def until(schedule: Schedule, now: datetime) -> datetime:
    """Until when somebody who takes over now has the pager: the end of the shift, or of the gap."""
    if (shift := on_call(schedule, now)) is not None:
        return shift.ends_at
    later = after(schedule, now)
    return min(later.starts_at, now + LONGEST_IN_GAP) if later is not None else now + LONGEST_IN_GAP


def after(schedule: Schedule, moment: datetime) -> Shift | None:
    """The first shift that begins then or later, whole."""
    found = (one for one in shifts(schedule, moment, moment + HORIZON) if one.starts_at >= moment)
    return next(found, None)


def before(schedule: Schedule, moment: datetime) -> Shift | None:
    """The last shift that ends then or earlier."""
    found = [one for one in shifts(schedule, moment - HORIZON, moment) if one.ends_at <= moment]
    return found[-1] if found else None


def upcoming(
    schedules: Iterable[Schedule], person: PersonId, now: datetime, span: timedelta = HORIZON
) -> tuple[tuple[Schedule, Shift], ...]:
    """The shifts in which the person has the pager, the one that goes on first; none is cut at its end."""
    found = [
        (schedule, _whole(schedule, one, now + span))
        for schedule in schedules
        for one in shifts(schedule, now, now + span)
        if one.primary == person
    ]
    return tuple(sorted(found, key=lambda one: (one[1].starts_at, one[0].id)))


def _whole(schedule: Schedule, shift: Shift, cut_at: datetime) -> Shift:
    if shift.ends_at < cut_at:
        return shift
    whole = on_call(schedule, shift.starts_at)
    return replace(shift, ends_at=whole.ends_at) if whole is not None else shift


def gap_at(schedule: Schedule, moment: datetime) -> Gap:
    """The gap that the moment lies in; it may be cut where we look no further."""
    found = gaps(schedule, moment, moment + HORIZON)
    return found[0] if found else Gap(moment, moment)
