"""GET /teams and GET /users: whom an incident can be given to, and where it belongs."""

import pytest

from tests.contract.conftest import Api
from tests.contract.expect import INVALID, names, refusal


async def test_every_team_is_listed_with_exactly_the_promised_fields(api: Api) -> None:
    teams = await (await api.client()).teams()
    platform = {
        "name": "Platform",
        "description": "Databases, queues, deploys and the network",
        "is_active": True,
        "member_count": 3,
    }
    assert sorted(one["name"] for one in teams) == ["Payments", "Platform", "Web"]
    assert platform in teams
    assert all(one.keys() == platform.keys() for one in teams)


@pytest.mark.parametrize(
    ("search", "found"), [("plat", ["Platform"]), ("WEB", ["Web"]), ("%", []), ("_", [])]
)
async def test_team_search_finds_part_of_a_name_in_any_case(api: Api, search: str, found: list[str]) -> None:
    assert [one["name"] for one in await (await api.client()).teams(search=search)] == found


async def test_every_user_is_listed_with_exactly_the_promised_fields(api: Api) -> None:
    users = await (await api.client()).users()
    assert len(users) == 8
    assert {"name": "Chloé Martin", "email": "chloe@example.com", "is_active": True} in users
    assert all(one.keys() == {"name", "email", "is_active"} for one in users)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ada", ["ada@example.com"]),
        ("OKAFOR", ["ada@example.com"]),
        ("DEV@EXAMPLE", ["dev@example.com"]),
        ("CHLOÉ", ["chloe@example.com"]),
        ("kovač", ["hana@example.com"]),
        ("KOVAČ", ["hana@example.com"]),
        ("nobody", []),
        ("%", []),
        ("_", []),
    ],
)
async def test_user_search_matches_name_or_email_in_any_case(api: Api, search: str, found: list[str]) -> None:
    emails = [one["email"] for one in await (await api.client()).users(search=search)]
    assert emails == found


async def test_users_are_filtered_by_whether_they_are_active(api: Api) -> None:
    client = await api.client()
    assert len(await client.users(is_active="true")) == 8
    assert await client.users(is_active="false") == []


async def test_activity_that_is_neither_names_itself(api: Api) -> None:
    refused = await refusal((await api.client()).users(is_active="perhaps"))
    assert refused.what == INVALID
    assert names(refused.details, "is_active")


async def test_pages_of_one_lead_through_the_whole_list(api: Api) -> None:
    client = await api.client()
    assert await client.users(limit=1) == await client.users()
    assert await client.teams(limit=1) == await client.teams()


@pytest.mark.parametrize("resource", ["teams", "users"])
@pytest.mark.parametrize(("field", "value"), [("limit", "0"), ("limit", "101"), ("offset", "-1")])
async def test_query_that_does_not_fit_names_its_field(
    api: Api, resource: str, field: str, value: str
) -> None:
    client = await api.client()
    ask = {"teams": client.teams, "users": client.users}[resource]
    if field == "limit":
        refused = await refusal(ask(limit=value))
        assert refused.what == INVALID
        assert names(refused.details, field)
        return
    reply = await api.request("GET", f"/api/v1/{resource}?{field}={value}", await api.key())
    assert reply.status == 400
    assert names(reply.json["error"]["details"], field)
