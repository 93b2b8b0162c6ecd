"""Who is on call now, and who follows when nobody answers."""

from datetime import datetime, timedelta
from math import ceil
from typing import Annotated

from pydantic import Field

from bot.api.envelope import Answer, answer
from bot.api.fields import Shape, Words
from bot.api.front import Call, Front
from bot.domain.errors import NotFound
from bot.domain.ids import PersonId
from bot.domain.organization import (
    Level,
    LevelRole,
    Organization,
    Person,
    Service,
    Target,
    TargetKind,
    Team,
)
from bot.domain.overview import TeamOnCall
from bot.domain.sla import Severity
from bot.domain.timeline import Actor
from bot.operations import look_up
from storage.database import Connection


class OnCallQuery(Shape):
    team_name: Annotated[str, Words(1, 200)] | None = Field(None, description="Capitals do not matter.")


class PolicyQuery(Shape):
    severity: Severity


class Engineer(Shape):
    name: str
    email: str
    slack_user_id: str | None
    role: LevelRole
    schedule_name: str
    shift_starts_at: datetime
    shift_ends_at: datetime


class ServiceOnCall(Shape):
    service_key: str
    service_name: str
    service_description: str | None
    team_name: str | None
    team_description: str | None
    on_call_engineers: tuple[Engineer, ...]
    has_coverage: bool
    primary_on_call: Engineer | None
    schedule_names: tuple[str, ...]


class Coverage(Shape):
    total_services: int
    services_with_coverage: int
    services_without_coverage: int
    coverage_percentage: int


class OnCall(Shape):
    timestamp: datetime
    summary: Coverage
    services: tuple[ServiceOnCall, ...]


class PolicyLevel(Shape):
    level: int
    #: A level that names its targets instead of a single role is `custom`.
    role: str = Field(json_schema_extra={"enum": [*LevelRole, "custom"]})
    timeout_minutes: int
    enabled: bool
    targets: tuple[str, ...] | None = Field(
        None, description="Of a custom level: people by their e-mail addresses, and other targets by kind."
    )


class Policy(Shape):
    id: str
    severity_level: Severity
    levels: tuple[PolicyLevel, ...]


class PolicyAnswer(Shape):
    policy: Policy


async def current(front: Front, call: Call) -> Answer:
    """Who is on call for each active service, of one team if it is named."""
    query: OnCallQuery = call.query

    def run(tx: Connection, now: datetime, actor: Actor) -> Answer:
        organization = look_up.organization(tx)
        team = organization.team_titled(query.team_name) if query.team_name else None
        if query.team_name and team is None:
            raise NotFound(f"There is no team “{query.team_name}”.", {"team_name": "unknown team"})
        on_call = {one.team.id: one for one in look_up.on_call(tx, now)}
        services = tuple(
            _service(organization, one, on_call.get(one.team) if one.team is not None else None)
            for one in sorted(organization.services.values(), key=lambda one: one.name.casefold())
            if one.is_active and (team is None or one.team == team.id)
        )
        return answer(OnCall(timestamp=now, summary=_coverage(services), services=services))

    return await front.read(call, run)


async def policy(front: Front, call: Call) -> Answer:
    query: PolicyQuery = call.query

    def run(tx: Connection, now: datetime, actor: Actor) -> Answer:
        organization = look_up.organization(tx)
        found = organization.policies.get(query.severity)
        if found is None:
            sentence = f"{query.severity} has no escalation policy."
            raise NotFound(sentence, {"severity": "has no escalation policy"})
        levels = tuple(_level(organization, level) for level in found.levels)
        name = f"policy_{query.severity.lower()}"
        policy = PolicyAnswer(policy=Policy(id=name, severity_level=query.severity, levels=levels))
        return Answer(policy.model_dump_json(exclude_none=True))

    return await front.read(call, run)


def percentage(covered: int, total: int) -> int:
    """How many of a hundred, rounded; 100 only if all are, 0 only if none is."""
    if covered in (0, total):
        return 100 if covered else 0
    return min(max(round(100 * covered / total), 1), 99)


def in_minutes(span: timedelta) -> int:
    """The whole minutes after which it is over."""
    return ceil(span / timedelta(minutes=1))


def _service(organization: Organization, service: Service, on_call: TeamOnCall | None) -> ServiceOnCall:
    team = organization.teams.get(service.team) if service.team is not None else None
    schedule = _schedule_name(organization, team)
    engineers = _engineers(on_call, schedule)
    primary = next((one for one in engineers if one.role is LevelRole.PRIMARY), None)
    return ServiceOnCall(
        service_key=service.key,
        service_name=service.name,
        service_description=service.description,
        team_name=team.name if team else None,
        team_description=team.description if team else None,
        on_call_engineers=engineers,
        has_coverage=bool(engineers),
        primary_on_call=primary,
        schedule_names=(schedule,) if schedule else (),
    )


def _engineers(on_call: TeamOnCall | None, schedule: str | None) -> tuple[Engineer, ...]:
    if on_call is None or on_call.shift is None or schedule is None:
        return ()
    shift = on_call.shift
    people: tuple[tuple[Person | None, LevelRole], ...] = (
        (on_call.primary, LevelRole.PRIMARY),
        (on_call.secondary, LevelRole.SECONDARY),
    )
    return tuple(
        Engineer(
            name=person.name,
            email=person.email,
            slack_user_id=person.slack_id,
            role=role,
            schedule_name=schedule,
            shift_starts_at=shift.starts_at,
            shift_ends_at=shift.ends_at,
        )
        for person, role in people
        if person is not None and person.is_active
    )


def _coverage(services: tuple[ServiceOnCall, ...]) -> Coverage:
    total, covered = len(services), sum(one.has_coverage for one in services)
    return Coverage(
        total_services=total,
        services_with_coverage=covered,
        services_without_coverage=total - covered,
        coverage_percentage=percentage(covered, total),
    )


def _schedule_name(organization: Organization, team: Team | None) -> str | None:
    schedule = organization.schedules.get(team.schedule) if team and team.schedule is not None else None
    return schedule.name if schedule else None


def _target(organization: Organization, target: Target) -> str:
    """`ada@example.com`, `role:manager`, `schedule:payments`, `secondary_of:payments`, `team:shop`."""
    person = organization.person(PersonId(target.name)) if target.kind is TargetKind.PERSON else None
    return person.email if person is not None else f"{target.kind}:{target.name}"


def _level(organization: Organization, level: Level) -> PolicyLevel:
    targets = None
    if level.role is None:
        named = [*level.targets, *(one for branch in level.branches for one in branch.targets)]
        targets = tuple(dict.fromkeys(_target(organization, one) for one in named))
    return PolicyLevel(
        level=level.level,
        role=level.role or "custom",
        timeout_minutes=in_minutes(level.timeout),
        enabled=level.enabled,
        targets=targets,
    )
