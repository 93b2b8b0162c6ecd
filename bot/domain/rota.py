"""Who is on call, with names: the facts that an answer, a form or a message about it shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.ids import PersonId
from bot.domain.organization import Person, Team
from bot.domain.overview import Overview
from bot.domain.schedule import Gap, Override, Schedule, Shift
from bot.domain.swap import Swap

People = Mapping[PersonId, Person]


@dataclass(frozen=True)
class TeamRota:
    """Who of a team is on call at a moment, and what comes after."""

    team: Team
    #: None for a team without one.
    schedule: Schedule | None
    at: datetime
    shift: Shift | None
    #: Until when nobody is on call, while nobody is.
    nobody_until: datetime | None
    #: The next shift, which begins when this one ends, or after a gap.
    following: Shift | None


@dataclass(frozen=True)
class Rota:
    """What an answer about on-call shows to one person."""

    teams: tuple[TeamRota, ...]
    people: People
    #: The reader's own shifts: the one that goes on, and the next ones.
    mine: tuple[tuple[Schedule, Shift], ...]
    reader: PersonId | None
    #: Whether the reader may change who is on call.
    may_change: bool
    #: Whether it is about now, and not about another moment.
    is_now: bool = True


@dataclass(frozen=True)
class HandoffFacts:
    """What one of two people is told of a handoff, as it is when it is told."""

    schedule: Schedule
    #: Who has the pager; nobody in a gap.
    primary: Person | None
    previous: Person | None
    secondary: Person | None
    #: Until when they have it, or nobody has.
    until: datetime
    #: Open incidents of the schedule's teams, the newest of them, and how many there are.
    incidents: tuple[Overview, ...]
    total: int


@dataclass(frozen=True)
class ShiftChange:
    """An override for later, as it is told to whom it concerns."""

    schedule: Schedule
    override: Override
    person: Person | None
    relieved: tuple[Person, ...]
    by: Person | None


@dataclass(frozen=True)
class SwapFacts:
    """A swap with its people and schedules; a schedule that is gone is None."""

    swap: Swap
    asked_by: Person | None
    asked_of: Person | None
    schedule: Schedule | None
    returned: Schedule | None


@dataclass(frozen=True)
class GapFacts:
    """Gaps that a team is warned of, each with who is on call before and after."""

    team: Team
    schedule: Schedule
    gaps: tuple[tuple[Gap, Person | None, Person | None], ...]
