"""Incidents: their schemas and handlers. Source: the HTTP API's contract, incidents."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from bot.api.envelope import Answer, answer
from bot.api.fields import (
    Distinct,
    Email,
    EscalationLevel,
    IncidentNumber,
    ListQuery,
    Moment,
    Most,
    Named,
    PersonRef,
    ServiceKey,
    Shape,
    Words,
    example,
)
from bot.api.front import Call, Front
from bot.domain import escalation
from bot.domain.contact import USUAL
from bot.domain.errors import Invalid, NotFound
from bot.domain.escalation import Shown, Standing
from bot.domain.ids import PersonId
from bot.domain.incident import COMMENT_LIMIT, DESCRIPTION_LIMIT, OPEN, TITLE_LIMIT, Incident, Status
from bot.domain.narrative import told
from bot.domain.organization import Organization, Person
from bot.domain.overview import Overview, Wanted
from bot.domain.sla import Severity, is_breached
from bot.domain.timeline import Actor, Entry, Escalated, EscalationExhausted
from bot.operations import assign, declare, escalate, look_up, respond
from storage.database import Connection

#: Timeline events in one answer.
TIMELINE_LIMIT = 200
#: Keys in one request. They may name fewer services, of which one that is named again counts once.
_MOST_KEYS = Most(20 * declare.SERVICE_LIMIT)
_CHANGEABLE = ("title", "description", "severity", "assigned_to")
_APP_REDIRECT = "https://slack.com/app_redirect?channel="


class IncidentPath(Shape):
    id: IncidentNumber


class NewIncident(Shape):
    model_config = example(
        title="Database connection pool exhaustion",
        description="The API returns 500 because no connection is free",
        severity="SEV1",
        service_ids=["svc_K7M4Q9TZ2H"],
    )

    title: Annotated[str, Words(1, TITLE_LIMIT)]
    description: Annotated[str, Words(0, DESCRIPTION_LIMIT)] | None = None
    severity: Severity | None = Field(
        None, description="Else the most severe default of the services, else the organization's."
    )
    service_ids: Annotated[tuple[ServiceKey, ...], Distinct, BeforeValidator(_MOST_KEYS.check)] = Field(
        min_length=1, description="Public keys of 1 to 50 services; see `GET /services`."
    )


class IncidentQuery(ListQuery):
    status: tuple[Status, ...] = Field((), description="Repeatable. Open incidents, if nothing is said.")
    severity: tuple[Severity, ...] = Field((), description="Repeatable.")
    assigned_to: Email | None = Field(None, description="E-mail address of the assignee.")
    resolved_by: Email | None = Field(None, description="E-mail address of who resolved it.")
    team_name: Annotated[str, Words(1, 200)] | None = Field(None, description="Capitals do not matter.")
    created_after: Moment | None = Field(None, description="At or after.")
    created_before: Moment | None = Field(None, description="At or before.")
    resolved_after: Moment | None = Field(None, description="At or after.")
    resolved_before: Moment | None = Field(None, description="At or before.")


class Changes(Shape):
    """Only what is given is changed, and at least one thing is."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": [one]} for one in _CHANGEABLE],
            "examples": [{"severity": "SEV2", "assigned_to": "jane@example.com"}],
        },
        **Shape.model_config,
    )

    title: Annotated[str, Words(1, TITLE_LIMIT)] = Field(default_factory=str)
    description: Annotated[str, Words(0, DESCRIPTION_LIMIT)] | None = Field(default_factory=lambda: None)
    severity: Severity = Field(default_factory=lambda: Severity.SEV2)
    assigned_to: Email = Field(default_factory=str, description="E-mail address of the new assignee.")


class StatusChange(Shape):
    model_config = example(status="resolved", comment="Rolled back the deploy")

    status: Status
    comment: Annotated[str, Words(0, COMMENT_LIMIT)] | None = Field(
        None, description="Required to resolve or close an open incident, and to reopen one."
    )


class NewEvent(Shape):
    model_config = example(comment="The auth service leaks connections")

    comment: Annotated[str, Words(1, respond.NOTE_LIMIT)]


class EscalationQuery(Shape):
    current_level: EscalationLevel | None = Field(
        None, description="The level that the caller saw; if it is another one by now, nobody is paged."
    )


