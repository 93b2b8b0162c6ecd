"""An incident and an organization to try the rules on."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.domain.ids import IncidentId, PersonId, ScheduleId, ServiceId, TeamId
from bot.domain.incident import Incident, Status
from bot.domain.organization import (
    EscalationPolicy,
    Level,
    LevelRole,
    Organization,
    Person,
    Service,
    Target,
    TargetKind,
    Team,
)
from bot.domain.postmortem import Content, Postmortem, PostmortemLevel, PostmortemStatus
from bot.domain.rights import Role
from bot.domain.rotation import Period, Rotation
from bot.domain.schedule import Layer, Schedule
from bot.domain.sla import DEFAULT_SLAS, Severity
from bot.domain.timeline import Actor, ActorKind, Entry, Event

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ADA, BEN, CHLOE, DEV = map(PersonId, ("ada", "ben", "chloe", "dev"))
SHOP, DATA = TeamId("shop"), TeamId("data")
CHECKOUT, DATABASE = ServiceId("checkout"), ServiceId("database")
BY_ADA = Actor(ActorKind.PERSON, "Ada", ADA)
BY_KEY = Actor(ActorKind.KEY, "deploys")


def incident(**changes: Any) -> Incident:
    """A new SEV1 that was declared at NOW, with these fields changed."""
    sla = DEFAULT_SLAS[Severity.SEV1]
    new = Incident(
        id=IncidentId("i1"),
        number="INC-2026-044",
        version=1,
        sequence=1,
        title="Checkout is down",
        description=None,
        severity=Severity.SEV1,
        status=Status.NEW,
        service_ids=(CHECKOUT,),
        team_id=SHOP,
        assignee_id=BEN,
        created_at=NOW,
        declared_by="Ada",
        acknowledge_by=sla.acknowledge_by(NOW),
        close_by=sla.close_by(NOW),
        clock_started_at=NOW,
    )
    return replace(new, **changes)


def entry(event: Event, by: Actor = BY_ADA) -> Entry:
    return Entry(IncidentId("i1"), 7, NOW, by, event)


def postmortem(content: Content) -> Postmortem:
    """What was written about `incident()`."""
    number, level, status = "PM-2026-007", PostmortemLevel.BASIC, PostmortemStatus.DRAFT
    return Postmortem("p1", number, "i1", level, status, NOW, "Ada", content)


def of_role(name: LevelRole) -> tuple[Target, ...]:
    return (Target(TargetKind.ROLE, name),)


def of_people(*names: PersonId) -> tuple[Target, ...]:
    return tuple(Target(TargetKind.PERSON, name) for name in names)


def level(number: int, **fields: Any) -> Level:
    """A level that pages who is on call, with these fields changed."""
    return replace(Level(number, timedelta(minutes=10), of_role(LevelRole.PRIMARY)), **fields)


def schedule(*people: PersonId, handle: str = "shop", zone: str = "UTC") -> Schedule:
    rotation = Rotation(Period.WEEK, 1, time(9), date(2026, 3, 9))
    layer = Layer("weekly", rotation, people)
    return Schedule(ScheduleId(handle), handle.title(), zone, (layer,))


def organization(*levels: Level, **changes: Any) -> Organization:
    """Two teams with a service each; `levels` are the policy of SEV1."""
    people = (
        Person(ADA, "Ada", "ada@example.com", Role.ADMIN),
        Person(BEN, "Ben", "ben@example.com"),
        Person(CHLOE, "Chloé", "chloe@example.com"),
        Person(DEV, "Dev", "dev@example.com", is_active=False),
    )
    shop = schedule(BEN, CHLOE)
    value = Organization(
        "Northwind",
        people={one.id: one for one in people},
        teams={
            SHOP: Team(SHOP, "Shop", lead=CHLOE, manager=ADA, members=(BEN, CHLOE), schedule=shop.id),
            DATA: Team(DATA, "Data", lead=DEV),
        },
        services={
            CHECKOUT: Service(CHECKOUT, "svc_CHECKTKX44", "Checkout", team=SHOP),
            DATABASE: Service(DATABASE, "svc_DATABASE77", "The database", team=DATA),
        },
        schedules={shop.id: shop},
        policies={Severity.SEV1: EscalationPolicy(Severity.SEV1, levels)},
    )
    return replace(value, **changes)
