"""PATCH /incidents/:id: only the given fields change."""

from datetime import timedelta
from typing import Any

import pytest

from tests.contract.client import Json
from tests.contract.conftest import Api
from tests.contract.expect import INVALID, NOT_FOUND, names, opened, refusal, refused, utc


@pytest.mark.parametrize(
    ("field", "value"), [("title", "Now it is the cache"), ("description", "New words"), ("severity", "SEV3")]
)
async def test_only_the_given_field_changes(api: Api, field: str, value: str) -> None:
    client = await api.client()
    number = await opened(client, description="Old words", severity="SEV1")
    await api.settle()
    kept = {"title", "description", "severity", "status", "assigned_to", "created_at"} - {field}
    before = await client.incident(number)
    await client.update(number, **{field: value})
    after = await client.incident(number)
    assert after[field] == value
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


async def test_incident_is_reassigned_by_email_in_any_case(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    await api.settle()
    await client.update(number, assigned_to="Emi@EXAMPLE.com")
    incident = await client.incident(number)
    assert incident["assigned_to"] == {"name": "Emi Sato", "email": "emi@example.com"}


async def test_unknown_assignee_is_not_found(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    await api.settle()
    before = (await client.incident(number))["assigned_to"]
    refused = await refusal(client.update(number, assigned_to="nobody@example.com", title="Changed"))
    assert refused.what == NOT_FOUND
    incident = await client.incident(number)
    assert (incident["assigned_to"], incident["title"]) == (before, "Connections run out")


async def test_empty_body_is_refused(api: Api) -> None:
    key = await api.key()
    number = await opened(await api.client())
    for body in (b"", b"{}"):
        reply = await api.request("PATCH", f"/api/v1/incidents/{number}", key, body=body)
        refused(reply, INVALID)


async def test_new_severity_recomputes_the_deadlines_from_the_creation(api: Api) -> None:
    client = await api.client()
    number = await opened(client, severity="SEV1")
    await api.forward(minutes=2)
    await client.update(number, severity="SEV3")
    incident = await client.incident(number)
    created, sla = utc(incident["created_at"]), incident["sla"]
    assert utc(sla["acknowledge_by"]) == created + timedelta(hours=2)
    assert utc(sla["close_by"]) == created + timedelta(hours=24)


async def test_deadline_that_was_met_stays(api: Api) -> None:
    client = await api.client(person="ada")
    number = await opened(client, severity="SEV1")
    await client.acknowledge(number)
    await client.update(number, severity="SEV3")
    incident = await client.incident(number)
    created, sla = utc(incident["created_at"]), incident["sla"]
    assert utc(sla["acknowledge_by"]) == created + timedelta(minutes=15)
    assert sla["acknowledge_breached"] is False
    assert utc(sla["close_by"]) == created + timedelta(hours=24)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "  "),
        pytest.param("title", "a" * 201, id="201 characters"),
        pytest.param("title", "\ud800", id="lone surrogate"),
        ("title", 5),
        pytest.param("description", "a" * 10_001, id="10,001 characters"),
        ("description", 5),
        ("severity", "SEV9"),
        ("severity", 1),
        ("assigned_to", 5),
        ("assigned_to", ["ben@example.com"]),
        ("assigned_to", {"email": "ben@example.com"}),
    ],
)
async def test_bad_value_names_its_field_and_changes_nothing(api: Api, field: str, value: Any) -> None:
    client = await api.client()
    number = await opened(client)
    await api.settle()
    before: Json = await client.incident(number)
    fields = {"description": "Changed", "title": "Changed", field: value}
    refused = await refusal(client.update(number, **fields))
    assert refused.what == INVALID
    assert names(refused.details, field)
    assert await client.incident(number) == before


async def test_status_is_not_changed_by_an_update(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    await client.update(number, title="Changed", status="closed")
    incident = await client.incident(number)
    assert (incident["title"], incident["status"]) == ("Changed", "new")


async def test_unknown_incident_is_not_found(api: Api) -> None:
    client = await api.client()
    assert (await refusal(client.update("INC-2026-404", title="Lost"))).what == NOT_FOUND
