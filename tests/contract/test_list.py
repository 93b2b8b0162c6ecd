"""GET /incidents: what is in it, each filter, the pages and the refusals."""

from datetime import timedelta
from typing import Any

import pytest

from tests.contract.client import Client, Json, Query
from tests.contract.conftest import Api
from tests.contract.expect import (
    INVALID,
    ITEM_FIELDS,
    STATUSES,
    brought_to,
    names,
    opened,
    refusal,
    refused,
    utc,
)


async def _numbers(client: Client, **filters: Query) -> list[str]:
    return [one["incident_number"] for one in await client.incidents(**filters)]


async def test_item_has_exactly_the_promised_fields(api: Api) -> None:
    client = await api.client()
    await opened(client, description="500s", severity="SEV1")
    await api.settle()
    (item,) = await client.incidents()
    assert item.keys() == ITEM_FIELDS
    assert (item["status"], item["severity"], item["description"]) == ("new", "SEV1", "500s")
    assert item["assigned_to"] == {"name": "Chloé Martin", "email": "chloe@example.com"}
    assert item["team"] == {"name": "Platform"}
    assert (item["acknowledged_at"], item["resolved_at"]) == (None, None)
    assert utc(item["created_at"])


async def test_description_that_was_not_given_is_still_a_field(api: Api) -> None:
    client = await api.client()
    await opened(client)
    (item,) = await client.incidents()
    assert item.keys() == ITEM_FIELDS


async def test_moments_of_a_resolved_incident_stand_in_order(api: Api) -> None:
    client = await api.client(person="ada")
    number = await opened(client)
    await api.forward(minutes=2)
    await client.acknowledge(number)
    await api.forward(minutes=2)
    await client.change_status(number, status="resolved", comment="done")
    (item,) = await client.incidents(status="resolved")
    moments = [utc(item[name]) for name in ("created_at", "acknowledged_at", "resolved_at")]
    assert moments[1] - moments[0] >= timedelta(minutes=2)
    assert moments[2] - moments[1] >= timedelta(minutes=2)


async def test_newest_stands_first(api: Api) -> None:
    client = await api.client()
    for _ in range(3):
        await opened(client)
        await api.forward(minutes=1)
    assert await _numbers(client) == ["INC-2026-003", "INC-2026-002", "INC-2026-001"]


async def test_resolved_and_closed_are_shown_only_when_asked_for(api: Api) -> None:
    client = await api.client()
    by_status = {status: await brought_to(client, status) for status in STATUSES}
    shown = set(await _numbers(client))
    assert shown == {by_status[one] for one in ("new", "investigating", "fixing", "monitoring")}
    for status, number in by_status.items():
        assert await _numbers(client, status=status) == [number]


async def test_status_can_be_repeated(api: Api) -> None:
    client = await api.client()
    by_status = {status: await brought_to(client, status) for status in ("new", "fixing", "closed")}
    found = await _numbers(client, status=["new", "closed"])
    assert set(found) == {by_status["new"], by_status["closed"]}


async def test_severity_can_be_repeated(api: Api) -> None:
    client = await api.client()
    by_severity = {one: await opened(client, severity=one) for one in ("SEV1", "SEV2", "SEV3")}
    assert await _numbers(client, severity="SEV2") == [by_severity["SEV2"]]
    found = await _numbers(client, severity=["SEV1", "SEV3"])
    assert set(found) == {by_severity["SEV1"], by_severity["SEV3"]}


async def test_filters_narrow_each_other(api: Api) -> None:
    client = await api.client()
    number = await opened(client, severity="SEV1")
    await opened(client, severity="SEV2")
    assert await _numbers(client, status="new", severity="SEV1") == [number]
    assert await _numbers(client, status="fixing", severity="SEV1") == []


async def test_assignee_filter_matches_the_email_in_any_case(api: Api) -> None:
    client = await api.client()
    number, other = await opened(client), await opened(client)
    await client.update(number, assigned_to="ben@example.com")
    await client.update(other, assigned_to="emi@example.com")
    assert await _numbers(client, assigned_to="ben@example.com") == [number]
    assert await _numbers(client, assigned_to="EMI@Example.com") == [other]
    assert await _numbers(client, assigned_to="hana@example.com") == []


async def test_resolver_filter_matches_who_resolved(api: Api) -> None:
    ada, ben = await api.client(person="ada"), await api.client(person="ben")
    number, other = await opened(ada), await opened(ada)
    await ada.change_status(number, status="resolved", comment="done")
    await ben.change_status(other, status="resolved", comment="done")
    assert await _numbers(ada, status="resolved", resolved_by="ada@example.com") == [number]
    assert await _numbers(ada, status="resolved", resolved_by="BEN@example.com") == [other]
    assert await _numbers(ada, status="resolved", resolved_by="emi@example.com") == []


async def test_team_filter_matches_the_name_in_any_case(api: Api) -> None:
    client = await api.client()
    number, other = await opened(client, "Database"), await opened(client, "Checkout")
    await api.settle()
    assert await _numbers(client, team_name="pLATFORM") == [number]
    assert await _numbers(client, team_name="Payments") == [other]
    assert await _numbers(client, team_name="Web") == []


