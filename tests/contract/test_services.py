"""GET /services and GET /services/:service_key: how integrations find what to name."""

import re

import pytest

from tests.contract.conftest import Api
from tests.contract.expect import INVALID, NOT_FOUND, names, refusal

FIELDS = {"name", "service_key", "description", "is_active", "default_severity"}
KEY = re.compile(r"^svc_[A-HJ-NP-TV-Z][A-HJ-NP-TV-Z2-9]{9}$")
NAMES = ["Checkout", "Database", "Deploys", "Invoices", "Queue", "Search", "Storefront"]


async def test_every_service_is_listed_with_exactly_the_promised_fields(api: Api) -> None:
    services = await (await api.client()).services()
    assert sorted(one["name"] for one in services) == NAMES
    assert all(one.keys() == FIELDS for one in services)
    assert all(one["is_active"] is True for one in services)
    by_name = {one["name"]: one for one in services}
    assert by_name["Database"]["description"] == "PostgreSQL and its pools"
    assert by_name["Database"]["default_severity"] == "SEV1"
    assert by_name["Storefront"]["default_severity"] is None


async def test_service_keys_keep_to_their_form_and_differ(api: Api) -> None:
    keys = [one["service_key"] for one in await (await api.client()).services()]
    assert [key for key in keys if not KEY.match(key)] == []
    assert len(set(keys)) == len(NAMES)


async def test_service_keys_do_not_change(api: Api) -> None:
    client = await api.client()
    before = {one["name"]: one["service_key"] for one in await client.services()}
    await api.forward(hours=30)
    after = {one["name"]: one["service_key"] for one in await client.services()}
    assert after == before


async def test_one_service_is_got_by_its_key_as_it_is_listed(api: Api) -> None:
    client = await api.client()
    for listed in await client.services():
        assert await client.service(listed["service_key"]) == listed


async def test_key_is_taken_in_lower_case(api: Api) -> None:
    client = await api.client()
    key = await client.service_key("Checkout")
    assert (await client.service(f"svc_{key[4:].lower()}"))["service_key"] == key


@pytest.mark.parametrize("search", ["database", "DATA", "tabas"])
async def test_search_finds_part_of_a_name_in_any_case(api: Api, search: str) -> None:
    found = [one["name"] for one in await (await api.client()).services(search=search)]
    assert "Database" in found
    assert "Storefront" not in found


@pytest.mark.parametrize("search", ["nothing of the kind", "%", "Data%ase", "' OR '1'='1", "\\"])
async def test_search_means_its_characters_and_nothing_else(api: Api, search: str) -> None:
    page = await (await api.client()).page_of_services(search=search)
    assert page == {"items": [], "total": 0, "has_more": False, "next_offset": None}


async def test_pages_have_true_limit_and_offset(api: Api) -> None:
    client = await api.client()
    every = await client.services()
    first = await client.page_of_services(limit=3)
    assert (first["items"], first["total"], first["has_more"], first["next_offset"]) == (
        every[:3],
        7,
        True,
        3,
    )
    middle = await client.page_of_services(limit=3, offset=2)
    assert (middle["items"], middle["next_offset"]) == (every[2:5], 5)
    last = await client.page_of_services(limit=3, offset=4)
    assert (last["items"], last["has_more"], last["next_offset"]) == (every[4:], False, None)
    assert (await client.page_of_services(offset=7))["items"] == []


async def test_pages_of_one_lead_through_the_whole_list(api: Api) -> None:
    client = await api.client()
    assert await client.services(limit=1) == await client.services()


async def test_unknown_service_is_not_found(api: Api) -> None:
    client = await api.client()
    assert (await refusal(client.service("svc_ZZZZZZZZZZ"))).what == NOT_FOUND


@pytest.mark.parametrize("key", ["database", "svc_", "svc_IIIIIIIIII", "svc_K7M4Q9TZ2H9", "%00"])
async def test_path_that_is_no_service_key_is_refused(api: Api, key: str) -> None:
    """The contract leaves open whether such a path does not fit or is not found."""
    client = await api.client()
    assert (await refusal(client.service(key))).what in (INVALID, NOT_FOUND)


@pytest.mark.parametrize(
    ("field", "value"), [("limit", 0), ("limit", 101), ("limit", "x"), ("offset", -1), ("offset", "x")]
)
async def test_query_that_does_not_fit_names_its_field(api: Api, field: str, value: str | int) -> None:
    refused = await refusal((await api.client()).page_of_services(**{field: value}))
    assert refused.what == INVALID
    assert names(refused.details, field)
