"""POST /incidents/:id/page: a real notification to one person, told channel by channel."""

from typing import Any

import pytest

from tests.contract.client import ApiError
from tests.contract.conftest import Api
from tests.contract.expect import INVALID, NOT_FOUND, names, opened, refusal
from tests.story import text_of


async def test_page_by_slack_reaches_the_person_with_its_message(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    await api.settle()
    answer = await client.page(
        number, email="farid@example.com", channels=["slack"], message="API is down, need your help"
    )
    assert answer == {
        "incident_number": number,
        "sent": True,
        "channels": ["slack"],
        "deliveries": [{"channel": "slack", "sent": True}],
    }
    (page,) = api.story.person("farid").pages
    assert "API is down, need your help" in text_of(page)
    assert number in text_of(page)


async def test_message_is_not_needed_and_the_email_matches_in_any_case(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    await api.settle()
    answer = await client.page(number, email="FARID@Example.com", channels=["slack"])
    assert answer["sent"] is True
    assert len(api.story.person("farid").pages) == 1


async def test_one_channel_that_delivers_is_a_success(api: Api) -> None:
    """The organization of these tests has Slack and no mail server."""
    client = await api.client()
    number = await opened(client)
    await api.settle()
    answer = await client.page(number, email="farid@example.com", channels=["slack", "email"])
    assert (answer["sent"], answer["channels"]) == (True, ["slack"])
    slack, email = answer["deliveries"]
    assert slack == {"channel": "slack", "sent": True}
    assert email.keys() == {"channel", "sent", "error_code", "message"}
    assert (email["channel"], email["sent"]) == ("email", False)
    assert email["message"]


async def test_page_that_no_channel_delivers_is_an_error(api: Api) -> None:
    """Whether a missing mail server is a failed provider or a missing contact, the contract leaves open."""
    client = await api.client()
    number = await opened(client)
    await api.settle()
    refused: ApiError = await refusal(client.page(number, email="farid@example.com", channels=["email"]))
    assert refused.what in ((502, "EXTERNAL_API_ERROR"), (409, "NO_CONTACT_DETAILS"))
    assert api.story.person("farid").pages == []


@pytest.mark.parametrize(
    "error", ["users_not_found", "user_not_found", "user_disabled", "user_not_visible", "cannot_dm_bot"]
)
async def test_person_whom_slack_does_not_know_has_no_contact_details(api: Api, error: str) -> None:
    client = await api.client()
    number = await opened(client)
    await api.settle()
    api.story.tolerated.add(error)
    api.story.workspace.faults.add("conversations.open", error=error)
    refused = await refusal(client.page(number, email="farid@example.com", channels=["slack"]))
    assert refused.what == (409, "NO_CONTACT_DETAILS")
    assert names(refused.details, "slack")


async def test_message_of_500_characters_is_delivered_whole(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    await api.settle()
    await client.page(number, email="farid@example.com", channels=["slack"], message="x" * 500)
    (page,) = api.story.person("farid").pages
    assert "x" * 500 in text_of(page)


async def test_unknown_person_is_not_found(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    refused = await refusal(client.page(number, email="nobody@example.com", channels=["slack"]))
    assert refused.what == NOT_FOUND


async def test_unknown_incident_is_not_found(api: Api) -> None:
    client = await api.client()
    refused = await refusal(client.page("INC-2026-404", email="farid@example.com", channels=["slack"]))
    assert refused.what == NOT_FOUND


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", None),
        ("email", 5),
        ("email", ["farid@example.com"]),
        ("channels", None),
        ("channels", "slack"),
        ("channels", []),
        ("channels", ["fax"]),
        ("channels", ["slack", "sms"]),
        ("channels", [5]),
        ("channels", [["slack"]]),
        pytest.param("message", "x" * 501, id="501 characters"),
        pytest.param("message", "\ud800", id="lone surrogate"),
        ("message", 5),
    ],
)
async def test_bad_value_names_its_field_and_pages_nobody(api: Api, field: str, value: Any) -> None:
    client = await api.client()
    number = await opened(client)
    fields = {"email": "farid@example.com", "channels": ["slack"], "message": "Help", field: value}
    refused = await refusal(client.page(number, **fields))
    assert refused.what == INVALID
    assert names(refused.details, field)
    await api.settle()
    assert api.story.person("farid").pages == []


@pytest.mark.parametrize("missing", ["email", "channels"])
async def test_missing_field_names_itself(api: Api, missing: str) -> None:
    client = await api.client()
    number = await opened(client)
    fields: dict[str, Any] = {"email": "farid@example.com", "channels": ["slack"]}
    del fields[missing]
    refused = await refusal(client.page(number, **fields))
    assert refused.what == INVALID
    assert names(refused.details, missing)
