"""POST /incidents/:id/acknowledge: once, and the clock of the escalation stops."""

from asyncio import gather

import pytest

from tests.contract.client import ApiError
from tests.contract.conftest import Api
from tests.contract.expect import NOT_FOUND, opened, refusal, utc


async def test_answer_has_exactly_the_promised_fields(api: Api) -> None:
    client = await api.client(person="ada")
    number = await opened(client)
    answer = await client.acknowledge(number)
    assert answer.keys() == {"incident_number", "acknowledged", "acknowledged_at"}
    assert (answer["incident_number"], answer["acknowledged"]) == (number, True)
    assert utc(answer["acknowledged_at"])


async def test_acknowledging_assigns_the_user_and_starts_the_investigation(api: Api) -> None:
    client = await api.client(person="ada")
    number = await opened(client)
    await api.settle()
    answer = await client.acknowledge(number)
    incident = await client.incident(number)
    assert incident["assigned_to"] == {"name": "Ada Okafor", "email": "ada@example.com"}
    assert incident["status"] == "investigating"
    assert incident["acknowledged_at"] == answer["acknowledged_at"]


async def test_service_account_leaves_the_assignee(api: Api) -> None:
    client = await api.client(person=None)
    number = await opened(client)
    await api.settle()
    await client.acknowledge(number)
    incident = await client.incident(number)
    assert incident["assigned_to"] == {"name": "Chloé Martin", "email": "chloe@example.com"}
    assert incident["acknowledged_at"] is not None


async def test_status_beyond_new_is_kept(api: Api) -> None:
    client = await api.client(person="ada")
    number = await opened(client)
    await client.change_status(number, status="fixing")
    await client.acknowledge(number)
    assert (await client.incident(number))["status"] == "fixing"


async def test_second_acknowledgement_is_refused_and_keeps_the_first(api: Api) -> None:
    ada, ben = await api.client(person="ada"), await api.client(person="ben")
    number = await opened(ada)
    first = await ada.acknowledge(number)
    await api.forward(minutes=2)
    assert (await refusal(ben.acknowledge(number))).what == (409, "ALREADY_ACKNOWLEDGED")
    incident = await ada.incident(number)
    assert incident["acknowledged_at"] == first["acknowledged_at"]
    assert incident["assigned_to"]["email"] == "ada@example.com"


async def test_of_two_at_once_one_is_refused(api: Api) -> None:
    ada, ben = await api.client(person="ada"), await api.client(person="ben")
    number = await opened(ada)
    answers = await gather(ada.acknowledge(number), ben.acknowledge(number), return_exceptions=True)
    (refused,) = [answer for answer in answers if isinstance(answer, BaseException)]
    assert isinstance(refused, ApiError)
    assert refused.what == (409, "ALREADY_ACKNOWLEDGED")


@pytest.mark.parametrize(("minutes", "is_breached"), [(14, False), (16, True)])
async def test_whether_the_deadline_was_met_is_recorded(api: Api, minutes: int, is_breached: bool) -> None:
    client = await api.client(person="ada")
    number = await opened(client, severity="SEV1")
    await api.forward(minutes=minutes)
    await client.acknowledge(number)
    await api.forward(hours=1)
    assert (await client.incident(number))["sla"]["acknowledge_breached"] is is_breached


async def test_acknowledged_incident_climbs_no_further(api: Api) -> None:
    client = await api.client(person="ada")
    number = await opened(client, severity="SEV1")
    await api.settle()
    await client.acknowledge(number)
    await api.forward(hours=2)
    escalation = (await client.incident(number))["escalation"]
    assert (escalation["current_level"], escalation["next_escalation_at"]) == (1, None)
    assert api.story.person("dev").pages == []


async def test_unknown_incident_is_not_found(api: Api) -> None:
    client = await api.client()
    assert (await refusal(client.acknowledge("INC-2026-404"))).what == NOT_FOUND
