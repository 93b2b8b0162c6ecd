"""So many a minute for each key, told on every answer."""

import pytest

from tests.contract.client import Json
from tests.contract.conftest import Api, Reply
from tests.contract.endpoints import PAGE, READS, VERIFY, WRITES, Endpoint
from tests.contract.expect import opened, refused

LIMITED = (429, "RATE_LIMITED")
TOO_MANY: Json = {"email": "farid@example.com", "channels": ["slack"]}


def _remaining(reply: Reply) -> int:
    return int(reply.headers["X-RateLimit-Remaining"])


@pytest.mark.parametrize(
    ("endpoint", "category", "limit"),
    [
        *((one, "read", 600) for one in (VERIFY, *READS)),
        *((one, "write", 120) for one in WRITES),
        (PAGE, "page", 30),
    ],
    ids=str,
)
async def test_every_answer_tells_category_remainder_and_reset(
    api: Api, endpoint: Endpoint, category: str, limit: int
) -> None:
    await opened(await api.client())
    await api.settle()
    reply = await endpoint.ask(api, await api.key(name="fresh"))
    assert reply.headers["X-RateLimit-Category"] == category
    assert _remaining(reply) == limit - 1
    now = api.story.clock.now().timestamp()
    assert now - 1 <= int(reply.headers["X-RateLimit-Reset"]) <= now + 61


async def test_remainder_goes_down_one_by_one(api: Api) -> None:
    key = await api.key()
    told = [_remaining(await VERIFY.ask(api, key)) for _ in range(5)]
    assert told == [599, 598, 597, 596, 595]


async def test_reads_and_writes_are_counted_apart(api: Api) -> None:
    number = await opened(await api.client())
    key = await api.key(name="fresh")
    path = f"/api/v1/incidents/{number}"
    assert _remaining(await api.request("PATCH", path, key, json={"title": "One"})) == 119
    assert _remaining(await api.request("GET", path, key)) == 599
    assert _remaining(await api.request("PATCH", path, key, json={"title": "Two"})) == 118


async def _is_limited(reply: Reply, category: str) -> int:
    """The seconds that a limited answer says to wait."""
    refused(reply, LIMITED)
    assert reply.headers["X-RateLimit-Category"] == category
    assert _remaining(reply) == 0
    seconds = int(reply.headers["Retry-After"])
    assert 1 <= seconds <= 60
    return seconds


async def test_read_601_is_limited_until_its_time_and_for_its_key_alone(api: Api) -> None:
    key, other = await api.key(name="hasty"), await api.key(name="calm")
    statuses = {(await VERIFY.ask(api, key)).status for _ in range(600)}
    assert statuses == {200}
    seconds = await _is_limited(await VERIFY.ask(api, key), "read")
    assert (await VERIFY.ask(api, other)).status == 200
    await api.forward(seconds=seconds)
    assert (await VERIFY.ask(api, key)).status == 200


async def test_write_121_is_limited_and_does_nothing(api: Api) -> None:
    """Slack has limits too, and such a burst may well meet them."""
    api.story.tolerated.add("ratelimited")
    client = await api.client(name="reader")
    number = await opened(client)
    key, path = await api.key(name="hasty"), f"/api/v1/incidents/{number}"
    for n in range(1, 121):
        reply = await api.request("PATCH", path, key, json={"title": f"Title {n}"})
        assert reply.status == 200, reply.text
    seconds = await _is_limited(await api.request("PATCH", path, key, json={"title": "Too much"}), "write")
    assert (await client.incident(number))["title"] == "Title 120"
    assert (await api.request("GET", path, key)).status == 200
    await api.forward(seconds=seconds)
    assert (await api.request("PATCH", path, key, json={"title": "In time"})).status == 200


async def test_page_31_is_limited(api: Api) -> None:
    """About an incident that does not exist, so that nobody is woken thirty times."""
    key = await api.key()
    path = "/api/v1/incidents/INC-2026-404/page"
    statuses = {(await api.request("POST", path, key, json=TOO_MANY)).status for _ in range(30)}
    assert statuses == {404}
    await _is_limited(await api.request("POST", path, key, json=TOO_MANY), "page")


async def test_refused_requests_tell_the_limit_too(api: Api) -> None:
    key = await api.key(scopes=("users:read",))
    for path in ("/users?limit=0", "/teams", "/incidents/INC-2026-404"):
        reply = await api.request("GET", f"/api/v1{path}", key)
        assert reply.status in (400, 403, 404)
        assert reply.headers["X-RateLimit-Category"] == "read"
        assert 0 < _remaining(reply) <= 600
        assert int(reply.headers["X-RateLimit-Reset"]) > 0


async def test_what_no_route_answers_is_counted_and_tells_the_limit_too(api: Api) -> None:
    key = await api.key()
    for n, (method, path, status, category, limit) in enumerate(
        [
            ("GET", "/nothing", 404, "read", 600),
            ("POST", "/nothing", 404, "write", 120),
            ("DELETE", "/incidents", 405, "write", 120),
            ("GET", "/incidents/INC-2026-001/status", 405, "read", 600),
        ]
    ):
        reply = await api.request(method, f"/api/v1{path}", key)
        assert reply.status == status, reply.text
        assert reply.headers["X-RateLimit-Category"] == category
        assert _remaining(reply) == limit - 1 - n // 2
        assert int(reply.headers["X-RateLimit-Reset"]) > 0
