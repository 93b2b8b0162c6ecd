"""POST /incidents/:id/events: people and programs write on the timeline."""

from typing import Any

import pytest

from tests.contract.conftest import Api
from tests.contract.expect import INVALID, NOT_FOUND, names, opened, refusal, said


async def test_comment_stands_last_on_the_timeline_and_in_slack(api: Api) -> None:
    client = await api.client(person="ben")
    number = await opened(client)
    await api.settle()
    await client.add_event(number, comment="Root cause: connection pool leak")
    await api.settle()
    incident = await client.incident(number)
    assert "Root cause: connection pool leak" in said(incident)[-1]
    assert incident["timeline"][-1]["user"] == "Ben Li"
    assert any("connection pool leak" in text for text in await api.story.said(number))


async def test_comment_comes_back_character_by_character(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    comment = "<!here> & *bold* _it_ `code` 🔥 Kovač \t «x» <@U012AB3CD>"
    await client.add_event(number, comment=comment)
    await api.settle()
    assert any(comment in line for line in said(await client.incident(number)))


@pytest.mark.parametrize(
    "comment",
    [
        None,
        5,
        True,
        pytest.param(["text"], id="list"),
        pytest.param({"text": "x"}, id="object"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param("\u200b", id="nothing to see"),
    ],
)
async def test_comment_that_does_not_fit_names_itself(api: Api, comment: Any) -> None:
    client = await api.client()
    number = await opened(client)
    await api.settle()
    before = (await client.incident(number))["timeline"]
    refused = await refusal(client.add_event(number, comment=comment))
    assert refused.what == INVALID
    assert names(refused.details, "comment")
    assert (await client.incident(number))["timeline"] == before


async def test_missing_comment_names_itself(api: Api) -> None:
    client = await api.client()
    refused = await refusal(client.add_event(await opened(client), text="not the field"))
    assert refused.what == INVALID
    assert names(refused.details, "comment")


async def test_unknown_incident_is_not_found(api: Api) -> None:
    client = await api.client()
    assert (await refusal(client.add_event("INC-2026-404", comment="lost"))).what == NOT_FOUND
