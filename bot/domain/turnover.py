"""Who is paged differently because of a change of the organization, exactly when."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from bot.domain import coverage
from bot.domain.coverage import Reach, Stretch
from bot.domain.ids import PersonId, ScheduleId, ServiceId
from bot.domain.organization import Level, Organization, Service, TargetKind
from bot.domain.sla import Severity


class Place(NamedTuple):
    """A level, as an incident of a severity about a service meets it."""

    service: ServiceId
    severity: Severity
    level: int


@dataclass(frozen=True)
class Turnover:
    """From when to when (UTC) a level pages other people than it would have; none is nobody."""

    starts_at: datetime
    ends_at: datetime
    was: tuple[PersonId, ...]
    to: tuple[PersonId, ...]


@dataclass(frozen=True)
class Same:
    """All the places at which the same happens, told in one time zone."""

    places: tuple[Place, ...]
    time_zone: str
    turnovers: tuple[Turnover, ...]


def turnovers(
    was: Organization, to: Organization, starts_at: datetime, ends_at: datetime
) -> tuple[Same, ...]:
    """Where and when others are paged, what is alike told once. The order of the paged does not count."""
    before, after = _by_place(was, starts_at, ends_at), _by_place(to, starts_at, ends_at)
    nobody = (Stretch(starts_at, ends_at, ()),)
    alike: dict[tuple[str, tuple[Turnover, ...]], list[Place]] = {}
    for place in dict.fromkeys((*after, *before)):
        reach, organization = (after[place], to) if place in after else (before[place], was)
        old = before[place].stretches if place in before else nobody
        new = after[place].stretches if place in after else nobody
        if found := tuple(_differing(old, new)):
            alike.setdefault((time_zone(organization, reach.service, reach.level), found), []).append(place)
    return tuple(Same(tuple(places), zone, found) for (zone, found), places in alike.items())


def time_zone(organization: Organization, service: Service, level: Level | None = None) -> str:
    """The zone of the schedule that the level names, else of the team's schedule, else UTC."""
    named = [one.name for one in level.targets if one.kind in _SCHEDULED] if level else []
    team = organization.teams.get(service.team) if service.team is not None else None
    own = [team.schedule] if team is not None and team.schedule is not None else []
    known = (organization.schedules.get(ScheduleId(one)) for one in (*named, *own))
    return next((schedule.time_zone for schedule in known if schedule is not None), "UTC")


_SCHEDULED = (TargetKind.SCHEDULE, TargetKind.SECONDARY)


def _by_place(organization: Organization, starts_at: datetime, ends_at: datetime) -> Mapping[Place, Reach]:
    reaches = coverage.reaches(organization, starts_at, ends_at)
    return {Place(one.service.id, one.severity, one.level.level): one for one in reaches}


def _differing(was: Iterable[Stretch], to: Iterable[Stretch]) -> Iterator[Turnover]:
    found: Turnover | None = None
    for one in _side_by_side([*was], [*to]):
        if set(one.was) == set(one.to):
            continue
        if found is not None and (found.was, found.to, found.ends_at) == (one.was, one.to, one.starts_at):
            found = replace(found, ends_at=one.ends_at)
            continue
        if found is not None:
            yield found
        found = one
    if found is not None:
        yield found


def _side_by_side(was: list[Stretch], to: list[Stretch]) -> Iterator[Turnover]:
    """Both between each two moments at which one of them changes; they cover the same range."""
    edges = sorted({edge for one in (*was, *to) for edge in (one.starts_at, one.ends_at)})
    for start, end in pairwise(edges):
        yield Turnover(start, end, _at(was, start), _at(to, start))


def _at(stretches: list[Stretch], moment: datetime) -> tuple[PersonId, ...]:
    """Leaves out what is over: it is asked in the order of time."""
    while stretches[0].ends_at <= moment:
        del stretches[0]
    return stretches[0].people
