"""Whatever arrives: it is refused with a reason or taken as it is, and never our mistake."""

import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.conftest import Api
from tests.contract.endpoints import NUMBER, PAGE, SCOPED, VERIFY, WRITES, Endpoint
from tests.contract.expect import INVALID, names, opened, refused
from tests.quiet import Quiet

TOO_LARGE = (413, "PAYLOAD_TOO_LARGE")
MEBIBYTE = 1 << 20
#: The writes that need a body.
BODIED = [one for one in (*WRITES, PAGE) if one.body]
#: Those that look at none.
BODILESS = [one for one in WRITES if not one.body]

#: Bodies that are no JSON, or that some parsers take for it.
NO_JSON = {
    "empty": b"",
    "blank": b" \n",
    "a word": b"hello",
    "cut off": b'{"title": "Down", ',
    "two objects": b"{}{}",
    "single quotes": b"{'title': 'Down'}",
    "NaN": b'{"title": NaN}',
    "infinity": b'{"title": -Infinity}',
    "trailing comma": b'{"title": "Down",}',
    "broken UTF-8": b'{"title": "\xff\xfe"}',
    "surrogates as bytes": b'{"title": "\xed\xa0\x80"}',
    "raw NUL": b'{"title": "a\x00b"}',
    "deeper than a stack": b"[" * 200_000,
    "deep objects": b'{"title":' * 100_000,
    "UTF-16": '{"title": "Down"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"title": "Down"}'.encode("utf-16-le"),
    "UTF-32": '{"title": "Down"}'.encode("utf-32"),
    "form": b"title=Down&service_ids=svc_K7M4Q9TZ2H",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}
NO_OBJECT = [b"null", b"true", b"5", b'"title"', b"[]", b'[{"title": "Down"}]']


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON.keys())
async def test_body_that_is_no_json_is_refused(api: Api, body: bytes) -> None:
    reply = await api.request("POST", "/api/v1/incidents", await api.key(), body=body)
    assert names(refused(reply, INVALID), "body")


@pytest.mark.parametrize("body", NO_OBJECT, ids=lambda body: body.decode())
async def test_body_that_is_no_object_is_refused(api: Api, body: bytes) -> None:
    key = await api.key()
    await opened(await api.client())
    for endpoint in BODIED:
        reply = await api.request(endpoint.method, f"/api/v1{endpoint.path}", key, body=body)
        refused(reply, INVALID)


@pytest.mark.parametrize("endpoint", BODIED, ids=str)
async def test_malformed_json_is_refused_by_every_write(api: Api, endpoint: Endpoint) -> None:
    await opened(await api.client())
    reply = await api.request(endpoint.method, f"/api/v1{endpoint.path}", await api.key(), body=b'{"a": ')
    refused(reply, INVALID)


@pytest.mark.parametrize("body", [b"", b" \n", b"{}", b'{"x": 1}', b"null", b"[]", b'"x"'], ids=repr)
@pytest.mark.parametrize("endpoint", BODILESS, ids=str)
async def test_body_that_nothing_is_wanted_of_is_not_looked_at(
    api: Api, endpoint: Endpoint, body: bytes
) -> None:
    await opened(await api.client())
    reply = await api.request(endpoint.method, f"/api/v1{endpoint.path}", await api.key(), body=body)
    assert reply.status == 200, reply.text
    await api.settle()


@pytest.mark.parametrize("endpoint", BODILESS, ids=str)
async def test_body_that_cannot_be_read_is_refused_also_where_nothing_is_wanted_of_it(
    api: Api, endpoint: Endpoint
) -> None:
    client, key, path = await api.client(), await api.key(), f"/api/v1{endpoint.path}"
    number = await opened(client)
    await api.settle()
    before = await client.incident(number)
    for body in (b"{", b"x=1", b"[" * 1_000, b"\xff\xfe"):
        assert names(refused(await api.request(endpoint.method, path, key, body=body), INVALID), "body")
    coded = {"Content-Encoding": "gzip"}
    refused(await api.request(endpoint.method, path, key, body=b"{}", headers=coded), INVALID)
    refused(await api.request(endpoint.method, path, key, body=b" " * (MEBIBYTE + 1)), TOO_LARGE)
    assert await client.incident(number) == before


@pytest.mark.parametrize("endpoint", BODIED, ids=str)
async def test_body_over_one_mebibyte_is_too_large(api: Api, endpoint: Endpoint) -> None:
    await opened(await api.client())
    padded = json.dumps(endpoint.body).encode().ljust(MEBIBYTE + 1)
    reply = await api.request(endpoint.method, f"/api/v1{endpoint.path}", await api.key(), body=padded)
    refused(reply, TOO_LARGE)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x-unknown", "gzip, identity"])
