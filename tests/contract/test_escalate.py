"""POST /incidents/:id/escalate: the next enabled level is paged, until none is left."""

from tests.contract.conftest import Api
from tests.contract.expect import NOT_FOUND, opened, refusal

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


async def test_unknown_incident_is_not_found(api: Api) -> None:
    client = await api.client()
    assert (await refusal(client.escalate("INC-2026-404"))).what == NOT_FOUND
