"""What every answer looks like, whatever was asked."""

import re
from datetime import datetime

import pytest

from tests.contract.conftest import Api, Reply
from tests.contract.endpoints import PAGE, READS, SCOPED, VERIFY, WRITES, Endpoint
from tests.contract.expect import INVALID, opened, refused, utc


def _check_meta(reply: Reply) -> None:
    assert reply.headers["Content-Type"].startswith("application/json")
    assert re.fullmatch(r"req_\S+", reply.json["meta"]["request_id"])
    assert utc(reply.json["meta"]["timestamp"])


@pytest.mark.parametrize("endpoint", [VERIFY, *READS, *WRITES, PAGE], ids=str)
async def test_every_answer_stands_in_the_envelope(api: Api, endpoint: Endpoint) -> None:
    await opened(await api.client())
    await api.settle()
    reply = await endpoint.ask(api, await api.key())
    _check_meta(reply)
    if reply.status < 400:
        assert reply.json.keys() == {"success", "data", "meta"}
        assert reply.json["success"] is True
        assert isinstance(reply.json["data"], dict)
    else:
        assert refused(reply, (reply.status, reply.json["error"]["code"])) is not None


async def test_refusals_stand_in_the_envelope_too(api: Api) -> None:
    key = await api.key(scopes=("users:read",))
    for method, path, asked_with, status in (
        ("GET", "/api/v1/users?limit=0", key, 400),
        ("GET", "/api/v1/users", None, 401),
        ("GET", "/api/v1/teams", key, 403),
        ("GET", "/api/v1/nothing/of/the/kind", key, 404),
        ("GET", "/api/v1/nothing/of/the/kind", None, 401),
        ("GET", "/api/v1/nothing/of/the/kind", "rf_unknown", 401),
        ("GET", "/api/v1", key, 404),
        ("GET", "/api/v1/", key, 404),
        ("DELETE", "/api/v1/users", key, 405),
    ):
        reply = await api.request(method, path, asked_with)
        assert reply.status == status, reply.text
        assert reply.json.keys() == {"error", "meta"}
        _check_meta(reply)


async def test_slash_at_the_end_of_a_path_is_forgiven(api: Api) -> None:
    number, key = await opened(await api.client()), await api.key()
    await api.settle()  # the incident has its channel, and stays as it is
    for path in ("/users", f"/incidents/{number}"):
        plain, slashed = [await api.request("GET", f"/api/v1{path}{end}", key) for end in ("", "/")]
        assert slashed.status == 200, slashed.text
        assert slashed.json["data"] == plain.json["data"]
    acknowledged = await api.request("POST", f"/api/v1/incidents/{number}/acknowledge/", key)
    assert acknowledged.status == 200, acknowledged.text
    assert (await api.request("DELETE", "/api/v1/incidents/", key)).status == 405


async def test_method_that_an_endpoint_lacks_is_refused_in_the_envelope(api: Api) -> None:
    key = await api.key()
    for method, path in (("DELETE", "/incidents"), ("PUT", "/incidents/INC-2026-001"), ("POST", "/users")):
        reply = await api.request(method, f"/api/v1{path}", key)
        assert reply.status in (404, 405), reply.text
        assert reply.json.keys() == {"error", "meta"}


async def test_each_request_has_an_id_of_its_own(api: Api) -> None:
    key = await api.key()
    replies = [await VERIFY.ask(api, key) for _ in range(5)]
    assert len({reply.json["meta"]["request_id"] for reply in replies}) == 5


async def test_text_travels_as_utf_8(api: Api) -> None:
    key = await api.key()
    reply = await api.request("GET", "/api/v1/users?search=hana", key)
    assert [user["name"] for user in reply.json["data"]["items"]] == ["Hana Kovač"]


@pytest.mark.parametrize("endpoint", [one for one in SCOPED if one.method == "GET"], ids=str)
async def test_every_timestamp_is_utc_and_ends_in_z(api: Api, endpoint: Endpoint) -> None:
    client = await api.client(person="ada")
    number = await opened(client)
    await client.change_status(number, status="resolved", comment="done")
    await api.settle()
    text = (await endpoint.ask(api, await api.key())).text
    stamps = re.findall(r'"(\d{4}-\d{2}-\d{2}T[^"]*)"', text)
    assert stamps
    for stamp in stamps:
        assert stamp.endswith("Z")
        assert datetime.fromisoformat(stamp).utcoffset() is not None


@pytest.mark.parametrize("path", ["/api/v1/incidents", "/healthz", "/api/v1/nothing"])
async def test_no_answer_names_versions(api: Api, path: str) -> None:
    reply = await api.request("GET", path, await api.key())
    assert reply.headers["Server"] == "Tocsin"


@pytest.mark.parametrize(
    "path", ["/users", "/users?limit=0", "/teams", "/nothing", "/postmortems/PM-2026-001/export"]
)
async def test_no_answer_is_kept_by_a_cache_or_taken_for_another_type(api: Api, path: str) -> None:
    client = await api.client()
    number = await opened(client)
    await client.change_status(number, status="closed", comment="Made up")
    content = {"summary": "It was nothing", "root_cause": "None", "resolution": "None"}
    await client.create_postmortem(incident_number=number, **content)
    await api.settle()
    for key in (await api.key(), None):
        reply = await api.request("GET", f"/api/v1{path}", key)
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


async def test_client_that_expects_what_nobody_can_do_is_refused_in_the_envelope(api: Api) -> None:
    """What aiohttp itself says to it is a text, and status 417."""
    key, expecting = await api.key(), {"Expect": "miracles"}
    for method, path in (("GET", "/users"), ("POST", "/incidents")):
        body: dict[str, str] | None = {} if method == "POST" else None
        reply = await api.request(method, f"/api/v1{path}", key, json=body, headers=expecting)
        assert refused(reply, INVALID)["Expect"]
    refused(await api.request("GET", "/api/v1/users", headers=expecting), (401, "UNAUTHORIZED"))
