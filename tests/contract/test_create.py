"""POST /incidents: what is needed, what is filled in, what is refused."""

from typing import Any

import pytest

from tests.contract.conftest import Api
from tests.contract.expect import INVALID, ITEM_FIELDS, NOT_FOUND, names, opened, refusal, utc

#: Well-formed keys that belong to no service.
UNKNOWN = [f"svc_ZZZZZZZZ{a}{b}" for a in "ABCDEFGH" for b in "ABCDEFGH"]


async def test_title_and_one_service_are_enough(api: Api) -> None:
    client = await api.client()
    key = await client.service_key("Database")
    made = await client.create(title="Connections run out", service_ids=[key])
    assert made.keys() >= ITEM_FIELDS
    assert made["incident_number"] == "INC-2026-001"
    assert made["title"] == "Connections run out"
    assert (made["status"], made["acknowledged_at"], made["resolved_at"]) == ("new", None, None)
    assert abs((utc(made["created_at"]) - api.story.clock.now()).total_seconds()) < 60


async def test_numbers_follow_each_other(api: Api) -> None:
    client = await api.client()
    numbers = [await opened(client) for _ in range(3)]
    assert numbers == ["INC-2026-001", "INC-2026-002", "INC-2026-003"]


async def test_title_is_trimmed(api: Api) -> None:
    client = await api.client()
    number = await opened(client, title="  Connections run out \n")
    assert (await client.incident(number))["title"] == "Connections run out"


async def test_title_of_200_characters_after_trimming_is_kept_whole(api: Api) -> None:
    client = await api.client()
    number = await opened(client, title=f"  {'é' * 200}  ")
    assert (await client.incident(number))["title"] == "é" * 200


async def test_description_of_10_000_characters_is_kept_whole(api: Api) -> None:
    client = await api.client()
    number = await opened(client, description="ü" * 10_000)
    assert (await client.incident(number))["description"] == "ü" * 10_000


async def test_unknown_fields_are_ignored(api: Api) -> None:
    client = await api.client()
    number = await opened(client, urgency="high", incident_number="INC-1999-999", status="closed")
    assert number == "INC-2026-001"
    assert (await client.incident(number))["status"] == "new"


async def test_given_severity_wins_over_the_services(api: Api) -> None:
    client = await api.client()
    number = await opened(client, "Checkout", severity="SEV4")
    assert (await client.incident(number))["severity"] == "SEV4"


@pytest.mark.parametrize(
    ("services", "severity"),
    [
        (("Search",), "SEV3"),
        (("Search", "Checkout", "Deploys"), "SEV1"),
        (("Storefront",), "SEV2"),
        (("Storefront", "Deploys"), "SEV4"),
    ],
)
async def test_severity_follows_the_most_severe_service_then_the_organization(
    api: Api, services: tuple[str, ...], severity: str
) -> None:
    client = await api.client()
    keys = [await client.service_key(name) for name in services]
    made = await client.create(title="Slow", service_ids=keys)
    assert made["severity"] == severity


@pytest.mark.parametrize("severity", ["SEV0", "SEV1", "SEV2", "SEV3", "SEV4"])
async def test_every_severity_can_be_given(api: Api, severity: str) -> None:
    client = await api.client()
    number = await opened(client, severity=severity)
    assert (await client.incident(number))["severity"] == severity


async def test_service_named_twice_counts_once(api: Api) -> None:
    client = await api.client()
    key, other = await client.service_key("Database"), await client.service_key("Queue")
    number = await opened(client, service_ids=[key, other, key, f"svc_{key[4:].lower()}"])
    services = (await client.incident(number))["services"]
    assert sorted(one["name"] for one in services) == ["Database", "Queue"]


async def test_service_key_is_taken_in_lower_case(api: Api) -> None:
    client = await api.client()
    key = await client.service_key("Database")
    number = await opened(client, service_ids=[f"svc_{key[4:].lower()}"])
    (service,) = (await client.incident(number))["services"]
    assert key in service.values()


