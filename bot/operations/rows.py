"""Rows ↔ domain values: the one place that knows both."""

from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, cast

from pydantic import TypeAdapter
from sqlalchemy import Row

from bot.domain import timeline
from bot.domain.api_key import ApiKey
from bot.domain.audit import AuditEntry
from bot.domain.delivery import ClaimedDelivery, Delivery
from bot.domain.feed import Feed
from bot.domain.handoff import Holder
from bot.domain.imported import Occurrence, Skipped
from bot.domain.incident import Incident
from bot.domain.organization import Organization
from bot.domain.outage import Outage
from bot.domain.overview import Place
from bot.domain.postmortem import Content, Postmortem
from bot.domain.schedule import Gap
from bot.domain.swap import Swap
from bot.domain.timeline import Actor, Entry, Event
from storage.types import JsonText

_KEY = TypeAdapter(ApiKey)
_AUDIT = TypeAdapter(AuditEntry)
_OUTAGE = TypeAdapter(Outage)
_POSTMORTEM = TypeAdapter(Postmortem)
_CONTENT = TypeAdapter(Content)
_HOLDER = TypeAdapter(Holder)
_SWAP = TypeAdapter(Swap)
_INCIDENT = TypeAdapter(Incident)
_INCIDENT_COLUMNS = tuple(field.name for field in fields(Incident))
_of_incident = attrgetter(*_INCIDENT_COLUMNS)
_PLACE = TypeAdapter(Place)
_ACTOR = TypeAdapter(Actor)
_ORGANIZATION = TypeAdapter(Organization)
#: Filled in when the organization is looked up.
_FOUND: Any = {"user_groups": True, "schedules": {"__all__": {"layers": {"__all__": {"duties"}}}}}
_FEED = TypeAdapter(Feed)
_OCCURRENCES = TypeAdapter(tuple[Occurrence, ...])
_SKIPPED = TypeAdapter(tuple[Skipped, ...])
_DELIVERY = TypeAdapter(Delivery)
#: `not_before` is kept as what it is owed from.
_DELIVERY_COLUMNS = (*(one.name for one in fields(Delivery) if one.name != "not_before"), "priority")
#: Enums as what they stand for: the driver takes three times as long to find that out.
_of_delivery = attrgetter(
    *(f"{name}.value" if name in ("kind", "priority") else name for name in _DELIVERY_COLUMNS)
)
_EVENTS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in cast("Any", timeline.Event).__args__
}


def incident(row: Row[Any]) -> Incident:
    return _INCIDENT.validate_python(dict(row._mapping))


def incident_columns(value: Incident) -> dict[str, Any]:
    return dict(zip(_INCIDENT_COLUMNS, _of_incident(value), strict=True))


def place(row: Row[Any] | None) -> Place:
    return _PLACE.validate_python(dict(row._mapping)) if row is not None else Place()


def entry(row: Row[Any]) -> Entry:
    event: Event = _EVENTS[row.kind].validate_python(row.facts)
    return Entry(row.incident_id, row.sequence, row.at, _ACTOR.validate_python(row.by), event)


def entry_columns(value: Entry) -> dict[str, Any]:
    kind = type(value.event).__name__
    return {
        "incident_id": value.incident_id,
        "sequence": value.sequence,
        "at": value.at,
        "kind": kind,
        "facts": JsonText(_EVENTS[kind].dump_json(value.event).decode()),
        "by": _actor(value.by),
    }


@lru_cache(maxsize=64)
def _actor(value: Actor) -> JsonText:
    return JsonText(_ACTOR.dump_json(value).decode())


def organization(document: Any) -> Organization:
    return _ORGANIZATION.validate_python(document)


def organization_document(value: Organization) -> Any:
    """All that an organization file says; what is known from elsewhere is not kept with it."""
    return _ORGANIZATION.dump_python(value, mode="json", exclude=_FOUND)


def claimed(row: Row[Any], *, is_wanted: bool) -> ClaimedDelivery:
    owed = _DELIVERY.validate_python(dict(row._mapping))
    return ClaimedDelivery(row.id, owed, row.attempt + 1, row.is_in_doubt, row.owed_at, row.number, is_wanted)


def holder(row: Row[Any] | None) -> Holder | None:
    return _HOLDER.validate_python(dict(row._mapping)) if row is not None else None


def swap(row: Row[Any]) -> Swap:
    return _SWAP.validate_python(dict(row._mapping))


def columns(value: Holder | Swap | Gap) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def outage(text: str) -> Outage:
    return _OUTAGE.validate_json(text)


def outage_text(value: Outage) -> str:
    return _OUTAGE.dump_json(value).decode()


def key(row: Row[Any]) -> ApiKey:
    return _KEY.validate_python(dict(row._mapping))


def key_columns(value: ApiKey) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def feed(row: Row[Any]) -> Feed:
    return _FEED.validate_python(dict(row._mapping))


def feed_columns(value: Feed) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def occurrences(document: Any) -> tuple[Occurrence, ...]:
    return _OCCURRENCES.validate_python(document or ())


def occurrences_document(value: tuple[Occurrence, ...]) -> Any:
    return _OCCURRENCES.dump_python(value, mode="json")


def skipped(document: Any) -> tuple[Skipped, ...]:
    return _SKIPPED.validate_python(document or ())


def skipped_document(value: tuple[Skipped, ...]) -> Any:
    return _SKIPPED.dump_python(value, mode="json")


def audit_entry(row: Row[Any]) -> AuditEntry:
    return _AUDIT.validate_python(dict(row._mapping))


def actor_columns(value: Actor) -> dict[str, Any]:
    return {
        "door": value.door,
        "actor_kind": value.kind,
        "actor": value.name,
        "role": value.role,
        "person_id": value.person_id,
        "key_id": value.key_id,
    }


def postmortem(row: Row[Any]) -> Postmortem:
    return _POSTMORTEM.validate_python(dict(row._mapping))


def postmortem_columns(value: Postmortem) -> dict[str, Any]:
    columns = {field.name: getattr(value, field.name) for field in fields(value)}
    return columns | {"content": _CONTENT.dump_python(value.content, mode="json")}


def delivery_columns(value: Delivery) -> dict[str, Any]:
    return dict(zip(_DELIVERY_COLUMNS, _of_delivery(value), strict=True))
