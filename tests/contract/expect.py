"""What the contract says of every answer: how a refusal looks, a timestamp, an incident to begin with."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.client import ApiError, Client, Json
from tests.contract.conftest import Reply

INVALID = (400, "VALIDATION_ERROR")
NOT_FOUND = (404, "NOT_FOUND")

ITEM_FIELDS = {
    "incident_number",
    "title",
    "description",
    "status",
    "severity",
    "assigned_to",
    "team",
    "created_at",
    "acknowledged_at",
    "resolved_at",
}
OPEN = ("new", "investigating", "fixing", "monitoring")
STATUSES = (*OPEN, "resolved", "closed")


async def refusal(call: Awaitable[object]) -> ApiError:
    """The error that this call of the client ends with."""
    with pytest.raises(ApiError) as caught:
        await call
    return caught.value


def refused(reply: Reply, what: tuple[int, str]) -> Json:
    """The details of a refusal, whose envelope is as promised."""
    assert reply.status == what[0], reply.text
    assert reply.json.keys() == {"error", "meta"}
    error = reply.json["error"]
    assert error["code"] == what[1], reply.text
    assert error["message"]
    assert error.keys() <= {"code", "message", "details"}
    details: Json = error.get("details") or {}
    return details


def names(details: Json, field: str) -> bool:
    """Whether the details name this field, or something inside it."""
    return any(key == field or key.startswith((f"{field}.", f"{field}[")) for key in details)


def utc(stamp: str) -> datetime:
    """A timestamp of the API: ISO 8601, UTC, ending in Z."""
    assert stamp.endswith("Z"), stamp
    return datetime.fromisoformat(stamp).astimezone(UTC)


async def opened(client: Client, service: str = "Database", **fields: Any) -> str:
    """The number of a new incident about this service."""
    key = await client.service_key(service)
    made = await client.create(**{"title": "Connections run out", "service_ids": [key], **fields})
    return str(made["incident_number"])


async def brought_to(client: Client, status: str) -> str:
    """The number of a new incident that stands at this status."""
    number = await opened(client)
    if status != "new":
        await client.change_status(number, status=status, comment="as the story needs it")
    assert (await client.incident(number))["status"] == status
    return number


def said(incident: Json) -> list[str]:
    """What each event of an incident's timeline says, oldest first."""
    return [f"{event['title'] or ''} {event['description'] or ''}" for event in incident["timeline"]]
