"""Each endpoint asks for its own scope, and for no other."""

import pytest

from tests.contract.conftest import Api
from tests.contract.endpoints import SCOPED, SCOPES, Endpoint
from tests.contract.expect import opened, refused


@pytest.mark.parametrize("endpoint", SCOPED, ids=str)
async def test_key_without_the_scope_is_told_which_one_it_lacks(api: Api, endpoint: Endpoint) -> None:
    client = await api.client()
    number = await opened(client)
    await api.settle()
    before = await client.incident(number)
    others = tuple(scope for scope in SCOPES if scope != endpoint.scope)
    details = refused(await endpoint.ask(api, await api.key(scopes=others)), (403, "FORBIDDEN"))
    assert details["required_scope"] == endpoint.scope
    assert await client.incident(number) == before


@pytest.mark.parametrize("endpoint", SCOPED, ids=str)
async def test_the_one_scope_is_enough(api: Api, endpoint: Endpoint) -> None:
    """The endpoints' requests may still be refused for what they ask, never for who asks."""
    assert endpoint.scope is not None
    await opened(await api.client())
    await api.settle()
    reply = await endpoint.ask(api, await api.key(scopes=(endpoint.scope,)))
    assert reply.status in (200, 201, 400, 404, 409), reply.text


async def test_personal_keys_are_gated_by_scopes_too(api: Api) -> None:
    key = await api.key(person="ada", scopes=("incidents:read",))
    reply = await api.request("POST", "/api/v1/incidents", key, json={"title": "x", "service_ids": ["x"]})
    assert refused(reply, (403, "FORBIDDEN"))["required_scope"] == "incidents:write"


async def test_missing_scope_is_told_before_anything_is_looked_up(api: Api) -> None:
    """Else a key could learn from the difference which incidents exist."""
    key = await api.key(scopes=("users:read",))
    await opened(await api.client())
    answers = [
        refused(await api.request("GET", f"/api/v1/incidents/{number}", key), (403, "FORBIDDEN"))
        for number in ("INC-2026-001", "INC-2026-999")
    ]
    assert answers[0] == answers[1]
