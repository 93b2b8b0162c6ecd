"""Whom each escalation level reaches over a stretch of time.

Whom it reaches changes only where a shift begins or ends, or at the edge of a branch's hours. The rule
that pages people (`escalation.targets`) is asked once between two such moments, and what it says there
holds until the next: no minute is sampled, and coverage cannot say other than the page will.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from bot.domain import escalation
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.organization import Level, Organization, Service, TargetKind, Team
from bot.domain.schedule import shifts
from bot.domain.sla import Severity

_ANY = timedelta(0)


@dataclass(frozen=True)
class Stretch:
    """From when to when (UTC) the same people are reached; by nobody, if there are none."""

    starts_at: datetime
    ends_at: datetime
    people: tuple[PersonId, ...]


@dataclass(frozen=True)
class Reach:
    """Whom a level reaches for incidents of this severity about this service, without a hole."""

    service: Service
    severity: Severity
    level: Level
    stretches: tuple[Stretch, ...]


def reaches(organization: Organization, starts_at: datetime, ends_at: datetime) -> Iterator[Reach]:
    """Every enabled level of every active service and severity, in the order in which it is paged."""
    known: dict[tuple[Level, tuple[Team, ...]], tuple[Stretch, ...]] = {}
    for service in organization.services.values():
        if not service.is_active:
            continue
        teams = tuple(escalation.responsible_teams(organization, service.team, (service.id,)))
        for severity in Severity:
            for level in levels(organization, service, severity):
                key = (replace(level, level=0, timeout=_ANY), teams)
                if key not in known:
                    known[key] = stretches(organization, level, teams, starts_at, ends_at)
                yield Reach(service, severity, level, known[key])


def levels(organization: Organization, service: Service, severity: Severity) -> Iterator[Level]:
    """The enabled levels for incidents of this severity about this service, the first first."""
    policy = organization.policy(severity, (service.id,))
    level = escalation.next_level(policy, 0)
    while level is not None:
        yield level
        level = escalation.next_level(policy, level.level)


def stretches(
    organization: Organization,
    level: Level,
    teams: Sequence[Team],
    starts_at: datetime,
    ends_at: datetime,
) -> tuple[Stretch, ...]:
    """Whom the level reaches from start to end; neighbours that reach the same people are one."""
    edges = {starts_at, ends_at, *_edges(organization, level, teams, starts_at, ends_at)}
    found: list[Stretch] = []
    for start, end in pairwise(sorted(edge for edge in edges if starts_at <= edge <= ends_at)):
        people = escalation.targets(organization, level, teams, start)
        if found and found[-1].people == people:
            found[-1] = replace(found[-1], ends_at=end)
        else:
            found.append(Stretch(start, end, people))
    return tuple(found)


def _edges(
    organization: Organization,
    level: Level,
    teams: Sequence[Team],
    starts_at: datetime,
    ends_at: datetime,
) -> Iterator[datetime]:
    """Every moment in the range at which the answer may change."""
    for handle in _schedules(level, teams):
        schedule = organization.schedules.get(handle)
        for shift in shifts(schedule, starts_at, ends_at) if schedule else ():
            yield from (shift.starts_at, shift.ends_at)
    for branch in level.branches:
        for stretch in branch.during.between(starts_at, ends_at):
            yield from stretch


def _schedules(level: Level, teams: Iterable[Team]) -> set[ScheduleId]:
    """Those that the level's targets may look at: a role looks at the teams' own."""
    targets = [*level.targets, *(one for branch in level.branches for one in branch.targets)]
    named = (TargetKind.SCHEDULE, TargetKind.SECONDARY)
    own = {team.schedule for team in teams if team.schedule is not None}
    return own | {ScheduleId(one.name) for one in targets if one.kind in named}
