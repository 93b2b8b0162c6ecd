"""Who may ask at all: keys, what they verify to, and what no key ever reaches."""

from datetime import timedelta

import pytest

from tests.contract.client import Client, GaveUp
from tests.contract.conftest import Api
from tests.contract.endpoints import SCOPED, SCOPES, VERIFY
from tests.contract.expect import opened, refused

UNAUTHORIZED = (401, "UNAUTHORIZED")


async def test_verify_tells_what_the_key_is(api: Api) -> None:
    key = await api.key(name="uptime robot", scopes=("incidents:read", "users:read"), person=None)
    told = await Client(api.base_url, key, api.session).verify()
    assert told.keys() == {"valid", "scopes", "organization_name", "key_name", "key_type"}
    assert told["valid"] is True
    assert sorted(told["scopes"]) == ["incidents:read", "users:read"]
    assert told["organization_name"] == "Northwind Outfitters"
    assert told["key_name"] == "uptime robot"


async def test_verify_tells_personal_keys_from_service_accounts(api: Api) -> None:
    personal = await (await api.client(person="ada")).verify()
    account = await (await api.client(person=None)).verify()
    assert personal["key_type"] == "personal"
    assert account["key_type"].startswith("service")


async def test_key_of_every_scope_verifies_to_all_of_them(api: Api) -> None:
    told = await (await api.client(scopes=None)).verify()
    assert set(told["scopes"]) == set(SCOPES)


@pytest.mark.parametrize("scope", SCOPES)
async def test_verify_needs_no_scope_in_particular(api: Api, scope: str) -> None:
    reply = await VERIFY.ask(api, await api.key(scopes=(scope,)))
    assert reply.status == 200
    assert reply.json["data"]["scopes"] == [scope]


async def test_keys_start_with_rf_and_differ(api: Api) -> None:
    keys = {await api.key(name=f"key {n}") for n in range(3)}
    assert len(keys) == 3
    assert all(key.startswith("rf_") and len(key) > 20 for key in keys)


async def test_nothing_is_told_without_a_key(api: Api) -> None:
    await opened(await api.client())
    for endpoint in (VERIFY, *SCOPED):
        refused(await endpoint.ask(api, None), UNAUTHORIZED)
    await api.settle()
    assert api.story.person("farid").pages == []


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer rf_",
        "Bearer rf_unknownunknownunknownunknown",
        "Bearer rf_a rf_b",
        "Basic cmY6c2VjcmV0",
        "rf_withoutascheme",
        pytest.param("Bearer rf_" + "a" * 5_000, id="5,000 characters"),
        pytest.param("Bearer rf_ключ🔥", id="beyond ASCII"),
        "Bearer rf_' OR '1'='1",
    ],
)
async def test_header_that_holds_no_valid_key_is_refused(api: Api, header: str) -> None:
    reply = await api.request("GET", "/api/v1/auth/verify", None, headers={"Authorization": header})
    refused(reply, UNAUTHORIZED)
    assert reply.headers["WWW-Authenticate"] == "Bearer"


async def test_part_or_excess_of_a_key_is_no_key(api: Api) -> None:
    key = await api.key()
    for wrong in (key[:-1], f"{key}a", key.removeprefix("rf_"), key.swapcase(), f"rf_{key}"):
        refused(await VERIFY.ask(api, wrong), UNAUTHORIZED)
    assert (await VERIFY.ask(api, key)).status == 200


async def test_revoked_key_is_refused_from_then_on(api: Api) -> None:
    key, other = await api.key(name="old"), await api.key(name="new")
    assert (await VERIFY.ask(api, key)).status == 200
    await api.revoke(key)
    reply = await VERIFY.ask(api, key)
    refused(reply, UNAUTHORIZED)
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert (await VERIFY.ask(api, other)).status == 200
    for path in ("/incidents?limit=x", "/incidents/x", "/nowhere"):  # whatever else is wrong with it
        refused(await api.request("GET", f"/api/v1{path}", key), UNAUTHORIZED)


async def test_expired_key_is_refused_from_then_on(api: Api) -> None:
    key = await api.key(expires_in=timedelta(hours=1))
    await api.forward(minutes=59)
    assert (await VERIFY.ask(api, key)).status == 200
    await api.forward(minutes=2)
    refused(await VERIFY.ask(api, key), UNAUTHORIZED)


async def test_key_that_expires_a_moment_after_it_was_seen_is_refused(api: Api) -> None:
    key = await api.key(expires_in=timedelta(seconds=2))
    assert (await VERIFY.ask(api, key)).status == 200
    await api.forward(seconds=2)
    refused(await api.request("GET", "/api/v1/incidents?limit=x", key), UNAUTHORIZED)


async def test_client_gives_up_on_a_key_that_does_not_verify(api: Api) -> None:
    client = Client(api.base_url, "rf_unknownunknownunknownunknown", api.session)
    with pytest.raises(GaveUp):
        await client.verify()


async def test_refusals_do_not_repeat_the_key(api: Api) -> None:
    secret = "rf_thisisnotakeybutasecret0123456789"
    reply = await VERIFY.ask(api, secret)
    refused(reply, UNAUTHORIZED)
    assert "thisisnotakey" not in reply.text
