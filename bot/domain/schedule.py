"""Who is on call: a schedule's rotation applied to a moment."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.domain.ids import PersonId, ScheduleId
from bot.domain.rotation import Rotation, turn_at


@dataclass(frozen=True)
class Schedule:
    id: ScheduleId
    name: str
    #: IANA name, such as `Europe/Berlin`.
    time_zone: str
    rotation: Rotation
    #: In the order of their turns.
    participants: tuple[PersonId, ...]


@dataclass(frozen=True)
class Shift:
    """Who has the pager from when to when (UTC), and who stands behind them."""

    primary: PersonId
    secondary: PersonId | None
    starts_at: datetime
    ends_at: datetime


@lru_cache(maxsize=256)
def on_call(schedule: Schedule, at: datetime) -> Shift | None:
    """The shift at `at`; None if nobody takes part. The secondary is whose turn is next."""
    people = schedule.participants
    if not people:
        return None
    turn = turn_at(schedule.rotation, ZoneInfo(schedule.time_zone), at)
    first, second = people[turn.ordinal % len(people)], people[(turn.ordinal + 1) % len(people)]
    return Shift(first, second if second != first else None, turn.starts_at, turn.ends_at)
