"""Requests with an Idempotency-Key: however often one is sent, it is one incident, one page, one level."""

import json
from asyncio import gather
from typing import Any

import pytest
from multidict import CIMultiDict

from tests.contract.client import ApiError, Client, Json
from tests.contract.conftest import Api, Reply
from tests.contract.expect import INVALID, opened, refusal, refused


async def _body(client: Client, **fields: Any) -> Json:
    return {"title": "Down", "service_ids": [await client.service_key("Deploys")], **fields}


async def test_same_key_and_payload_replay_the_first_answer(api: Api) -> None:
    client = await api.client()
    body = await _body(client)
    first = await client.create(idempotency_key="alert-1", **body)
    second = await client.create(idempotency_key="alert-1", **body)
    assert json.dumps(second) == json.dumps(first)
    assert len(await client.incidents()) == 1


async def test_replay_tells_the_first_moment_not_the_present(api: Api) -> None:
    client = await api.client(person="ada")
    body = await _body(client)
    first = await client.create(idempotency_key="alert-1", **body)
    await client.update(first["incident_number"], title="Changed", severity="SEV0")
    await client.change_status(first["incident_number"], status="closed", comment="false alarm")
    await api.forward(hours=23)
    second = await client.create(idempotency_key="alert-1", **body)
    assert json.dumps(second) == json.dumps(first)


async def test_key_is_forgotten_after_a_day(api: Api) -> None:
    client = await api.client()
    body = await _body(client)
    first = await client.create(idempotency_key="alert-1", **body)
    await client.change_status(first["incident_number"], status="closed", comment="false alarm")
    await api.forward(hours=25)
    second = await client.create(idempotency_key="alert-1", **body)
    assert second["incident_number"] != first["incident_number"]


@pytest.mark.parametrize("change", [{"title": "Up"}, {"description": "More"}, {"severity": "SEV1"}], ids=repr)
async def test_same_key_with_another_payload_is_a_conflict(api: Api, change: Json) -> None:
    client = await api.client()
    body = await _body(client)
    await client.create(idempotency_key="alert-1", **body)
    conflict = await refusal(client.create(idempotency_key="alert-1", **body | change))
    assert conflict.what == (409, "IDEMPOTENCY_CONFLICT")
    assert len(await client.incidents()) == 1


async def test_keys_belong_to_their_api_key(api: Api) -> None:
    one, other = await api.client(name="one"), await api.client(name="other")
    body = await _body(one)
    first = await one.create(idempotency_key="alert-1", **body)
    second = await other.create(idempotency_key="alert-1", **body)
    assert second["incident_number"] != first["incident_number"]


async def test_other_key_or_none_makes_another_incident(api: Api) -> None:
    client = await api.client()
    body = await _body(client)
    keys = ["alert-1", "alert-2", None, None]
    made = [await client.create(idempotency_key=key, **body) for key in keys]
    assert len({one["incident_number"] for one in made}) == 4


async def test_the_same_at_once_makes_one_incident(api: Api) -> None:
    client = await api.client()
    body = await _body(client)
    answers = await gather(
        *(client.create(idempotency_key="alert-1", **body) for _ in range(8)), return_exceptions=True
    )
    (incident,) = await client.incidents()
    for answer in answers:
        if isinstance(answer, ApiError):
            assert answer.what == (409, "IDEMPOTENCY_IN_PROGRESS")
        else:
            assert isinstance(answer, dict)
            assert answer["incident_number"] == incident["incident_number"]
    assert any(isinstance(answer, dict) for answer in answers)


async def test_key_of_255_characters_is_taken_and_one_more_is_not(api: Api) -> None:
    client, key = await api.client(), await api.key()
    body = await _body(client)
    statuses = []
    for length in (255, 256):
        headers = {"Idempotency-Key": "k" * length}
        reply = await api.request("POST", "/api/v1/incidents", key, json=body, headers=headers)
        statuses.append(reply.status)
    refused(reply, INVALID)
    assert statuses == [201, 400]
    assert len(await client.incidents()) == 1


async def test_two_keys_in_one_request_are_refused(api: Api) -> None:
    key = await api.key()
    body = await _body(await api.client())
    pairs = CIMultiDict(
        [("Authorization", f"Bearer {key}"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    )
    async with api.session.post(f"{api.base_url}/api/v1/incidents", json=body, headers=pairs) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["details"] == {"Idempotency-Key": "must be given once"}


async def _ask(api: Api, key: str, number: str, what: str, body: Json | None) -> Reply:
    path = f"/api/v1/incidents/{number}/{what}"
    return await api.request("POST", path, key, json=body, headers={"Idempotency-Key": "once"})


@pytest.mark.parametrize(
    ("what", "body", "event"),
    [
        ("events", {"comment": "The pool is full"}, "Noted"),
        ("page", {"email": "emi@example.com", "channels": ["slack"]}, "Paged"),
        ("escalate", None, "Escalated"),
    ],
)
async def test_what_is_asked_of_an_incident_again_is_done_once(
    api: Api, what: str, body: Json | None, event: str
) -> None:
    client, key = await api.client(), await api.key()
    number, other = await opened(client), await opened(client)
    await api.settle()
    before = (await api.story.events(number)).count(event)
    first, second = [await _ask(api, key, number, what, body) for _ in range(2)]
    assert first.status in (200, 201)
    assert (second.status, second.json["data"]) == (first.status, first.json["data"])
    await api.settle()
    assert (await api.story.events(number)).count(event) == before + 1
    # It is the key of what was asked at this address; sent along elsewhere it is another.
    assert (await _ask(api, key, other, what, body)).status in (200, 201)
    assert (await api.story.events(number)).count(event) == before + 1


async def test_key_with_another_payload_at_the_same_address_is_refused(api: Api) -> None:
    client, key = await api.client(), await api.key()
    number = await opened(client)
    assert (await _ask(api, key, number, "events", {"comment": "The pool is full"})).status == 201
    another = await _ask(api, key, number, "events", {"comment": "It is empty"})
    refused(another, (409, "IDEMPOTENCY_CONFLICT"))


async def test_key_of_a_creation_may_come_along_with_what_follows(api: Api) -> None:
    client, key = await api.client(), await api.key()
    headers = {"Idempotency-Key": "once"}
    made = await api.request("POST", "/api/v1/incidents", key, json=await _body(client), headers=headers)
    number = made.json["data"]["incident_number"]
    assert (await _ask(api, key, number, "events", {"comment": "The pool is full"})).status == 201
    assert (await _ask(api, key, number, "escalate", None)).status == 200
    again = await api.request("POST", "/api/v1/incidents", key, json=await _body(client), headers=headers)
    assert again.json["data"] == made.json["data"]


async def test_page_that_failed_is_not_sent_again_under_its_key(api: Api) -> None:
    client, key = await api.client(), await api.key()
    number = await opened(client)
    await api.settle()
    api.story.tolerated.add("user_disabled")
    api.story.workspace.faults.add("conversations.open", error="user_disabled", times=1)
    body = {"email": "emi@example.com", "channels": ["slack"]}
    for _ in range(2):
        refused(await _ask(api, key, number, "page", body), (409, "NO_CONTACT_DETAILS"))
    assert api.story.person("emi").pages == []
