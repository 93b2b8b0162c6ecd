"""Which level is next, and whom it reaches."""

from collections.abc import Callable, Iterable
from datetime import datetime

from bot.domain.ids import PersonId, ServiceId, TeamId
from bot.domain.organization import Level, LevelRole, Organization, Team
from bot.domain.schedule import Shift
from bot.domain.sla import Severity


def next_level(organization: Organization, severity: Severity, after: int) -> Level | None:
    """The lowest enabled level above `after` in the severity's policy, or None after the last."""
    policy = organization.policies.get(severity)
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
    """The active people whom a level pages now, each once; empty if there is nobody."""
    people = level.people if level.role is None else _in_role(organization, level.role, teams, now)
    return tuple(one for one in dict.fromkeys(people) if _is_active(organization, one))


def _in_role(
    organization: Organization, role: LevelRole, teams: Iterable[Team], now: datetime
) -> tuple[PersonId, ...]:
    if role is LevelRole.ORG_ADMIN:
        return organization.admins()
    pick: Callable[[Team], PersonId | None] = {
        LevelRole.PRIMARY: lambda team: _primary(organization.shift(team, now)),
        LevelRole.SECONDARY: lambda team: _secondary(organization.shift(team, now)),
        LevelRole.TEAM_LEAD: lambda team: team.lead,
        LevelRole.MANAGER: lambda team: team.manager,
    }[role]
    return tuple(person for team in teams if (person := pick(team)) is not None)


def _primary(shift: Shift | None) -> PersonId | None:
    return shift.primary if shift else None


def _secondary(shift: Shift | None) -> PersonId | None:
    return shift.secondary if shift else None


def _is_active(organization: Organization, person_id: PersonId) -> bool:
    person = organization.person(person_id)
    return person is not None and person.is_active
