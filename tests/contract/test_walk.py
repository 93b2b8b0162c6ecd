"""A scripted Runframe V1 client walks one incident through its whole life."""

import re
from collections.abc import Iterator

from tests.contract.client import Client, Json
from tests.contract.conftest import Api
from tests.contract.expect import refusal, said, utc


async def test_client_walks_an_incident_through_its_whole_life(api: Api) -> None:
    client = await api.client(name="ada's script", person="ada")
    number = await _declares_it_once(client)
    await api.settle()
    await _finds_it(client, number)
    await _corrects_it(client, number)
    await _calls_for_help(api, client, number)
    await _works_on_it(api, client, number)
    await _ends_it(api, client, number)
    _check_the_story(await client.incident(number))


async def _declares_it_once(client: Client) -> str:
    assert (await client.verify())["valid"] is True
    wanted = {
        "title": "Database connection pool exhaustion",
        "description": "API returning 500s due to connection limit",
        "severity": "SEV1",
        "service_ids": [await client.service_key("Database")],
    }
    made = await client.create(idempotency_key="alert-4711", **wanted)
    assert await client.create(idempotency_key="alert-4711", **wanted) == made
    assert made["incident_number"] == "INC-2026-001"
    assert (made["status"], made["severity"]) == ("new", "SEV1")
    return str(made["incident_number"])


async def _finds_it(client: Client, number: str) -> None:
    incident = await client.incident(number)
    assert incident["assigned_to"] == {"name": "Chloé Martin", "email": "chloe@example.com"}
    assert incident["team"] == {"name": "Platform"}
    at = incident["created_at"]
    for fits in (
        {"status": "new"},
        {"severity": "SEV1"},
        {"assigned_to": "chloe@example.com"},
        {"team_name": "platform"},
        {"created_after": at, "created_before": at},
    ):
        assert [one["incident_number"] for one in await client.incidents(**fits)] == [number], fits
    assert await client.incidents(status="closed") == []


async def _corrects_it(client: Client, number: str) -> None:
    await client.update(number, title="Pool of the orders database is exhausted")
    incident = await client.incident(number)
    assert incident["title"] == "Pool of the orders database is exhausted"
    assert incident["severity"] == "SEV1"
    assert incident["description"] == "API returning 500s due to connection limit"


async def _calls_for_help(api: Api, client: Client, number: str) -> None:
    paged = await client.page(number, email="farid@example.com", channels=["slack"], message="Need you")
    assert paged["deliveries"] == [{"channel": "slack", "sent": True}]
    assert len(api.story.person("farid").pages) == 1
    await api.settle()
    assert await _escalates_to_the_end(api, client, number) == [2, 3]
    assert (await refusal(client.escalate(number))).what == (409, "NO_FURTHER_LEVEL")


async def _escalates_to_the_end(api: Api, client: Client, number: str) -> list[int]:
    """The level each escalation reached; the last one of SEV1 is switched off."""
    levels: list[int] = []
    upcoming: int | None = (await client.incident(number))["escalation"]["next_level"]
    while upcoming is not None:
        answer = await client.escalate(number)
        assert answer["current_level"] == upcoming
        levels.append(answer["current_level"])
        upcoming = answer["next_level"]
        await api.settle()
    return levels


async def _works_on_it(api: Api, client: Client, number: str) -> None:
    answer = await client.acknowledge(number)
    assert answer["acknowledged"] is True
    assert (await refusal(client.acknowledge(number))).what == (409, "ALREADY_ACKNOWLEDGED")
    incident = await client.incident(number)
    assert incident["status"] == "investigating"
    assert incident["assigned_to"] == {"name": "Ada Okafor", "email": "ada@example.com"}
    await api.forward(minutes=1)
    await client.add_event(number, comment="Root cause: a leak in the auth service")
    await client.change_status(number, status="fixing")
    await client.change_status(number, status="monitoring", comment="Pool is twice as large")
    refused = await refusal(client.change_status(number, status="new", comment="again"))
    assert refused.what == (409, "INVALID_TRANSITION")


async def _ends_it(api: Api, client: Client, number: str) -> None:
    without_comment = await refusal(client.change_status(number, status="resolved"))
    assert without_comment.what == (400, "VALIDATION_ERROR")
    assert "comment" in without_comment.details
    await api.forward(minutes=9)
    await client.change_status(number, status="resolved", comment="Rolled back deploy abc123")
    found = await client.incidents(status="resolved", resolved_by="ada@example.com")
    assert [one["incident_number"] for one in found] == [number]
    await _writes_the_postmortem(client, number)
    await client.change_status(number, status="closed")
    assert (await client.incident(number))["status"] == "closed"
    await client.change_status(number, status="investigating", comment="It came back")
    assert (await client.incident(number))["status"] == "investigating"
    await api.settle()


async def _writes_the_postmortem(client: Client, number: str) -> None:
    made = await client.create_postmortem(
        incident_number=number,
        summary="The pool ran out of connections",
        root_cause="A leak in the auth service",
        resolution="Rolled back deploy abc123",
        impact={"users_affected": "about 300"},
        action_items=[{"text": "Alert at 80 %", "owner_email": "ben@example.com", "status": "pending"}],
    )
    assert re.fullmatch(r"PM-2026-\d{3,}", made["postmortem_number"])
    assert (await client.postmortem(number))["postmortem_number"] == made["postmortem_number"]


def _check_the_story(incident: Json) -> None:
    moments = [utc(event["created_at"]) for event in incident["timeline"]]
    assert moments == sorted(moments)
    assert incident["timeline"][0]["event_type"] == "CREATED"
    assert incident["timeline_meta"] == {"limit": 200, "has_more": False}
    lines: Iterator[str] = iter(said(incident))
    for words in ("leak in the auth", "twice as large", "deploy abc123", "came back"):
        assert any(words in line for line in lines), f"{words!r} is missing or out of order"
