"""POST /incidents with an Idempotency-Key: however often it is sent, it is one incident."""

import json
from asyncio import gather
from typing import Any

import pytest

from tests.contract.client import ApiError, Client, Json
from tests.contract.conftest import Api
from tests.contract.expect import INVALID, refusal, refused


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