class IncidentItem(Shape):
    incident_number: str
    title: str
    description: str | None
    status: Status
    severity: Severity
    assigned_to: PersonRef | None
    team: Named | None
    created_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None


class IncidentPage(Shape):
    items: tuple[IncidentItem, ...]
    total: int
    has_more: bool
    next_offset: int | None


class ServiceRef(Shape):
    service_key: str
    name: str


class SlaState(Shape):
    acknowledge_by: datetime
    close_by: datetime
    acknowledge_breached: bool
    closure_breached: bool


class EscalationState(Shape):
    current_level: int
    next_level: int | None
    next_escalation_at: datetime | None


class SlackPlace(Shape):
    channel_id: str | None
    channel_name: str | None
    permalink: str | None


class TimelineEvent(Shape):
    event_type: str
    title: str
    description: str | None
    user: str
    created_at: datetime


class TimelineMeta(Shape):
    limit: int
    has_more: bool


class IncidentDetail(IncidentItem):
    services: tuple[ServiceRef, ...]
    resolved_by: PersonRef | None
    closed_at: datetime | None
    sla: SlaState
    escalation: EscalationState
    slack: SlackPlace
    timeline: tuple[TimelineEvent, ...]
    timeline_meta: TimelineMeta


class Acknowledgement(Shape):
    incident_number: str
    acknowledged: bool
    acknowledged_at: datetime | None


class EventAdded(Shape):
    incident_number: str
    event: TimelineEvent


class Escalation(Shape):
    incident_number: str
    escalated: bool
    notified_emails: tuple[str, ...]
    current_level: int
    next_level: int | None


async def create(front: Front, call: Call) -> Answer:
    wanted: NewIncident = call.body
    if len(wanted.service_ids) > declare.SERVICE_LIMIT:
        raise Invalid(service_ids=f"must name at most {declare.SERVICE_LIMIT} services")

    def operation(tx: Connection, now: datetime, actor: Actor) -> tuple[Organization, Incident]:
        try:
            incident = declare.declare(
                tx,
                now,
                actor,
                title=wanted.title,
                description=wanted.description,
                severity=wanted.severity,
                services=wanted.service_ids,
            )
        except NotFound:
            raise _unknown_service(look_up.organization(tx), wanted.service_ids) from None
        return look_up.organization(tx), incident

    return await front.write_once(call, "declare", operation, lambda declared: answer(item(*declared), 201))


async def listing(front: Front, call: Call) -> Answer:
    query: IncidentQuery = call.query

    def run(tx: Connection, now: datetime, actor: Actor) -> Answer:
        organization = look_up.organization(tx)
        wanted = _wanted(organization, query)
        found, total = look_up.listing(tx, wanted, query.limit, query.offset) if wanted else ((), 0)
        end = query.offset + len(found)
        has_more = bool(found) and end < total
        return answer(
            IncidentPage(
                items=tuple(item(organization, one) for one in found),
                total=total,
                has_more=has_more,
                next_offset=end if has_more else None,
            )
        )

    return await front.read(call, run)


async def show(front: Front, call: Call) -> Answer:
    path: IncidentPath = call.path

    def run(tx: Connection, now: datetime, actor: Actor) -> Answer:
        overview = look_up.overview(tx, look_up.incident(tx, path.id), now)
        entries = look_up.entries(tx, overview.incident, TIMELINE_LIMIT)
        return answer(detail(look_up.organization(tx), overview, entries, now, front.workspace_url()))

    return await front.read(call, run)


async def change(front: Front, call: Call) -> Answer:
    path: IncidentPath = call.path
    changes: Changes = call.body
    given = changes.model_fields_set
    if not given:
        raise Invalid(body="must change at least one of {}".format(", ".join(_CHANGEABLE)))

    def operation(tx: Connection, now: datetime, actor: Actor) -> Answer:
        if "title" in given:
            respond.change_title(tx, now, actor, path.id, changes.title)
        if "description" in given:
            respond.describe(tx, now, actor, path.id, changes.description)
        if "severity" in given:
            respond.change_severity(tx, now, actor, path.id, changes.severity)
        if "assigned_to" in given:
            person_id = _person(look_up.organization(tx), "assigned_to", changes.assigned_to).id
            assign.assign(tx, now, actor, path.id, person_id)
        return answer(item(look_up.organization(tx), look_up.incident(tx, path.id)))

    return await front.write(call, "change", operation)


