"""An incident begins: whose it is, and what happens at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain import escalation
from bot.domain.ids import IncidentId, PersonId
from bot.domain.incident import Incident, Status
from bot.domain.organization import LevelRole, Organization, Service
from bot.domain.sla import Severity, Sla
from bot.domain.timeline import Assigned, Declared, Event, Reason


def new(now: datetime, severity: Severity, sla: Sla, services: Sequence[Service]) -> Incident:
    """An incident about these services, before it has an id, a number and a title."""
    return Incident(
        id=IncidentId(""),
        number="",
        version=0,
        sequence=0,
        title="",
        description=None,
        severity=severity,
        status=Status.NEW,
        service_ids=tuple(service.id for service in services),
        team_id=next((service.team for service in services if service.team is not None), None),
        assignee_id=None,
        created_at=now,
        declared_by="",
        acknowledge_by=sla.acknowledge_by(now),
        close_by=sla.close_by(now),
        clock_started_at=now,
    )


def begin(organization: Organization, incident: Incident, now: datetime) -> tuple[Incident, list[Event]]:
    """The incident assigned to who is on call, its first level paged; and what is told of that."""
    assignee = _on_call(organization, incident, now)
    events: list[Event] = [Declared(incident.title, incident.severity, incident.service_ids)]
    if assignee is not None:
        events.append(Assigned(assignee, None, is_automatic=True))
    assigned = replace(incident, assignee_id=assignee)
    climbed, escalations = escalation.climb(organization, assigned, now, Reason.DECLARED)
    return climbed, [*events, *escalations]


def _on_call(organization: Organization, incident: Incident, now: datetime) -> PersonId | None:
    teams = escalation.responsible_teams(organization, incident.team_id, incident.service_ids)
    return next(iter(escalation.in_role(organization, LevelRole.PRIMARY, teams, now)), None)
