"""GET /incidents/:id: the whole of an incident, its deadlines, its escalation, its timeline."""

from datetime import timedelta

import pytest

from tests.contract.conftest import Api
from tests.contract.expect import INVALID, ITEM_FIELDS, NOT_FOUND, opened, refusal, said, utc

DETAIL_FIELDS = ITEM_FIELDS | {
    "services",
    "resolved_by",
    "closed_at",
    "sla",
    "escalation",
    "slack",
    "timeline",
    "timeline_meta",
}


async def test_incident_has_exactly_the_promised_fields(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    incident = await client.incident(number)
    assert incident.keys() == DETAIL_FIELDS
    assert incident["sla"].keys() == {
        "acknowledge_by",
        "close_by",
        "acknowledge_breached",
        "closure_breached",
    }
    assert incident["escalation"].keys() == {"current_level", "next_level", "next_escalation_at"}
    assert incident["slack"].keys() == {"channel_id", "channel_name", "permalink"}
    assert (incident["resolved_by"], incident["closed_at"]) == (None, None)


async def test_list_and_get_tell_the_same(api: Api) -> None:
    client = await api.client()
    number = await opened(client, description="500s")
    await api.settle()
    (item,) = await client.incidents()
    incident = await client.incident(number)
    assert {field: incident[field] for field in ITEM_FIELDS} == item


async def test_services_of_an_incident_have_key_and_name(api: Api) -> None:
    client = await api.client()
    key = await client.service_key("Database")
    (service,) = (await client.incident(await opened(client)))["services"]
    assert service["name"] == "Database"
    assert set(service.values()) == {"Database", key}


async def test_resolved_and_closed_moments_are_kept(api: Api) -> None:
    client = await api.client(person="ada")
    number = await opened(client)
    await api.forward(minutes=3)
    await client.change_status(number, status="resolved", comment="done")
    resolved = await client.incident(number)
    await api.forward(minutes=4)
    await client.change_status(number, status="closed")
    closed = await client.incident(number)
    assert resolved["resolved_by"] is not None
    assert resolved["closed_at"] is None
    assert utc(resolved["resolved_at"]) >= utc(resolved["created_at"]) + timedelta(minutes=3)
    assert utc(closed["closed_at"]) >= utc(closed["resolved_at"]) + timedelta(minutes=4)


@pytest.mark.parametrize(
    ("severity", "acknowledge", "close"),
    [
        ("SEV0", timedelta(minutes=5), timedelta(hours=1)),
        ("SEV1", timedelta(minutes=15), timedelta(hours=4)),
        ("SEV4", timedelta(hours=8), timedelta(hours=72)),
    ],
)
async def test_deadlines_follow_the_severity_from_the_creation(
    api: Api, severity: str, acknowledge: timedelta, close: timedelta
) -> None:
    client = await api.client()
    incident = await client.incident(await opened(client, severity=severity))
    created, sla = utc(incident["created_at"]), incident["sla"]
    assert utc(sla["acknowledge_by"]) == created + acknowledge
    assert utc(sla["close_by"]) == created + close
    assert (sla["acknowledge_breached"], sla["closure_breached"]) == (False, False)


async def test_first_level_is_reached_once_the_creation_has_settled(api: Api) -> None:
    client = await api.client()
    number = await opened(client, severity="SEV1")
    await api.settle()
    escalation = (await client.incident(number))["escalation"]
    assert (escalation["current_level"], escalation["next_level"]) == (1, 2)
    assert utc(escalation["next_escalation_at"]) > api.story.clock.now()


async def test_unanswered_incident_climbs_to_the_next_level(api: Api) -> None:
    client = await api.client()
    number = await opened(client, severity="SEV1")
    await api.settle()
    await api.forward(minutes=16)
    escalation = (await client.incident(number))["escalation"]
    assert (escalation["current_level"], escalation["next_level"]) == (2, 3)


async def test_slack_channel_of_an_incident_is_told(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    await api.settle()
    slack = (await client.incident(number))["slack"]
    assert slack["channel_id"] == await api.story.channel(number)
    assert slack["channel_name"]
    assert slack["permalink"].startswith("http")


async def test_timeline_entry_has_exactly_the_promised_fields(api: Api) -> None:
    client = await api.client(person="ada")
    number = await opened(client)
    await api.settle()
    timeline = (await client.incident(number))["timeline"]
    assert timeline
    for event in timeline:
        assert event.keys() == {"event_type", "title", "description", "user", "created_at"}
        assert utc(event["created_at"])
    assert (timeline[0]["event_type"], timeline[0]["user"]) == ("CREATED", "Ada Okafor")


async def test_service_account_acts_under_its_own_name(api: Api) -> None:
    client = await api.client(name="uptime robot", person=None)
    incident = await client.incident(await opened(client))
    assert incident["timeline"][0]["user"] == "uptime robot"


async def test_timeline_stands_oldest_first(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    for comment in ("alpha", "beta", "gamma"):
        await api.forward(seconds=30)
        await client.add_event(number, comment=comment)
    incident = await client.incident(number)
    moments = [utc(event["created_at"]) for event in incident["timeline"]]
    assert moments == sorted(moments)
    told = [word for line in said(incident) for word in ("alpha", "beta", "gamma") if word in line]
    assert told == ["alpha", "beta", "gamma"]
    assert incident["timeline_meta"] == {"limit": 200, "has_more": False}


async def test_timeline_keeps_the_newest_200_events(api: Api) -> None:
    """Three keys, for one may not write so often in a minute; Slack may well slow it down."""
    api.story.tolerated.add("ratelimited")
    clients = [await api.client(name=f"chatty {n}") for n in range(3)]
    number = await opened(clients[0])
    await api.settle()
    for n in range(1, 211):
        await clients[n % 3].add_event(number, comment=f"note {n:03}")
    incident = await clients[0].incident(number)
    assert len(incident["timeline"]) == 200
    assert incident["timeline_meta"] == {"limit": 200, "has_more": True}
    expected = [f"note {n:03}" for n in range(11, 211)]
    assert all(note in line for note, line in zip(expected, said(incident), strict=True))


async def test_incident_that_does_not_exist_is_not_found(api: Api) -> None:
    client = await api.client()
    await opened(client)
    assert (await refusal(client.incident("INC-2026-002"))).what == NOT_FOUND
    assert (await refusal(client.incident("INC-2025-001"))).what == NOT_FOUND


@pytest.mark.parametrize(
    "number", ["1", "banana", "INC-2026-", "INC-2026-001'", "INC-99999999999999999999-1", "%F0%9F%94%A5"]
)
async def test_path_that_is_no_incident_number_is_refused(api: Api, number: str) -> None:
    """The contract leaves open whether such a path does not fit or is not found."""
    client = await api.client()
    await opened(client)
    assert (await refusal(client.incident(number))).what in (INVALID, NOT_FOUND)
