"""What is wrong with who is paged: gaps, people who have left, levels that can reach nobody."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain import coverage, escalation
from bot.domain.coverage import Reach
from bot.domain.ids import PersonId
from bot.domain.imported import CalendarState, Source
from bot.domain.organization import EscalationPolicy, Level, Organization, TargetKind
from bot.domain.schedule import Gap, Layer
from bot.domain.sla import Severity
from bot.domain.turnover import Place, time_zone


@dataclass(frozen=True)
class Uncovered:
    """Incidents whose first level reaches nobody in these gaps (UTC), at each of the places alike."""

    places: tuple[Place, ...]
    time_zone: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class Late:
    """First levels that are these people, of whom none is paged before its time is over."""

    people: tuple[PersonId, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Left:
    """Somebody who is not there any more, and where they are still named, in the file's words."""

    person: PersonId
    where: tuple[str, ...]


@dataclass(frozen=True)
class Inspection:
    uncovered: tuple[Uncovered, ...]
    late: tuple[Late, ...]
    #: Services and severities for which there is no enabled level at all; the level is 0.
    unled: tuple[Place, ...]
    #: Levels after the first that reach nobody at any time.
    empty: tuple[Place, ...]
    left: tuple[Left, ...]
    #: Calendars that could not be read, or of which some events could not, or name nobody.
    unreadable: tuple[CalendarState, ...]
    #: Calendars that were not read yet: what they will say is not counted.
    unread: tuple[Source, ...]
    #: Slack user groups that a level pages and that were not seen yet: nobody in them is counted.
    unseen: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        return not (self.uncovered or self.late or self.unled or self.empty or self.left or self.unreadable)


def inspect(
    organization: Organization,
    starts_at: datetime,
    ends_at: datetime,
    calendars: Iterable[CalendarState] = (),
) -> Inspection:
    """All that is wrong between two moments; `calendars` say how each imported calendar is."""
    states = [_within(one, starts_at, ends_at) for one in calendars]
    reaches = [*coverage.reaches(organization, starts_at, ends_at)]
    firsts = {(one.service.id, one.severity): one for one in reversed(reaches)}
    services = [one for one in organization.services.values() if one.is_active]
    places = [(service.id, severity) for service in services for severity in Severity]
    paged_first = [firsts[place] for place in places if place in firsts]
    return Inspection(
        uncovered=_uncovered(organization, paged_first),
        late=_late(organization, paged_first),
        unled=tuple(Place(*place, 0) for place in places if place not in firsts),
        empty=tuple(
            Place(one.service.id, one.severity, one.level.level)
            for one in reaches
            if one is not firsts[one.service.id, one.severity]
            and not any(stretch.people for stretch in one.stretches)
        ),
        left=_left(organization, starts_at, ends_at),
        unreadable=tuple(one for one in states if one.error is not None or one.skipped or one.unknown),
        unread=tuple(one.source for one in states if one.error is None and one.fetched_at is None),
        unseen=tuple(
            one for one in escalation.user_groups(organization) if one not in organization.user_groups
        ),
    )


def _within(state: CalendarState, starts_at: datetime, ends_at: datetime) -> CalendarState:
    """Of the events that name nobody, those that take place in the range."""
    unknown = (one for one in state.unknown if one.starts_at < ends_at and one.ends_at > starts_at)
    return replace(state, unknown=tuple(unknown))


def _uncovered(organization: Organization, firsts: Iterable[Reach]) -> tuple[Uncovered, ...]:
    alike: dict[tuple[str, tuple[Gap, ...]], list[Place]] = {}
    for one in firsts:
        gaps = tuple(Gap(part.starts_at, part.ends_at) for part in one.stretches if not part.people)
        if gaps:
            zone = time_zone(organization, one.service, one.level)
            place = Place(one.service.id, one.severity, one.level.level)
            alike.setdefault((zone, gaps), []).append(place)
    return tuple(Uncovered(tuple(places), zone, gaps) for (zone, gaps), places in alike.items())


def _late(organization: Organization, firsts: Iterable[Reach]) -> tuple[Late, ...]:
    alike: dict[tuple[PersonId, ...], list[Place]] = {}
    for one in firsts:
        time = organization.slas[one.severity].acknowledge
        for people in dict.fromkeys(part.people for part in one.stretches if part.people):
            if _soonest(organization, people, one) >= time:
                place = Place(one.service.id, one.severity, one.level.level)
                alike.setdefault(people, []).append(place)
    return tuple(Late(people, tuple(places)) for people, places in alike.items())


def _soonest(organization: Organization, people: Iterable[PersonId], reach: Reach) -> timedelta:
    """How long after the level the first of them is paged, outside of quiet hours."""
    awake = {one: replace(organization.people[one], quiet=None) for one in people}
    begins_at, urgency = reach.stretches[0].starts_at, organization.urgencies[reach.severity]
    at_once, later = replace(organization, people=awake).pages(awake, urgency, begins_at, reach.level)
    if any(at_once.values()):
        return timedelta(0)
    return min(page.at for pages in later.values() for page in pages) - begins_at


def _left(organization: Organization, starts_at: datetime, ends_at: datetime) -> tuple[Left, ...]:
    found: dict[PersonId, list[str]] = {}
    for person_id, where in _named(organization, starts_at, ends_at):
        person = organization.person(person_id)
        if person is None or not person.is_active:
            found.setdefault(person_id, []).append(where)
    return tuple(Left(person, tuple(dict.fromkeys(where))) for person, where in found.items())


def _named(
    organization: Organization, starts_at: datetime, ends_at: datetime
) -> Iterator[tuple[PersonId, str]]:
    """Everybody who is named where somebody is to be reached, and where. What is over does not count."""
    for team in organization.teams.values():
        if team.is_active:
            roles = {"lead": team.lead, "manager": team.manager}
            yield from ((one, f"teams.{team.id}.{role}") for role, one in roles.items() if one is not None)
            yield from ((one, f"teams.{team.id}.members") for one in team.members)
    for schedule in organization.schedules.values():
        for layer in schedule.layers:
            where = f"schedules.{schedule.id}.layers.{layer.name}"
            yield from ((one, where) for one in _on_layer(layer, starts_at, ends_at))
        for override in schedule.overrides:
            if override.ends_at > starts_at:
                yield override.person, f"schedules.{schedule.id}.overrides"
    yield from _in_policies("escalation_policies", organization.policies)
    for service in organization.services.values():
        if service.is_active:
            yield from _in_policies(f"services.{service.id}.escalation_policies", service.policies)


def _on_layer(layer: Layer, starts_at: datetime, ends_at: datetime) -> Sequence[PersonId]:
    if layer.ends_at is not None and layer.ends_at <= starts_at:
        return ()
    duties = [one.person for one in layer.duties if one.ends_at > starts_at and one.starts_at < ends_at]
    return (*layer.participants, *duties)


def _in_policies(where: str, policies: Mapping[Severity, EscalationPolicy]) -> Iterator[tuple[PersonId, str]]:
    for severity, policy in policies.items():
        for level in policy.levels:
            for person_id in _on_level(level):
                yield person_id, f"{where}.{severity}.levels.{level.level}"


def _on_level(level: Level) -> Iterator[PersonId]:
    for targets in (level.targets, *(branch.targets for branch in level.branches)):
        yield from (PersonId(one.name) for one in targets if one.kind is TargetKind.PERSON)
