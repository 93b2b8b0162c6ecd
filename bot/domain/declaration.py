"""An incident begins: whose it is, and what happens at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.domain import escalation
from bot.domain.ids import IncidentId, PersonId, ServiceId, TeamId
from bot.domain.incident import Incident, Status
from bot.domain.organization import LevelRole, Organization, Service
from bot.domain.sla import Severity, Sla
from bot.domain.timeline import Assigned, Declared, Event, Reason

#: Of an incident that is only thought through.
_NOT_KEPT = IncidentId("")


def new(
    organization: Organization,
    now: datetime,
    severity: Severity,
    sla: Sla,
    services: Sequence[Service],
    *,
    id: IncidentId = _NOT_KEPT,
    number: str = "",
    title: str = "",
    description: str | None = None,
    declared_by: str = "",
) -> Incident:
    """An incident about these services, assigned to who is on call.

    All of it is said at once: to replace some of it afterwards costs as much as to make it.
    """
    service_ids = tuple(service.id for service in services)
    team_id = next((service.team for service in services if service.team is not None), None)
    return Incident(
        id=id,
        number=number,
        version=0,
        sequence=0,
        title=title,
        description=description,
        severity=severity,
        status=Status.NEW,
        service_ids=service_ids,
        team_id=team_id,
        assignee_id=_on_call(organization, team_id, service_ids, now),
        created_at=now,
        declared_by=declared_by,
        acknowledge_by=sla.acknowledge_by(now),
        close_by=sla.close_by(now),
        clock_started_at=now,
    )


def begin(organization: Organization, incident: Incident, now: datetime) -> tuple[Incident, list[Event]]:
    """The new incident with its first level paged; and what is told of that."""
    events: list[Event] = [Declared(incident.title, incident.severity, incident.service_ids)]
    if incident.assignee_id is not None:
        events.append(Assigned(incident.assignee_id, None, is_automatic=True))
    climbed, escalations = escalation.climb(organization, incident, now, Reason.DECLARED)
    return climbed, [*events, *escalations]


def _on_call(
    organization: Organization, team_id: TeamId | None, service_ids: Iterable[ServiceId], now: datetime
) -> PersonId | None:
    teams = escalation.responsible_teams(organization, team_id, service_ids)
    return next(iter(escalation.in_role(organization, LevelRole.PRIMARY, teams, now)), None)