async def change_status(front: Front, call: Call) -> Answer:
    path: IncidentPath = call.path
    wanted: StatusChange = call.body

    def operation(tx: Connection, now: datetime, actor: Actor) -> Answer:
        incident = respond.change_status(tx, now, actor, path.id, wanted.status, wanted.comment)
        return answer(item(look_up.organization(tx), incident))

    return await front.write(call, "change_status", operation)


async def acknowledge(front: Front, call: Call) -> Answer:
    path: IncidentPath = call.path

    def operation(tx: Connection, now: datetime, actor: Actor) -> Answer:
        incident = respond.acknowledge(tx, now, actor, path.id)
        return answer(
            Acknowledgement(
                incident_number=incident.number, acknowledged=True, acknowledged_at=incident.acknowledged_at
            )
        )

    return await front.write(call, "acknowledge", operation)


async def add_event(front: Front, call: Call) -> Answer:
    path: IncidentPath = call.path
    wanted: NewEvent = call.body

    def operation(tx: Connection, now: datetime, actor: Actor) -> EventAdded:
        incident = respond.note(tx, now, actor, path.id, wanted.comment)
        entry = look_up.entry(tx, incident.id, incident.sequence)
        event = timeline_event(look_up.organization(tx), entry)
        return EventAdded(incident_number=incident.number, event=event)

    return await front.write_once(call, "note", operation, lambda added: answer(added, 201))


async def escalate_now(front: Front, call: Call) -> Answer:
    path: IncidentPath = call.path
    query: EscalationQuery = call.query

    def operation(tx: Connection, now: datetime, actor: Actor) -> Escalation:
        before = look_up.incident(tx, path.id)
        incident = escalate.escalate(tx, now, actor, path.id, _seen(before, query.current_level))
        organization = look_up.organization(tx)
        entries = look_up.entries(tx, incident, incident.sequence - before.sequence)
        return Escalation(
            incident_number=incident.number,
            escalated=True,
            notified_emails=tuple(organization.people[one].email for one in _paged(entries)),
            current_level=incident.level,
            next_level=_next_by_hand(organization, incident, now),
        )

    return await front.write_once(call, "escalate", operation, answer)


def item(organization: Organization, incident: Incident) -> IncidentItem:
    """The incident as lists show it."""
    return IncidentItem.model_construct(**_item(organization, incident))


def _item(organization: Organization, incident: Incident) -> dict[str, Any]:
    team = organization.teams.get(incident.team_id) if incident.team_id is not None else None
    return {
        "incident_number": incident.number,
        "title": incident.title,
        "description": incident.description,
        "status": incident.status,
        "severity": incident.severity,
        "assigned_to": person_ref(organization.person(incident.assignee_id)),
        "team": Named(name=team.name) if team else None,
        "created_at": incident.created_at,
        "acknowledged_at": incident.acknowledged_at,
        "resolved_at": incident.resolved_at,
    }


def detail(
    organization: Organization,
    overview: Overview,
    entries: Sequence[Entry],
    now: datetime,
    workspace_url: str | None,
) -> IncidentDetail:
    """The incident with all that is known of it; its timeline oldest first."""
    incident = overview.incident
    resolver = person_ref(organization.person(incident.resolved_by_id))
    if resolver is None and incident.resolved_by is not None:
        resolver = PersonRef(name=incident.resolved_by, email=None)
    return IncidentDetail(
        **_item(organization, incident),
        services=tuple(ServiceRef(service_key=one.key, name=one.name) for one in overview.services),
        resolved_by=resolver,
        closed_at=incident.closed_at,
        sla=SlaState(
            acknowledge_by=incident.acknowledge_by,
            close_by=incident.close_by,
            acknowledge_breached=is_breached(
                incident.acknowledge_by, incident.acknowledged_at or incident.resolved_at, now
            ),
            closure_breached=is_breached(incident.close_by, incident.resolved_at, now),
        ),
        escalation=EscalationState(
            current_level=incident.level,
            next_level=overview.next_level.level if overview.next_level else None,
            next_escalation_at=overview.next_level.at if overview.next_level else overview.admins_at,
        ),
        slack=_slack_place(overview, workspace_url),
        timeline=tuple(timeline_event(organization, entry) for entry in entries),
        timeline_meta=TimelineMeta(limit=TIMELINE_LIMIT, has_more=incident.sequence > len(entries)),
    )


