"""Which level is next, whom it reaches, and how an incident climbs to it."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from bot.domain.ids import PersonId, ScheduleId, ServiceId, TeamId
from bot.domain.incident import Incident
from bot.domain.organization import (
    EscalationPolicy,
    Level,
    LevelRole,
    Organization,
    Target,
    TargetKind,
    Team,
)
from bot.domain.rights import Role
from bot.domain.schedule import Shift, on_call
from bot.domain.timeline import Escalated, EscalationExhausted, Event, LevelPassed, Reason

#: Reasons for which the acknowledge deadline decides how long the level has.
_FROM_THE_START = (Reason.DECLARED, Reason.REOPENED, Reason.RAISED)
#: Reasons for which a policy begins again; whoever escalates by hand hears that there is no further level.
_REPEATING = (Reason.UNACKNOWLEDGED, Reason.TIMED_OUT, Reason.UNREACHABLE)


@dataclass(frozen=True, order=True)
class Standing:
    """How far an escalation has come. It only grows: what was shown of it is old, or as it is now."""

    round: int
    repeats: int
    level: int


def standing(incident: Incident) -> Standing:
    return Standing(incident.round, incident.repeats, incident.level)


@dataclass(frozen=True)
class Shown:
    """What somebody was shown who presses Escalate."""

    standing: Standing
    #: The mark of the people; None where an older version showed them.
    people: str | None = None


def mark(people: Iterable[PersonId]) -> str:
    """Eight hexadecimal digits by which these people are told from others."""
    return hashlib.sha256(" ".join(people).encode()).hexdigest()[:8]


def climb(
    organization: Organization,
    incident: Incident,
    now: datetime,
    reason: Reason,
    late: timedelta | None = None,
    *,
    is_reached: bool = True,
) -> tuple[Incident, list[Event]]:
    """The incident at its next level that reaches somebody, and what happened on the way.

    1. A level that reaches nobody is passed at once.
    2. The level's people are paged; while nobody has acknowledged, its timeout runs. The first level
       has until the acknowledge deadline instead.
    3. After the last level the first is next again, as often as the policy repeats, while nobody has
       acknowledged. It does not once nobody was reached from its first level to its last: `is_reached`
       says whether a page has arrived at the levels so far.
    4. Then the admins are paged, once in a round.
    """
    after, events = _up(organization, incident, now, reason, late)
    if (
        not _has_arrived(events)
        and is_reached
        and incident.awaits_acknowledgement
        and reason in _REPEATING
        and may_repeat(organization, incident)
    ):
        again = replace(after, level=0, repeats=after.repeats + 1)
        after, more = _up(organization, again, now, reason, late)
        events = [*events, *more]
    if _has_arrived(events):
        return after, events
    if not incident.is_exhausted:
        admins = organization.admins()
        methods, later = organization.pages(admins, organization.urgencies[incident.severity], now)
        found_nobody = incident.level == 0 and incident.repeats == 0
        events = [
            *events,
            EscalationExhausted(admins, incident.round, late, methods, later, found_nobody),
        ]
    return replace(after, is_exhausted=True), events


def _up(
    organization: Organization, incident: Incident, now: datetime, reason: Reason, late: timedelta | None
) -> tuple[Incident, list[Event]]:
    """The incident at the next level that has somebody, or at the last; and what happened on the way."""
    events: list[Event] = []
    teams = responsible_teams(organization, incident.team_id, incident.service_ids)
    policy = organization.policy(incident.severity, incident.service_ids)
    while (level := next_level(policy, incident.level)) is not None:
        incident = incident.but(level=level.level)
        people = targets(organization, level, teams, now)
        if people:
            runs = incident.awaits_acknowledgement and reason not in _FROM_THE_START
            until = now + level.timeout if runs else None
            urgency = organization.urgencies[incident.severity]
            methods, later = organization.pages(people, urgency, now, level)
            passed = incident.round, late, methods, later, incident.repeats
            return incident, [*events, Escalated(level.level, people, reason, until, *passed)]
        events.append(LevelPassed(level.level, "has nobody to page"))
    return incident, events


def _has_arrived(events: Sequence[Event]) -> bool:
    """Whether a level was found that has somebody."""
    return bool(events) and isinstance(events[-1], Escalated)


def may_repeat(organization: Organization, incident: Incident) -> bool:
    """Whether the policy begins again after its last level."""
    policy = organization.policy(incident.severity, incident.service_ids)
    was_paged = incident.level > 0 and not incident.is_exhausted
    return policy is not None and was_paged and incident.repeats < policy.repeat


def following(organization: Organization, incident: Incident) -> Level | None:
    """The level that is next once the time of this one is over; None if the admins are, or nobody."""
    policy = organization.policy(incident.severity, incident.service_ids)
    level = next_level(policy, incident.level)
    return next_level(policy, 0) if level is None and may_repeat(organization, incident) else level


def by_itself(
    organization: Organization, incident: Incident, at: datetime
) -> tuple[Level, tuple[PersonId, ...]] | None:
    """The level that is next once the time of this one is over, and whom it pages then."""
    level = following(organization, incident)
    if level is None:
        return None
    teams = responsible_teams(organization, incident.team_id, incident.service_ids)
    return level, targets(organization, level, teams, at)


def by_hand(
    organization: Organization, incident: Incident, now: datetime
) -> tuple[Level, tuple[PersonId, ...]] | None:
    """The level that whoever escalates now pages, and whom; None after the last. Empty levels are passed."""
    policy = organization.policy(incident.severity, incident.service_ids)
    teams = responsible_teams(organization, incident.team_id, incident.service_ids)
    level = next_level(policy, incident.level)
    while level is not None:
        people, further = targets(organization, level, teams, now), next_level(policy, level.level)
        if people or further is None:
            return level, people
        level = further
    return None


def next_level(policy: EscalationPolicy | None, after: int) -> Level | None:
    """The lowest enabled level of the policy above `after`, or None after the last."""
    later = [one for one in policy.levels if one.enabled and one.level > after] if policy else []
    return min(later, key=lambda one: one.level, default=None)


def responsible_teams(
    organization: Organization, team_id: TeamId | None, service_ids: Iterable[ServiceId]
) -> list[Team]:
    """The teams of an incident, its own first, each once."""
    services = [organization.services.get(service_id) for service_id in service_ids]
    handles = [team_id, *(service.team for service in services if service)]
    found = (organization.teams.get(handle) for handle in dict.fromkeys(handles) if handle is not None)
    return [team for team in found if team is not None and team.is_active]


def targets(
    organization: Organization, level: Level, teams: Iterable[Team], now: datetime
) -> tuple[PersonId, ...]:
    """Whom a level pages now, each once: active people who may answer. Empty if there is nobody."""
    teams = tuple(teams)
    people = (
        person for target in level.targets_at(now) for person in reached(organization, target, teams, now)
    )
    return tuple(one for one in dict.fromkeys(people) if may_answer(organization, one))


def reached(
    organization: Organization, target: Target, teams: Iterable[Team], now: datetime
) -> Iterable[PersonId]:
    """Whom a target stands for now; a role is seen from these teams."""
    match target.kind:
        case TargetKind.ROLE:
            return in_role(organization, LevelRole(target.name), teams, now)
        case TargetKind.PERSON:
            return (PersonId(target.name),)
        case TargetKind.SCHEDULE | TargetKind.SECONDARY:
            schedule = organization.schedules.get(ScheduleId(target.name))
            shift = on_call(schedule, now) if schedule is not None else None
            pick = _primary if target.kind is TargetKind.SCHEDULE else _secondary
            return _people(pick(shift))
        case TargetKind.TEAM | TargetKind.TEAM_LEAD:
            team = organization.teams.get(TeamId(target.name))
            if team is None or not team.is_active:
                return ()
            return (
                (*team.members, *_people(team.lead)) if target.kind is TargetKind.TEAM else _people(team.lead)
            )
        case TargetKind.USER_GROUP:
            return organization.user_groups.get(target.name, ())
        case _:
            assert_never(target.kind)


def user_groups(organization: Organization) -> tuple[str, ...]:
    """The handles of the Slack user groups that a policy pages, each once."""
    services = (service for service in organization.services.values() if service.is_active)
    policies = [*organization.policies.values()]
    for service in services:
        policies += service.policies.values()
    found: dict[str, None] = {}
    for level in (level for policy in policies for level in policy.levels):
        for target in (*level.targets, *(one for branch in level.branches for one in branch.targets)):
            if target.kind is TargetKind.USER_GROUP:
                found[target.name] = None
    return tuple(found)


def in_role(
    organization: Organization, role: LevelRole, teams: Iterable[Team], now: datetime
) -> tuple[PersonId, ...]:
    """The active people who have the role for these teams now."""
    if role is LevelRole.ORG_ADMIN:
        return organization.admins()
    pick: Callable[[Team], PersonId | None] = {
        LevelRole.PRIMARY: lambda team: _primary(organization.shift(team, now)),
        LevelRole.SECONDARY: lambda team: _secondary(organization.shift(team, now)),
        LevelRole.TEAM_LEAD: lambda team: team.lead,
        LevelRole.MANAGER: lambda team: team.manager,
    }[role]
    people = (pick(team) for team in teams)
    return tuple(person for person in people if person is not None and _is_active(organization, person))


def may_answer(organization: Organization, person_id: PersonId) -> bool:
    """Viewers are in teams and user groups too; they could not acknowledge."""
    person = organization.person(person_id)
    return person is not None and person.is_active and person.role is not Role.VIEWER


def _people(person_id: PersonId | None) -> tuple[PersonId, ...]:
    return () if person_id is None else (person_id,)


def _primary(shift: Shift | None) -> PersonId | None:
    return shift.primary if shift else None


def _secondary(shift: Shift | None) -> PersonId | None:
    return shift.secondary if shift else None


def _is_active(organization: Organization, person_id: PersonId) -> bool:
    person = organization.person(person_id)
    return person is not None and person.is_active
