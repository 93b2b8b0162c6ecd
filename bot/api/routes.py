"""The API's table of contents: every path, what it takes, what it gives, and the scope it needs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import BaseModel

from bot.api import catalog, incidents, oncall, paging, postmortems
from bot.api.envelope import Answer
from bot.api.fields import NoQuery, Shape
from bot.api.front import Call, Front
from bot.api.limits import Category
from bot.domain.api_key import Scope

BASE = "/api/v1"

Handler = Callable[[Front, Call], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    #: By which clients that are made from the API's description call it; unique.
    name: str
    method: str
    path: str
    handler: Handler
    #: None lets every valid key in.
    scope: Scope | None
    #: What `data` holds; None for an answer that is no JSON.
    gives: type[BaseModel] | None
    summary: str
    tag: str
    at: type[BaseModel] = Shape
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] | None = None
    status: int = 200
    #: Codes it may answer with, besides those of every route.
    refuses: tuple[str, ...] = ()
    is_idempotent: bool = False
    category: Category | None = None

    @property
    def counts_as(self) -> Category:
        return self.category or Category.of(self.method)


_AT = incidents.IncidentPath
_GONE = "NOT_FOUND"
_STATE = "INVALID_TRANSITION"
_RACE = "CONFLICT"
_IDEMPOTENCY = ("IDEMPOTENCY_CONFLICT", "IDEMPOTENCY_IN_PROGRESS")

ROUTES: tuple[Route, ...] = (
    Route(
        "verify_key",
        "GET",
        "/auth/verify",
        catalog.verify,
        None,
        catalog.KeyState,
        "What the key may do",
        "Keys",
    ),
    Route(
        "create_incident",
        "POST",
        "/incidents",
        incidents.create,
        Scope.INCIDENTS_WRITE,
        incidents.IncidentItem,
        "Create an incident",
        "Incidents",
        body=incidents.NewIncident,
        status=201,
        refuses=(_GONE, *_IDEMPOTENCY, "SLA_NOT_CONFIGURED"),
        is_idempotent=True,
    ),
    Route(
        "list_incidents",
        "GET",
        "/incidents",
        incidents.listing,
        Scope.INCIDENTS_READ,
        incidents.IncidentPage,
        "List incidents, the open ones if no status is asked for",
        "Incidents",
        query=incidents.IncidentQuery,
    ),
    Route(
        "get_incident",
        "GET",
        "/incidents/{id}",
        incidents.show,
        Scope.INCIDENTS_READ,
        incidents.IncidentDetail,
        "Get an incident with its timeline",
        "Incidents",
        at=_AT,
        refuses=(_GONE,),
    ),
    Route(
        "change_incident",
        "PATCH",
        "/incidents/{id}",
        incidents.change,
        Scope.INCIDENTS_WRITE,
        incidents.IncidentItem,
        "Change title, description, severity or assignee",
        "Incidents",
        at=_AT,
        body=incidents.Changes,
        refuses=(_GONE, _STATE, _RACE, "SLA_NOT_CONFIGURED"),
    ),
    Route(
        "change_incident_status",
        "POST",
        "/incidents/{id}/status",
        incidents.change_status,
        Scope.INCIDENTS_WRITE,
        incidents.IncidentItem,
        "Change the status",
        "Incidents",
        at=_AT,
        body=incidents.StatusChange,
        refuses=(_GONE, _STATE, _RACE, "SLA_NOT_CONFIGURED"),
    ),
    Route(
        "acknowledge_incident",
        "POST",
        "/incidents/{id}/acknowledge",
        incidents.acknowledge,
        Scope.INCIDENTS_WRITE,
        incidents.Acknowledgement,
        "Acknowledge: the escalation stops",
        "Incidents",
        at=_AT,
        refuses=(_GONE, "ALREADY_ACKNOWLEDGED", _STATE, _RACE),
    ),
    Route(
        "page_someone",
        "POST",
        "/incidents/{id}/page",
        paging.page_someone,
        Scope.INCIDENTS_WRITE,
        paging.PageReport,
        "Page a person now, and wait for what comes of it",
        "Incidents",
        at=_AT,
        body=paging.NewPage,
        refuses=(_GONE, _STATE, _RACE, *_IDEMPOTENCY, "NO_CONTACT_DETAILS", "EXTERNAL_API_ERROR"),
        is_idempotent=True,
        category=Category.PAGE,
    ),
    Route(
        "add_timeline_event",
        "POST",
        "/incidents/{id}/events",
        incidents.add_event,
        Scope.INCIDENTS_WRITE,
        incidents.EventAdded,
        "Put a note on the timeline",
        "Incidents",
        at=_AT,
        body=incidents.NewEvent,
        status=201,
        refuses=(_GONE, _RACE, *_IDEMPOTENCY),
        is_idempotent=True,
    ),
    Route(
        "escalate_incident",
        "POST",
        "/incidents/{id}/escalate",
        incidents.escalate_now,
        Scope.INCIDENTS_WRITE,
        incidents.Escalation,
        "Page the next level of the escalation policy",
        "Incidents",
        at=_AT,
        query=incidents.EscalationQuery,
        refuses=(_GONE, "NO_FURTHER_LEVEL", _STATE, _RACE, *_IDEMPOTENCY),
        is_idempotent=True,
    ),
    Route(
        "list_services",
        "GET",
        "/services",
        catalog.services,
        Scope.SERVICES_READ,
        catalog.ServicePage,
        "List services",
        "Organization",
        query=catalog.SearchQuery,
    ),
    Route(
        "get_service",
        "GET",
        "/services/{service_key}",
        catalog.service,
        Scope.SERVICES_READ,
        catalog.ServiceItem,
        "Get a service",
        "Organization",
        at=catalog.ServicePath,
        refuses=(_GONE,),
    ),
    Route(
        "list_teams",
        "GET",
        "/teams",
        catalog.teams,
        Scope.TEAMS_READ,
        catalog.TeamPage,
        "List teams",
        "Organization",
        query=catalog.SearchQuery,
    ),
    Route(
        "list_users",
        "GET",
        "/users",
        catalog.users,
        Scope.USERS_READ,
        catalog.UserPage,
        "List users",
        "Organization",
        query=catalog.UserQuery,
    ),
    Route(
        "get_current_on_call",
        "GET",
        "/on-call/current",
        oncall.current,
        Scope.ONCALL_READ,
        oncall.OnCall,
        "Who is on call now, service by service",
        "On call",
        query=oncall.OnCallQuery,
        refuses=(_GONE,),
    ),
    Route(
        "get_escalation_policy",
        "GET",
        "/escalation-policies",
        oncall.policy,
        Scope.ONCALL_READ,
        oncall.PolicyAnswer,
        "The escalation policy of a severity",
        "On call",
        query=oncall.PolicyQuery,
        refuses=(_GONE,),
    ),
    Route(
        "get_postmortem",
        "GET",
        "/postmortems",
        postmortems.show,
        Scope.POSTMORTEMS_READ,
        postmortems.PostmortemItem,
        "Get the postmortem of an incident",
        "Postmortems",
        query=postmortems.PostmortemQuery,
        refuses=(_GONE,),
    ),
    Route(
        "create_postmortem",
        "POST",
        "/postmortems",
        postmortems.create,
        Scope.POSTMORTEMS_WRITE,
        postmortems.PostmortemItem,
        "Write the postmortem of an incident that is over",
        "Postmortems",
        body=postmortems.NewPostmortem,
        status=201,
        refuses=(_GONE, "ALREADY_EXISTS", _STATE, _RACE),
    ),
    Route(
        "export_postmortem",
        "GET",
        "/postmortems/{number}/export",
        postmortems.export,
        Scope.POSTMORTEMS_READ,
        None,
        "Export a postmortem as Markdown",
        "Postmortems",
        at=postmortems.PostmortemPath,
        refuses=(_GONE,),
    ),
)