@pytest.mark.parametrize("endpoint", BODIED, ids=str)
async def test_coded_body_is_refused(api: Api, endpoint: Endpoint, coding: str) -> None:
    await opened(await api.client())
    key, body = await api.key(), json.dumps(endpoint.body).encode()
    headers = {"Content-Encoding": coding}
    reply = await api.request(endpoint.method, f"/api/v1{endpoint.path}", key, body=body, headers=headers)
    assert names(refused(reply, INVALID), "Content-Encoding")


async def test_body_is_never_inflated_whoever_sends_it_wherever(api: Api, quiet: Quiet) -> None:
    """One of them is not what its header says: whoever inflated it, even to throw it away, would fail."""
    bodies, key = (b"no gzip", gzip.compress(b" " * 64 * MEBIBYTE)), await api.key()
    for path in ("/api/v1/incidents", "/api/v1/auth/verify", "/api/v1/nothing", "/healthz", "/nothing"):
        for asked_with in (key, None, "rf_unknown"):
            for body in bodies:
                headers = {"Content-Encoding": "gzip"}
                reply = await api.request("POST", path, asked_with, body=body, headers=headers)
                assert 400 <= reply.status < 413, f"{path}: {reply.text}"
    quiet.check()


async def test_body_that_is_said_to_be_as_it_is_is_read(api: Api) -> None:
    body = {"title": "Down", "service_ids": [await (await api.client()).service_key("Queue")]}
    headers = {"Content-Encoding": "Identity"}
    reply = await api.request("POST", "/api/v1/incidents", await api.key(), json=body, headers=headers)
    assert reply.status == 201, reply.text


async def test_body_of_one_mebibyte_is_read(api: Api) -> None:
    client = await api.client()
    body = {"title": "Down", "service_ids": [await client.service_key("Database")]}
    padded = json.dumps(body).encode().ljust(MEBIBYTE)
    reply = await api.request("POST", "/api/v1/incidents", await api.key(), body=padded)
    assert reply.status == 201, reply.text


#: What may stand in a body beside what the endpoint's own request has, by the end of its path.
OPTIONAL = {
    "incidents": {"description", "severity"},
    "INC-2026-001": {"description", "severity", "assigned_to"},
    "status": {"comment"},
    "page": {"message"},
    "postmortems": {
        *("impact", "timeline", "action_items", "response_timeline", "contributing_factors", "five_whys"),
        *("detection_path", "monitoring_gaps", "executive_summary", "prevented_recurrence"),
    },
}

