"""Declare an incident."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.domain import declaration, ids
from bot.domain.errors import Invalid, SlaNotConfigured
from bot.domain.ids import IncidentId
from bot.domain.incident import DESCRIPTION_LIMIT, Incident, checked_text, checked_title
from bot.domain.organization import Organization, Service
from bot.domain.rights import Right
from bot.domain.sla import Severity, Sla
from bot.domain.timeline import Actor
from bot.operations import look_up
from bot.operations.permit import permit
from bot.operations.record import record_first
from storage import incidents

SERVICE_LIMIT = 50


def declare(
    tx: Connection,
    now: datetime,
    actor: Actor,
    *,
    title: str,
    description: str | None = None,
    severity: Severity | None = None,
    services: Sequence[str] = (),
) -> Incident:
    """The new incident: numbered, assigned to who is on call, its first level paged, its clocks running.

    `services` are keys, handles or names; without any, the organization's default service is taken.
    Raises Invalid, NotFound (a service), SlaNotConfigured, LacksRight.
    """
    permit(actor, Right.DECLARE)
    title = checked_title(title)
    description = checked_text("description", description, DESCRIPTION_LIMIT)
    organization = look_up.organization(tx)
    chosen = _services(organization, services)
    severity = severity or _default_severity(organization, chosen)
    new = declaration.new(
        organization,
        now,
        severity,
        sla_of(organization, severity),
        chosen,
        id=IncidentId(ids.time_ordered(now)),
        number=ids.incident_number(now.year, incidents.next_ordinal(tx, now.year)),
        title=title,
        description=description,
        declared_by=actor.name,
    )
    incident, events = declaration.begin(organization, new, now)
    return record_first(tx, now, actor, incident, events)


def _services(organization: Organization, names: Sequence[str]) -> list[Service]:
    if len(names) > SERVICE_LIMIT:
        raise Invalid(service_ids=f"must name at most {SERVICE_LIMIT} services, names {len(names)}")
    chosen = [look_up.service(organization, name) for name in names]
    if not chosen and organization.default_service is not None:
        default = organization.services.get(organization.default_service)
        chosen = [default] if default is not None and default.is_active else []
    return list({service.id: service for service in chosen}.values())


def _default_severity(organization: Organization, services: Sequence[Service]) -> Severity:
    """The most severe default of the services, else the organization's."""
    defaults = [service.default_severity for service in services if service.default_severity]
    return min(defaults, default=organization.default_severity)


def sla_of(organization: Organization, severity: Severity) -> Sla:
    """What the severity allows. Raises SlaNotConfigured."""
    sla = organization.slas.get(severity)
    if sla is None:
        raise SlaNotConfigured(f"{severity} has no acknowledge and closure deadline. An admin can set them.")
    return sla
