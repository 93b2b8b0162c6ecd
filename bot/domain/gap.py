"""Gaps in a schedule: which of them people are warned of, once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.domain.delivery import Delivery, DeliveryKind
from bot.domain.ids import ScheduleId, TeamId
from bot.domain.schedule import Gap, Schedule, gaps

#: How long before it begins a gap is told.
NOTICE = timedelta(days=7)
#: How far back and ahead a gap is followed to its ends.
_BACK, _AHEAD = timedelta(days=35), timedelta(days=60)
#: Stands for an end that lies further off than we look.
FAR_BACK, FAR_AHEAD = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_STAMP = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class Outlook:
    """The gaps that people should know of now, and when the next one is due."""

    near: tuple[Gap, ...]
    next_at: datetime


def outlook(schedule: Schedule, now: datetime) -> Outlook:
    """Gaps that go on or begin within a week, with their true ends."""
    found = [gap for gap in _followed(schedule, now.date()) if gap.ends_at > now]
    later = [gap.starts_at - NOTICE for gap in found if gap.starts_at - NOTICE > now]
    near = tuple(gap for gap in found if gap.starts_at - NOTICE <= now)
    return Outlook(near, min([now + timedelta(days=1), *later]))


@lru_cache(maxsize=512)
def _followed(schedule: Schedule, day: date) -> tuple[Gap, ...]:
    """Once a day for each schedule: three months of five layers cost milliseconds."""
    midnight = datetime.combine(day, time(0), UTC)
    first, last = midnight - _BACK, midnight + _AHEAD
    return tuple(
        Gap(
            FAR_BACK if gap.starts_at <= first else gap.starts_at,
            FAR_AHEAD if gap.ends_at >= last else gap.ends_at,
        )
        for gap in gaps(schedule, first, last)
    )


def unknown(near: Iterable[Gap], warned: Collection[Gap]) -> tuple[Gap, ...]:
    """Those of which nobody was warned yet."""
    return tuple(gap for gap in near if not any(_is_same(gap, one) for one in warned))


def _is_same(one: Gap, other: Gap) -> bool:
    """Whether both ends are the same, as far as both were seen."""
    starts = one.starts_at == other.starts_at or FAR_BACK in (one.starts_at, other.starts_at)
    ends = one.ends_at == other.ends_at or FAR_AHEAD in (one.ends_at, other.ends_at)
    return starts and ends and one.starts_at < other.ends_at and other.starts_at < one.ends_at


def is_habit(gap: Gap, warned: Collection[Gap], time_zone: str) -> bool:
    """Whether it is last week's gap again, at the same local time.

    A schedule for office hours has a gap each night: who was told of a week of them is told no more.
    """
    if gap.starts_at == FAR_BACK or gap.ends_at == FAR_AHEAD:
        return False
    where, week = ZoneInfo(time_zone), timedelta(days=7)

    def local(moment: datetime) -> datetime:
        return moment.astimezone(where).replace(tzinfo=None)

    wanted = (local(gap.starts_at) - week, local(gap.ends_at) - week)
    seen = (one for one in warned if one.starts_at != FAR_BACK and one.ends_at != FAR_AHEAD)
    return any((local(one.starts_at), local(one.ends_at)) == wanted for one in seen)


def warnings(
    schedule_id: ScheduleId, told_at: datetime, found: Sequence[Gap], channels: Mapping[str, TeamId]
) -> list[Delivery]:
    """One message for the gaps that were found together, in each of these channels."""
    stamp, bounds = f"{told_at:{_STAMP}}", f"{found[0].starts_at:{_STAMP}}:{found[0].ends_at:{_STAMP}}"
    return [
        Delivery(
            DeliveryKind.WARN_GAP,
            key=f"warn_gap:{schedule_id}:{stamp}:{bounds}:{channel}",
            lane=f"gaps:{channel}",
            subject=f"{schedule_id} {stamp} {team_id}",
        )
        for channel, team_id in channels.items()
    ]


def warning(subject: str) -> tuple[ScheduleId, datetime, TeamId]:
    """Which schedule's gaps, found when, and told to which team."""
    schedule_id, stamp, team_id = subject.split(" ")
    told_at = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    return ScheduleId(schedule_id), told_at, TeamId(team_id)
