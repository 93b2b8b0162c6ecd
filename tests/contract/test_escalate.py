"""POST /incidents/:id/escalate: the next enabled level is paged, until none is left."""

from asyncio import gather
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.contract.conftest import Api
from tests.contract.expect import INVALID, NOT_FOUND, names, opened, refusal, refused
from tests.scenarios.test_policies import told

ANSWER = {"incident_number", "escalated", "notified_emails", "current_level", "next_level"}


async def test_next_level_is_paged_and_named(api: Api) -> None:
    client = await api.client()
    number = await opened(client, severity="SEV1")
    await api.settle()
    answer = await client.escalate(number)
    assert answer.keys() == ANSWER
    assert (answer["incident_number"], answer["escalated"]) == (number, True)
    assert (answer["current_level"], answer["next_level"]) == (2, 3)
    escalation = (await client.incident(number))["escalation"]
    assert (escalation["current_level"], escalation["next_level"]) == (2, 3)


async def test_second_level_notifies_the_secondaries_of_the_schedule(api: Api) -> None:
    client = await api.client()
    number = await opened(client, severity="SEV1")
    await api.settle()
    services = (await client.on_call(team_name="Platform"))["services"]
    (database,) = [one for one in services if one["service_name"] == "Database"]
    secondaries = [one["email"] for one in database["on_call_engineers"] if one["role"] == "secondary"]
    answer = await client.escalate(number)
    assert answer["notified_emails"] == secondaries != []


async def test_level_that_is_switched_off_is_not_reached(api: Api) -> None:
    """SEV1 has a fourth level, the manager, which is not enabled."""
    client = await api.client()
    number = await opened(client, severity="SEV1")
    await api.settle()
    await client.escalate(number)
    last = await client.escalate(number)
    assert (last["current_level"], last["next_level"]) == (3, None)
    assert last["notified_emails"] == ["dev@example.com"]
    refused = await refusal(client.escalate(number))
    assert refused.what == (409, "NO_FURTHER_LEVEL")
    assert (await client.incident(number))["escalation"]["current_level"] == 3


async def test_every_level_of_the_policy_is_climbed(api: Api) -> None:
    client = await api.client()
    number = await opened(client, severity="SEV0")
    await api.settle()
    answers = [await client.escalate(number) for _ in range(3)]
    assert [one["current_level"] for one in answers] == [2, 3, 4]
    assert [one["next_level"] for one in answers] == [3, 4, None]
    assert answers[2]["notified_emails"] == ["gus@example.com"]
    await api.settle()
    assert len(api.story.person("gus").pages) == 1


async def test_next_level_is_the_one_that_escalating_again_reaches(api: Api) -> None:
    """Also of an incident that is acknowledged, whose level has no more time."""
    client = await api.client()
    number = await opened(client, severity="SEV0")
    await client.acknowledge(number)
    answer = await client.escalate(number)
    while answer["next_level"] is not None:
        named, answer = answer["next_level"], await client.escalate(number)
        assert answer["current_level"] == named
    assert answer["current_level"] == 4
    assert (await refusal(client.escalate(number))).what == (409, "NO_FURTHER_LEVEL")


async def test_last_level_names_no_next_one_although_the_policy_begins_again(tmp_path: Path) -> None:
    async with (
        told(tmp_path, escalation_policies={"SEV1": {"repeat": 1}}) as story,
        ClientSession() as session,
    ):
        client = await Api(story, session).client()
        number = await opened(client, severity="SEV1")
        await story.settle()
        answers = [await client.escalate(number) for _ in range(2)]
        assert [(one["current_level"], one["next_level"]) for one in answers] == [(2, 3), (3, None)]
        assert (await refusal(client.escalate(number))).what == (409, "NO_FURTHER_LEVEL")
        # By itself it does begin again.
        assert (await client.incident(number))["escalation"]["next_level"] == 1
        await story.settle()


async def test_level_that_has_nobody_is_not_named(tmp_path: Path) -> None:
    levels = [{"role": one, "timeout": "10 min"} for one in ("primary", "secondary", "manager", "team_lead")]
    changes = {
        "escalation_policies": {"SEV1": {"levels": levels}},
        "teams": {"platform": {"manager": None}},
    }
    async with told(tmp_path, **changes) as story, ClientSession() as session:
        client = await Api(story, session).client()
        number = await opened(client, severity="SEV1")
        await story.settle()
        answers = [await client.escalate(number) for _ in range(2)]
        assert [(one["current_level"], one["next_level"]) for one in answers] == [(2, 4), (4, None)]
        await story.settle()


async def test_of_several_who_saw_the_same_level_one_pages_one_level(api: Api) -> None:
    number, key = await opened(await api.client(), severity="SEV1"), await api.key()
    path = f"/api/v1/incidents/{number}/escalate"
    replies = await gather(*(api.request("POST", f"{path}?current_level=1", key) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409]
    for reply in replies:
        if reply.status == 409:
            refused(reply, (409, "CONFLICT"))
            assert "monitor escalated it to level 2" in reply.text
    assert (await api.request("POST", f"{path}?current_level=2", key)).status == 200
    assert (await api.story.overview(number)).incident.level == 3


async def test_level_that_was_never_reached_names_itself(api: Api) -> None:
    number, key = await opened(await api.client(), severity="SEV1"), await api.key()
    path = f"/api/v1/incidents/{number}"
    details = refused(await api.request("POST", f"{path}/escalate?current_level=2", key), INVALID)
    assert names(details, "current_level")
    assert (await api.story.overview(number)).incident.level == 1


async def test_level_of_before_it_was_reopened_pages_nobody(api: Api) -> None:
    client, key = await api.client(), await api.key()
    number = await opened(client, severity="SEV1")
    await client.escalate(number)
    await client.change_status(number, status="resolved", comment="It works again")
    await client.change_status(number, status="investigating", comment="It does not")
    path = f"/api/v1/incidents/{number}"
    refused(await api.request("POST", f"{path}/escalate?current_level=2", key), (409, "CONFLICT"))
    assert (await api.story.overview(number)).incident.level == 1


@pytest.mark.parametrize("level", ["-1", "x", "", "1.5", "1001"])
async def test_level_that_is_none_names_itself(api: Api, level: str) -> None:
    number = await opened(await api.client(), severity="SEV1")
    path = f"/api/v1/incidents/{number}/escalate?current_level={level}"
    details = refused(await api.request("POST", path, await api.key()), INVALID)
    assert names(details, "current_level")


async def test_whom_quiet_hours_let_sleep_is_not_called_notified(tmp_path: Path) -> None:
    quiet = {"time_zone": "UTC", "hours": [{"from": "00:00", "to": "07:00"}]}
    async with (
        told(tmp_path, people={"ada": {"quiet_hours": quiet}}) as story,
        ClientSession() as session,
    ):
        client = await Api(story, session).client()
        key = await client.service_key("Checkout")
        for severity, notified in (("SEV3", []), ("SEV2", ["ada@example.com"])):
            incident = await client.create(title="Down", service_ids=[key], severity=severity)
            answer = await client.escalate(incident["incident_number"])
            assert (answer["current_level"], answer["notified_emails"]) == (2, notified)
        await story.settle()
        assert len(story.person("ada").pages) == 1


async def test_unknown_incident_is_not_found(api: Api) -> None:
    client = await api.client()
    assert (await refusal(client.escalate("INC-2026-404"))).what == NOT_FOUND
