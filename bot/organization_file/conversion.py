"""The file's models ↔ `domain.organization`."""

from collections.abc import Mapping

from bot.domain.contact import DEFAULT_URGENCIES, Urgency
from bot.domain.ids import PersonId, ScheduleId, ServiceId, SlackUserId, TeamId
from bot.domain.organization import Organization, Person, Service, Team
from bot.domain.sla import DEFAULT_SLAS, Severity, Sla
from bot.organization_file.hours import quiet_part
from bot.organization_file.layout import (
    File,
    OrganizationPart,
    PersonPart,
    ServicePart,
    SeverityPart,
    TeamPart,
)
from bot.organization_file.policies import policies, policy_parts
from bot.organization_file.rules import notify_part
from bot.organization_file.schedules import schedule_parts, schedules, silent


def organization_of(file: File, calendars: Mapping[str, str]) -> Organization:
    """The organization that the file describes; `calendars` has what stands in each calendar's file.

    Services without a key have an empty one.
    """
    head = file.organization
    return Organization(
        name=head.name,
        people={PersonId(handle): _person(handle, part) for handle, part in file.people.items()},
        teams={TeamId(handle): _team(handle, part) for handle, part in file.teams.items()},
        services={ServiceId(handle): _service(handle, part) for handle, part in file.services.items()},
        schedules=schedules(file.schedules, calendars),
        keeps_overrides=silent(file.schedules),
        policies=policies(file.escalation_policies),
        slas={severity: _sla(severity, file.severity(severity)) for severity in Severity},
        urgencies={
            severity: file.severity(severity).urgency or DEFAULT_URGENCIES[severity] for severity in Severity
        },
        default_severity=head.default_severity,
        default_service=ServiceId(head.default_service) if head.default_service else None,
        announcement_channel=head.announcement_channel,
        postmortem_level=head.postmortem_level,
    )


def file_of(organization: Organization) -> File:
    """The file that describes the organization."""
    return File(
        organization=OrganizationPart(
            name=organization.name,
            default_severity=organization.default_severity,
            default_service=organization.default_service,
            announcement_channel=organization.announcement_channel,
            postmortem_level=organization.postmortem_level,
        ),
        people={one.id: _person_part(one) for one in organization.people.values()},
        teams={one.id: _team_part(one) for one in organization.teams.values()},
        services={one.id: _service_part(one) for one in organization.services.values()},
        schedules=schedule_parts(organization.schedules.values()),
        escalation_policies=policy_parts(organization.policies),
        severities={
            severity: SeverityPart(
                acknowledge=sla.acknowledge, close=sla.close, urgency=_urgency(organization, severity)
            )
            for severity, sla in sorted(organization.slas.items())
        },
    )


def _person(handle: str, part: PersonPart) -> Person:
    slack_id = SlackUserId(part.slack) if part.slack else None
    return Person(
        PersonId(handle),
        part.name,
        part.email,
        part.role,
        slack_id,
        part.active,
        tuple(dict.fromkeys(part.channels)),
        part.notify.value if part.notify else {},
        part.quiet_hours.value if part.quiet_hours else None,
    )


def _person_part(one: Person) -> PersonPart:
    return PersonPart(
        name=one.name,
        email=one.email,
        role=one.role,
        slack=one.slack_id,
        channels=one.channels,
        notify=notify_part(one.rules),
        quiet_hours=quiet_part(one.quiet),
        active=one.is_active,
    )


def _team(handle: str, part: TeamPart) -> Team:
    return Team(
        TeamId(handle),
        part.name,
        part.description,
        lead=PersonId(part.lead) if part.lead else None,
        manager=PersonId(part.manager) if part.manager else None,
        members=tuple(map(PersonId, part.members)),
        schedule=ScheduleId(part.schedule) if part.schedule else None,
        is_active=part.active,
        channel=part.channel,
    )


def _team_part(one: Team) -> TeamPart:
    return TeamPart(
        name=one.name,
        description=one.description,
        lead=one.lead,
        manager=one.manager,
        members=one.members,
        schedule=one.schedule,
        channel=one.channel,
        active=one.is_active,
    )


def _service(handle: str, part: ServicePart) -> Service:
    return Service(
        ServiceId(handle),
        part.key or "",
        part.name,
        part.description,
        team=TeamId(part.team) if part.team else None,
        default_severity=part.default_severity,
        is_active=part.active,
        policies=policies(part.escalation_policies),
    )


def _service_part(one: Service) -> ServicePart:
    return ServicePart(
        name=one.name,
        description=one.description,
        team=one.team,
        default_severity=one.default_severity,
        key=one.key or None,
        escalation_policies=policy_parts(one.policies),
        active=one.is_active,
    )


def _sla(severity: Severity, part: SeverityPart) -> Sla:
    default = DEFAULT_SLAS[severity]
    return Sla(part.acknowledge or default.acknowledge, part.close or default.close)


def _urgency(organization: Organization, severity: Severity) -> Urgency | None:
    """None where it is the usual one."""
    urgency = organization.urgencies[severity]
    return urgency if urgency is not DEFAULT_URGENCIES[severity] else None