async def test_engineer_on_call_is_assigned_after_creation(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    await api.settle()
    incident = await client.incident(number)
    assert incident["assigned_to"] == {"name": "Chloé Martin", "email": "chloe@example.com"}
    assert incident["team"] == {"name": "Platform"}


async def test_severity_that_breaks_the_rules_names_itself(api: Api) -> None:
    client = await api.client()
    for wrong in ("SEV5", "critical", "", 1, ["SEV1"]):
        refused = await refusal(opened(client, severity=wrong))
        assert refused.what == INVALID, wrong
        assert "severity" in refused.details


@pytest.mark.parametrize(
    "title",
    [
        None,
        "",
        "   ",
        pytest.param("a" * 201, id="201 characters"),
        pytest.param("a" * 10_000, id="10,000 characters"),
        5,
        True,
        pytest.param(["Down"], id="list"),
        pytest.param({"text": "Down"}, id="object"),
        pytest.param("\ud800", id="lone surrogate"),
    ],
)
async def test_title_that_breaks_the_rules_names_itself(api: Api, title: Any) -> None:
    client = await api.client()
    refused = await refusal(opened(client, title=title))
    assert refused.what == INVALID
    assert names(refused.details, "title")
    assert await client.incidents() == []


@pytest.mark.parametrize(
    "description",
    [
        pytest.param("a" * 10_001, id="10,001 characters"),
        5,
        pytest.param(["Down"], id="list"),
        pytest.param({"text": "Down"}, id="object"),
        pytest.param("broken \udfff", id="lone surrogate"),
    ],
)
async def test_description_that_breaks_the_rules_names_itself(api: Api, description: Any) -> None:
    client = await api.client()
    refused = await refusal(opened(client, description=description))
    assert refused.what == INVALID
    assert names(refused.details, "description")
    assert await client.incidents() == []


@pytest.mark.parametrize(
    "service_ids",
    [
        None,
        pytest.param([], id="none"),
        pytest.param("svc_K7M4Q9TZ2H", id="no list"),
        pytest.param({"svc_K7M4Q9TZ2H": True}, id="object"),
        pytest.param([5], id="number inside"),
        pytest.param([None], id="null inside"),
        pytest.param([["svc_K7M4Q9TZ2H"]], id="list inside"),
        pytest.param(UNKNOWN[:51], id="51 services"),
    ],
)
async def test_service_ids_that_break_the_rules_name_themselves(api: Api, service_ids: Any) -> None:
    client = await api.client()
    refused = await refusal(opened(client, service_ids=service_ids))
    assert refused.what == INVALID
    assert names(refused.details, "service_ids")
    assert await client.incidents() == []


@pytest.mark.parametrize(
    "key",
    [
        UNKNOWN[0],
        "svc_K7M4Q9TZ2",
        "svc_I0O1UUUUUU",
        "Database",
        "",
        pytest.param("svc_\ud800", id="lone surrogate"),
    ],
)
async def test_service_that_does_not_exist_is_refused(api: Api, key: str) -> None:
    """The contract leaves open whether it is a bad value or not found; it is never taken."""
    client = await api.client()
    known = await client.service_key("Database")
    refused = await refusal(opened(client, service_ids=[known, key]))
    assert refused.what in (INVALID, NOT_FOUND)
    assert await client.incidents() == []


async def test_missing_fields_are_all_named_at_once(api: Api) -> None:
    client = await api.client()
    refused = await refusal(client.create(description="Nothing else"))
    assert refused.what == INVALID
    assert {"title", "service_ids"} <= refused.details.keys()
    assert all(isinstance(what, str) and what for what in refused.details.values())


async def test_slack_markup_in_a_title_comes_back_unchanged(api: Api) -> None:
    """The story itself checks at its end that nobody was pinged by it."""
    client = await api.client()
    title = "<!channel> *down* & <@U012AB3CD> <https://example.com|see>"
    number = await opened(client, title=title)
    await api.settle()
    assert (await client.incident(number))["title"] == title


async def test_refusal_of_a_service_names_its_key_and_no_other_service(api: Api) -> None:
    """Who may only write incidents would learn from it which services there are."""
    client = await api.client(scopes=["incidents:write"])
    refused = await refusal(client.create(title="Down", service_ids=["svc_DATABASE99"]))
    assert refused.what == NOT_FOUND
    assert "svc_DATABASE99" in refused.message
    names_of_services = [one["name"] for one in await (await api.client()).services()]
    assert [one for one in names_of_services if one in refused.message] == []