def timeline_event(organization: Organization, entry: Entry) -> TimelineEvent:
    """One event in plain words."""

    def name_of(person_id: PersonId | None) -> str:
        person = organization.person(person_id)
        return person.name if person else "somebody who has left"

    words = told(entry.event, name_of)
    return TimelineEvent(
        event_type=words.kind,
        title=words.title,
        description=words.description,
        user=entry.by.name,
        created_at=entry.at,
    )


def person_ref(person: Person | None) -> PersonRef | None:
    return PersonRef(name=person.name, email=person.email) if person else None


def _slack_place(overview: Overview, workspace_url: str | None) -> SlackPlace:
    place = overview.place
    if place.channel_id is None:
        return SlackPlace(channel_id=None, channel_name=None, permalink=None)
    link = f"{_APP_REDIRECT}{place.channel_id}"
    if workspace_url is not None:
        message = f"/p{place.card_ts.replace('.', '')}" if place.card_ts else ""
        link = f"{workspace_url.rstrip('/')}/archives/{place.channel_id}{message}"
    return SlackPlace(channel_id=place.channel_id, channel_name=place.channel_name, permalink=link)


def _wanted(organization: Organization, query: IncidentQuery) -> Wanted | None:
    """The filter; None when it names somebody, or a team, that does not exist: nothing fits."""
    assignee = organization.person_by_email(query.assigned_to) if query.assigned_to else None
    resolver = organization.person_by_email(query.resolved_by) if query.resolved_by else None
    team = organization.team_titled(query.team_name) if query.team_name else None
    asked = (query.assigned_to, query.resolved_by, query.team_name)
    if any(text and not found for text, found in zip(asked, (assignee, resolver, team), strict=True)):
        return None
    return Wanted(
        statuses=query.status or tuple(sorted(OPEN)),
        severities=query.severity,
        assignee_id=assignee.id if assignee else None,
        resolved_by_id=resolver.id if resolver else None,
        team_id=team.id if team else None,
        created_after=query.created_after,
        created_before=query.created_before,
        resolved_after=query.resolved_after,
        resolved_before=query.resolved_before,
    )


def _person(organization: Organization, field: str, email: str) -> Person:
    """The active person with the address. Raises NotFound, which names the field."""
    try:
        return look_up.person_by_email(organization, email)
    except NotFound as refusal:
        raise NotFound(refusal.sentence, {field: "unknown or inactive"}) from None


def _unknown_service(organization: Organization, keys: Sequence[str]) -> NotFound:
    """Which key names no service. Which services there are, only who may read services learns."""
    known = {service.key for service in organization.services.values() if service.is_active}
    key = next(one for one in keys if one not in known)
    sentence = f"There is no active service {key}. GET /services lists them."
    return NotFound(sentence, {"service_ids": "unknown service"})


def _seen(before: Incident, level: int | None) -> Shown | None:
    """How far the escalation had come when the caller saw this level.

    A higher one is of an earlier round, or of before the policy began again; if there was none, of nothing.
    """
    if level is None:
        return None
    is_earlier = level > before.level and (before.round > 1 or before.repeats > 0)
    return Shown(Standing(before.round - is_earlier, before.repeats, level))


def _next_by_hand(organization: Organization, incident: Incident, now: datetime) -> int | None:
    """The level that escalating again would reach, which begins no policy anew; None on the last one."""
    paged = escalation.by_hand(organization, incident, now)
    return paged[0].level if paged is not None else None


def _paged(entries: Sequence[Entry]) -> tuple[PersonId, ...]:
    """Who is paged at once; quiet hours may put all pages of a person off."""
    for entry in reversed(entries):
        if isinstance(entry.event, Escalated | EscalationExhausted):
            methods = entry.event.methods
            return tuple(one for one in entry.event.people if methods.get(one, USUAL))
    return ()
