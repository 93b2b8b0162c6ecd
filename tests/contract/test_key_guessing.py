"""Who guesses keys is slowed to a minute's worth of them; who has a key is not stopped by who guesses."""

import pytest

from tests.contract.conftest import Api

PATH = "/api/v1/services"
PER_MINUTE = 600


async def guess(api: Api, n: int) -> int:
    reply = await api.request("GET", PATH, f"rf_{n:043}")
    return reply.status


async def test_guesses_are_limited_by_address_until_a_minute_is_over(api: Api) -> None:
    good = await api.key()
    assert {await guess(api, n) for n in range(PER_MINUTE)} == {401}
    limited = await api.request("GET", PATH, f"rf_{PER_MINUTE:043}")
    assert limited.status == 429
    assert limited.json["error"]["code"] == "RATE_LIMITED"
    assert 0 < int(limited.headers["Retry-After"]) <= 60
    # The address is perhaps shared: a key that is known counts for itself.
    assert (await api.request("GET", PATH, good)).status == 200
    api.story.clock.forward(seconds=61)
    assert await guess(api, 0) == 401


async def test_who_guesses_where_nothing_is_hears_no_more_than_elsewhere(api: Api) -> None:
    for n in range(PER_MINUTE):
        assert (await api.request("GET", "/api/v1/nothing", f"rf_{n:043}")).status == 401
    assert await guess(api, PER_MINUTE) == 429


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
async def test_addresses_that_the_caller_names_are_not_believed(api: Api, header: str) -> None:
    for n in range(PER_MINUTE):
        await api.request("GET", PATH, f"rf_{n:043}", headers={header: f"for=10.0.{n // 250}.{n % 250}"})
    assert await guess(api, PER_MINUTE) == 429
