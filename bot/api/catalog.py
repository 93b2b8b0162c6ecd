"""Services, teams, users: what the organization consists of. And whom a key belongs to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field

from bot.api.envelope import Answer, answer
from bot.api.fields import ListQuery, Search, ServiceKey, Shape
from bot.api.front import Call, Front
from bot.domain.api_key import KeyType, Scope
from bot.domain.errors import NotFound
from bot.domain.organization import Organization, Person, Service, Team
from bot.domain.sla import Severity
from bot.domain.timeline import Actor
from bot.operations import look_up
from storage.database import Connection

T = TypeVar("T")


class SearchQuery(ListQuery):
    search: Search | None = Field(None, description="Part of a name; capitals do not matter.")


class UserQuery(SearchQuery):
    search: Search | None = Field(None, description="Part of a name or an e-mail address.")
    is_active: Annotated[bool, BeforeValidator(lambda value: _truth(value))] | None = None


class ServicePath(Shape):
    service_key: ServiceKey


class KeyState(Shape):
    valid: bool
    scopes: tuple[Scope, ...]
    organization_name: str
    key_name: str
    key_type: KeyType


class ServiceItem(Shape):
    name: str
    service_key: str
    description: str | None
    is_active: bool
    default_severity: Severity | None


class TeamItem(Shape):
    name: str
    description: str | None
    is_active: bool
    member_count: int


class UserItem(Shape):
    name: str
    email: str
    is_active: bool


class PageShape(Shape):
    total: int
    has_more: bool
    next_offset: int | None


class ServicePage(PageShape):
    items: tuple[ServiceItem, ...]


class TeamPage(PageShape):
    items: tuple[TeamItem, ...]


class UserPage(PageShape):
    items: tuple[UserItem, ...]


async def verify(front: Front, call: Call) -> Answer:
    """What the key may do. Clients ask this first."""
    key = call.caller.key
    organization = await _organization(front, call)
    return answer(
        KeyState(
            valid=True,
            scopes=key.scopes,
            organization_name=organization.name,
            key_name=key.name,
            key_type=key.type,
        )
    )


async def services(front: Front, call: Call) -> Answer:
    query: SearchQuery = call.query
    every = (await _organization(front, call)).services.values()
    found = [one for one in _by_name(every) if _has(query.search, one.name)]
    return answer(ServicePage(**_page(query, [_service(one) for one in found])))


async def service(front: Front, call: Call) -> Answer:
    path: ServicePath = call.path
    every = (await _organization(front, call)).services.values()
    found = next((one for one in every if one.key == path.service_key), None)
    if found is None:
        raise NotFound(f"There is no service {path.service_key}.", {"service_key": "unknown service"})
    return answer(_service(found))


async def teams(front: Front, call: Call) -> Answer:
    query: SearchQuery = call.query
    every = (await _organization(front, call)).teams.values()
    found = [one for one in _by_name(every) if _has(query.search, one.name)]
    return answer(TeamPage(**_page(query, [_team(one) for one in found])))


async def users(front: Front, call: Call) -> Answer:
    query: UserQuery = call.query
    every = (await _organization(front, call)).people.values()
    found = [
        one
        for one in _by_name(every)
        if _has(query.search, one.name, one.email) and query.is_active in (None, one.is_active)
    ]
    return answer(UserPage(**_page(query, [_user(one) for one in found])))


async def _organization(front: Front, call: Call) -> Organization:
    def query(tx: Connection, now: datetime, actor: Actor) -> Organization:
        return look_up.organization(tx)

    return await front.read(call, query)


def _service(one: Service) -> ServiceItem:
    return ServiceItem(
        name=one.name,
        service_key=one.key,
        description=one.description,
        is_active=one.is_active,
        default_severity=one.default_severity,
    )


def _team(one: Team) -> TeamItem:
    return TeamItem(
        name=one.name, description=one.description, is_active=one.is_active, member_count=len(one.members)
    )


def _user(one: Person) -> UserItem:
    return UserItem(name=one.name, email=one.email, is_active=one.is_active)


Entity = TypeVar("Entity", Service, Team, Person)


def _by_name(every: Iterable[Entity]) -> list[Entity]:
    return sorted(every, key=lambda one: (one.name.casefold(), one.id))


def _has(search: str | None, *texts: str) -> bool:
    wanted = " ".join((search or "").split()).casefold()
    return any(wanted in text.casefold() for text in texts)


def _page(query: ListQuery, items: Sequence[Any]) -> dict[str, Any]:
    end = query.offset + query.limit
    has_more = end < len(items)
    return {
        "items": tuple(items[query.offset : end]),
        "total": len(items),
        "has_more": has_more,
        "next_offset": end if has_more else None,
    }


def _truth(value: object) -> object:
    if isinstance(value, str):
        if value.lower() not in ("true", "false"):
            raise ValueError("must be true or false")
        return value.lower() == "true"
    return value