#: Shapes for any field of any body.
SHAPES: dict[str, Any] = {
    "null": None,
    "false": False,
    "zero": 0,
    "more than 64 bits": 2**70,
    "negative": -(2**63) - 1,
    "float": 1e308,
    "empty text": "",
    "NUL": "a\x00b",
    "only NUL": "\x00",
    "lone surrogate": "\ud83d",
    "surrogates the wrong way round": "\udd25\ud83d",
    "controls": "\x01\x02\x1b[31m\x7f\x85",
    "right to left": "\u202eevil\u2066",
    "no character": "\ufffe\uffff",
    "many marks": "e" + "\u0301" * 150,
    "10,000 characters": "a" * 10_000,
    "80,000 characters of four bytes": "🔥" * 80_000,
    "SQL": "'; DROP TABLE incidents; --",
    "format": "%s %d {0} {self} ${jndi:ldap://x} {{7*7}}",
    "empty list": [],
    "list of lists": [[[]]],
    "list of everything": [None, 0, "", {}, [], "\x00", "\ud800"],
    "long list": ["a"] * 5_000,
    "empty object": {},
    "object": {"\x00": {"\ud800": None}},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
async def test_no_shape_of_any_field_is_our_mistake(api: Api, shape: Any) -> None:
    """In JSON the shape is escaped, so that each of them is a document that can be read."""
    client = await api.client(person="ada")
    await opened(client)
    await api.settle()
    key, service = await api.key(name="hostile"), await client.service_key("Queue")
    for endpoint in BODIED:
        whole = endpoint.body | ({"service_ids": [service]} if "service_ids" in endpoint.body else {})
        for field in whole.keys() | OPTIONAL.get(endpoint.path.rsplit("/", 1)[-1], set()):
            body = json.dumps(whole | {field: shape}).encode()
            reply = await api.request(endpoint.method, f"/api/v1{endpoint.path}", key, body=body)
            assert reply.status < 429, f"{endpoint} {field}: {reply.text}"
    assert (await client.incident("INC-2026-001"))["incident_number"] == "INC-2026-001"
    assert await client.incidents()
    await api.settle()


@pytest.mark.parametrize("name", ["\x00", "\ud800", "__class__", "__proto__", "title\x00", "a" * 10_000, ""])
async def test_no_name_of_an_unknown_field_is_our_mistake(api: Api, name: str) -> None:
    client = await api.client()
    body = {"title": "Down", "service_ids": [await client.service_key("Queue")], name: name}
    reply = await api.request("POST", "/api/v1/incidents", await api.key(), body=json.dumps(body).encode())
    assert reply.status in (201, 400), reply.text


async def test_numbers_of_endless_digits_are_not_our_mistake(api: Api) -> None:
    key = await api.key()
    for number in (b"9" * 5_000, b"-" + b"9" * 5_000, b"1e999999", b"1." + b"0" * 5_000):
        body = b'{"title": "Down", "service_ids": ["svc_ZZZZZZZZZZ"], "severity": ' + number + b"}"
        refused(await api.request("POST", "/api/v1/incidents", key, body=body), INVALID)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")], ids=["arrays", "objects"])
async def test_how_deep_a_body_may_go_depends_on_no_stack(api: Api, opening: bytes, closing: bytes) -> None:
    """With an idempotency key it is written out again from deeper in the stack than it was read."""
    service = await (await api.client()).service_key("Queue")
    keys = [await api.key(), await api.key()]
    for depth in (1, 99, 100, 101, 900, *range(930, 1000), 100_000):
        # The whole lies one deeper than what is in it.
        nested = opening * (depth - 1) + b"1" + closing * (depth - 1)
        body = b'{"title": "Deep", "service_ids": ["%s"], "x": %s}' % (service.encode(), nested)
        for key, headers in zip(keys, ({}, {"Idempotency-Key": f"{depth}"}), strict=True):
            reply = await api.request("POST", "/api/v1/incidents", key, body=body, headers=headers)
            if depth <= 100:
                assert reply.status == 201, reply.text
            else:
                assert names(refused(reply, INVALID), "body")


async def test_arrays_and_objects_without_number_are_refused(api: Api) -> None:
    key, service = await api.key(), await (await api.client()).service_key("Queue")
    for one in (b"[]", b"{}"):
        many = b",".join([one] * 300_000)
        body = b'{"title": "Many", "service_ids": ["%s"], "x": [%s]}' % (service.encode(), many)
        assert len(body) < MEBIBYTE
        assert names(refused(await api.request("POST", "/api/v1/incidents", key, body=body), INVALID), "body")


async def test_bracket_in_a_text_is_no_depth(api: Api) -> None:
    service = await (await api.client()).service_key("Queue")
    body = {"title": "[{" * 100, "service_ids": [service]}
    assert (await api.request("POST", "/api/v1/incidents", await api.key(), json=body)).status == 201


#: Lists as long as a body can be, of what costs most when each entry is looked at.
LONG: dict[str, tuple[str, dict[str, Any], list[Any]]] = {
    "service_ids": ("/incidents", {"title": "Down"}, [""] * 250_000),
    "channels": (f"/incidents/{NUMBER}/page", {"email": "farid@example.com"}, [1] * 250_000),
    "timeline": ("/postmortems", {"incident_number": NUMBER}, [{}] * 15_000),
    "action_items": ("/postmortems", {"incident_number": NUMBER}, [{}] * 15_000),
    "impact.services_affected": ("/postmortems", {"incident_number": NUMBER}, [1] * 250_000),
}


@pytest.mark.parametrize("field", LONG)
async def test_of_a_list_that_is_too_long_no_entry_is_looked_at(api: Api, field: str) -> None:
    path, rest, entries = LONG[field]
    outer, _, inner = field.partition(".")
    body = rest | {outer: {inner: entries} if inner else entries}
    text = json.dumps(body, separators=(",", ":")).encode()
    assert len(text) <= MEBIBYTE
    reply = await api.request("POST", f"/api/v1{path}", await api.key(), body=text)
    details = refused(reply, INVALID)
    assert f"{len(entries)}" in details[field]
    assert not [one for one in details if one.startswith(f"{field}.")]


async def test_refusal_names_a_dozen_fields_and_tells_how_many_more_there_are(api: Api) -> None:
    body = {"incident_number": NUMBER, "timeline": [{}] * 200, "action_items": [{}] * 200}
    details = refused(await api.request("POST", "/api/v1/postmortems", await api.key(), json=body), INVALID)
    assert len(details) == 13
    assert details["more"] == "588 more fields are wrong"


async def test_fields_given_twice_are_not_our_mistake(api: Api) -> None:
    body = b'{"title": "One", "title": 2, "service_ids": []}'
    refused(await api.request("POST", "/api/v1/incidents", await api.key(), body=body), INVALID)


#: What a query can carry, already quoted.
QUERIES = {
    "empty": "",
    "NUL": "%00",
    "broken UTF-8": "%FF%FE",
    "lone surrogate": "%ED%A0%80",
    "broken quoting": "%zz%",
    "more than 64 bits": "99999999999999999999999",
    "endless digits": "9" * 3_000,
    "other digits": quote("٣"),
    "float": "1e3",
    "wildcards": quote("%_\\"),
    "SQL": quote("' OR 1=1; --"),
    "fire": quote("🔥" * 200),
    "far future": "9999-12-31T23:59:59Z",
    "beyond the calendar": "10000-01-01T00:00:00Z",
    "before the calendar": "0000-00-00T00:00:00Z",
    "out of UTC at the end": quote("9999-12-31T23:59:59-23:59"),
    "out of UTC at the start": quote("0001-01-01T00:00:00+23:59"),
    "leap second": "2026-06-30T23:59:60Z",
    "two of them": "1&limit=2",
}
FILTERED = {
    "/incidents": (
        "limit offset status severity assigned_to resolved_by team_name "
        "created_after created_before resolved_after resolved_before"
    ),
    "/services": "limit offset search",
    "/teams": "limit offset search",
    "/users": "limit offset search is_active",
    "/on-call/current": "team_name",
    "/escalation-policies": "severity",
    "/postmortems": "incident_number",
}


@pytest.mark.parametrize("value", QUERIES.values(), ids=QUERIES.keys())
async def test_no_query_is_our_mistake(api: Api, value: str) -> None:
    await opened(await api.client())
    key = await api.key()
    for path, fields in FILTERED.items():
        for field in fields.split():
            reply = await api.request("GET", f"/api/v1{path}?{field}={value}", key)
            assert reply.status in (200, 400, 404), f"{path} {field}: {reply.text}"


@pytest.mark.parametrize(
    "part",
    [
        "%00",
        "%FF",
        "%ED%A0%80",
        "..%2F..%2Fetc%2Fpasswd",
        "INC-2026-001%00",
        f"INC-2026-{'9' * 1_000}",
        f"svc_{'A' * 3_000}",
        "%F0%9F%94%A5",
        "%25s",
    ],
    ids=lambda part: part[:30],
)
async def test_no_path_is_our_mistake(api: Api, part: str) -> None:
    key = await api.key()
    await opened(await api.client())
    for endpoint in SCOPED:
        path = endpoint.path.replace("INC-2026-001", part).replace("svc_ZZZZZZZZZZ", part)
        if part in path:
            body = None if endpoint.method == "GET" else endpoint.body
            reply = await api.request(endpoint.method, f"/api/v1{path}", key, json=body)
            assert reply.status in (400, 404), f"{endpoint}: {reply.text}"


@pytest.mark.parametrize(
    "number",
    ["INC-2026-001%0A", "INC-2026-001%20", "%20INC-2026-001", "INC-2026-001%C2%A0", quote("INC-2026-٠٠١")],
)
async def test_number_that_the_document_forbids_is_refused(api: Api, number: str) -> None:
    await opened(await api.client())
    key = await api.key()
    refused(await api.request("GET", f"/api/v1/incidents/{number}", key), INVALID)
    refused(await api.request("GET", f"/api/v1/postmortems?incident_number={number}", key), INVALID)
    postmortem = number.replace("INC", "PM")
    refused(await api.request("GET", f"/api/v1/postmortems/{postmortem}/export", key), INVALID)


async def test_number_of_the_year_nought_is_told_as_it_was_written(api: Api) -> None:
    reply = await api.request("GET", "/api/v1/incidents/INC-0000-1", await api.key())
    refused(reply, (404, "NOT_FOUND"))
    assert "INC-0000-001" in reply.json["error"]["message"]


@pytest.mark.parametrize(
    "value", ["", " ", "k" * 8_000, "ключ", "a\tb", "'; DROP TABLE"], ids=lambda v: v[:9]
)
async def test_no_idempotency_key_is_our_mistake(api: Api, value: str) -> None:
    client = await api.client()
    body = {"title": "Down", "service_ids": [await client.service_key("Queue")]}
    headers = {"Idempotency-Key": value}
    reply = await api.request("POST", "/api/v1/incidents", await api.key(), json=body, headers=headers)
    assert reply.status in (201, 400), reply.text


async def test_refusals_leak_nothing_from_inside(api: Api) -> None:
    key = await api.key()
    for path in (
        "/incidents/%00",
        "/incidents?offset=99999999999999999999",
        "/services/'%22--",
        "/users?limit=%FF",
    ):
        text = (await api.request("GET", f"/api/v1{path}", key)).text.lower()
        for leak in ("traceback", 'file "', "sqlite", "sqlalchemy", "select ", "psycopg", ".py"):
            assert leak not in text


async def test_a_hostile_client_does_not_stop_the_others(api: Api) -> None:
    key = await api.key(name="hostile")
    for body in (*NO_JSON.values(), *NO_OBJECT):
        await api.request("POST", "/api/v1/incidents", key, body=body)
    assert (await VERIFY.ask(api, await api.key(name="calm"))).status == 200
    assert await opened(await api.client()) == "INC-2026-001"