async def test_creation_filters_include_their_own_moment(api: Api) -> None:
    client = await api.client()
    first = await opened(client)
    await api.forward(minutes=10)
    second = await opened(client)
    at = {one["incident_number"]: one["created_at"] for one in await client.incidents()}
    assert await _numbers(client, created_after=at[second]) == [second]
    assert await _numbers(client, created_before=at[first]) == [first]
    assert set(await _numbers(client, created_after=at[first], created_before=at[second])) == {first, second}


async def test_resolution_filters_include_their_own_moment(api: Api) -> None:
    client = await api.client()
    first, second = await brought_to(client, "resolved"), await opened(client)
    await api.forward(minutes=10)
    await client.change_status(second, status="resolved", comment="done")
    at = {one["incident_number"]: one["resolved_at"] for one in await client.incidents(status="resolved")}
    assert await _numbers(client, status="resolved", resolved_after=at[second]) == [second]
    assert await _numbers(client, status="resolved", resolved_before=at[first]) == [first]


async def _page(client: Client, **query: Query) -> tuple[list[str], Json]:
    page = await client.page_of_incidents(**query)
    return [one["incident_number"] for one in page.pop("items")], page


async def _a_second_later(api: Api, client: Client) -> str:
    """A new incident; which of two is newer is clear only when they are not of the same moment."""
    await api.forward(seconds=1)
    return await opened(client)


async def test_pages_have_true_limit_and_offset(api: Api) -> None:
    client = await api.client()
    oldest, middle, newest = [await _a_second_later(api, client) for _ in range(3)]
    last: Json = {"total": 3, "has_more": False, "next_offset": None}
    assert await _page(client, limit=2) == (
        [newest, middle],
        {"total": 3, "has_more": True, "next_offset": 2},
    )
    assert await _page(client, limit=2, offset=1) == ([middle, oldest], last)
    assert await _page(client, limit=2, offset=2) == ([oldest], last)
    assert await _page(client, limit=1, offset=1) == (
        [middle],
        {"total": 3, "has_more": True, "next_offset": 2},
    )
    assert await _page(client, offset=3) == ([], last)
    assert await _page(client, limit=100, offset=1000) == ([], last)


async def test_page_has_twenty_items_unless_told(api: Api) -> None:
    """A burst of so many may well be slowed down by Slack."""
    api.story.tolerated.add("ratelimited")
    client = await api.client()
    for _ in range(21):
        await opened(client, "Deploys")
    numbers, page = await _page(client)
    assert len(numbers) == 20
    assert page == {"total": 21, "has_more": True, "next_offset": 20}
    assert len(await client.incidents()) == 21


async def test_total_counts_what_the_filter_leaves(api: Api) -> None:
    client = await api.client()
    for severity in ("SEV1", "SEV2", "SEV2"):
        await opened(client, severity=severity)
    _, page = await _page(client, severity="SEV2", limit=1)
    assert page == {"total": 2, "has_more": True, "next_offset": 1}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit", 0),
        ("limit", 101),
        ("limit", -1),
        ("limit", "many"),
        ("limit", "1.5"),
        ("offset", -1),
        ("offset", "first"),
        ("status", "open"),
        ("status", "Resolved!"),
        ("status", ["new", "gone"]),
        ("severity", "SEV5"),
        ("severity", ["SEV1", "high"]),
        ("created_after", "2026-03-01T00:00:00"),
        ("created_before", "2026-03-01T00:00:00"),
        ("resolved_after", "2026-03-01T00:00:00"),
        ("resolved_before", "2026-03-01T00:00:00"),
        ("created_after", "yesterday"),
        ("created_before", "2026-02-30T00:00:00Z"),
        ("resolved_after", "2026-13-01T00:00:00Z"),
        ("resolved_before", "1772420400"),
    ],
)
async def test_query_that_does_not_fit_names_its_field(api: Api, field: str, value: Any) -> None:
    client = await api.client()
    refused = await refusal(client.page_of_incidents(**{field: value}))
    assert refused.what == INVALID
    assert names(refused.details, field)


async def test_limits_at_both_ends_are_taken(api: Api) -> None:
    client = await api.client()
    number, other = [await _a_second_later(api, client) for _ in range(2)]
    assert (await _page(client, limit=1))[0] == [other]
    assert (await _page(client, limit=100))[0] == [other, number]


@pytest.mark.parametrize("written", ["status[]", "status%5B%5D", "status[0]", "severity[]", "limit[]"])
async def test_parameter_with_brackets_is_refused_and_told_its_name(api: Api, written: str) -> None:
    """Some clients write lists so; ignored, `status[]=resolved` lists the open ones."""
    reply = await api.request("GET", f"/api/v1/incidents?{written}=1", await api.key())
    name = written.replace("%5B", "[").replace("%5D", "]")
    assert f"must be written {name.partition('[')[0]}," in refused(reply, INVALID)[name]


async def test_parameter_that_nobody_knows_is_ignored(api: Api) -> None:
    for unknown in ("utm_source=x", "filter[status]=resolved", "[]=1"):
        reply = await api.request("GET", f"/api/v1/incidents?{unknown}", await api.key())
        assert reply.status == 200, reply.text
