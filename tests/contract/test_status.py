"""POST /incidents/:id/status: which status may follow which, and what must be said with it."""

from typing import Any

import pytest

from tests.contract.conftest import Api
from tests.contract.expect import (
    INVALID,
    NOT_FOUND,
    OPEN,
    STATUSES,
    brought_to,
    names,
    opened,
    refusal,
    said,
)

#: From the contract: what may follow each status, all of it with a comment.
ALLOWED: dict[str, set[str]] = {
    **{status: {*OPEN, "resolved", "closed"} - {"new", status} for status in OPEN},
    "resolved": {"closed", "investigating"},
    "closed": {"investigating"},
}
#: Moves that need no comment: among the open ones, and the end of what is resolved.
SILENT = [(was, to) for was in OPEN for to in OPEN if to in ALLOWED[was]] + [("resolved", "closed")]
SPOKEN = [(was, to) for was in STATUSES for to in sorted(ALLOWED[was]) if (was, to) not in SILENT]


@pytest.mark.parametrize(("was", "to"), SILENT)
async def test_this_move_needs_no_comment(api: Api, was: str, to: str) -> None:
    client = await api.client()
    number = await brought_to(client, was)
    await client.change_status(number, status=to)
    assert (await client.incident(number))["status"] == to


@pytest.mark.parametrize(("was", "to"), SPOKEN)
async def test_this_move_needs_a_comment(api: Api, was: str, to: str) -> None:
    client = await api.client()
    number = await brought_to(client, was)
    refused = await refusal(client.change_status(number, status=to))
    assert refused.what == INVALID
    assert names(refused.details, "comment")
    assert (await client.incident(number))["status"] == was
    await client.change_status(number, status=to, comment="Because it is so")
    assert (await client.incident(number))["status"] == to


@pytest.mark.parametrize("was", STATUSES)
async def test_every_other_move_is_refused_and_told_what_is_allowed(api: Api, was: str) -> None:
    client = await api.client()
    number = await brought_to(client, was)
    for to in sorted(set(STATUSES) - ALLOWED[was]):
        refused = await refusal(client.change_status(number, status=to, comment="please"))
        assert refused.what == (409, "INVALID_TRANSITION"), to
        assert [one for one in ALLOWED[was] if one not in refused.message] == []
    assert (await client.incident(number))["status"] == was


async def test_comment_of_500_characters_is_kept_whole(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    await client.change_status(number, status="resolved", comment="ö" * 500)
    assert any("ö" * 500 in line for line in said(await client.incident(number)))


async def test_move_is_told_on_the_timeline_with_who_made_it(api: Api) -> None:
    client = await api.client(person="ben")
    number = await opened(client)
    await client.change_status(number, status="monitoring", comment="Twice the pool")
    incident = await client.incident(number)
    told = [
        event for event, line in zip(incident["timeline"], said(incident), strict=True) if "Twice" in line
    ]
    assert [event["user"] for event in told] == ["Ben Li"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "open"),
        ("status", ""),
        ("status", None),
        ("status", 5),
        ("status", ["resolved"]),
        pytest.param("status", "\ud800", id="lone surrogate"),
        pytest.param("comment", "a" * 501, id="501 characters"),
        pytest.param("comment", "\udc00", id="lone surrogate in the comment"),
        ("comment", 5),
        ("comment", ["done"]),
    ],
)
async def test_bad_value_names_its_field_and_changes_nothing(api: Api, field: str, value: Any) -> None:
    client = await api.client()
    number = await opened(client)
    refused = await refusal(
        client.change_status(number, **{"status": "fixing", "comment": "x", field: value})
    )
    assert refused.what == INVALID
    assert names(refused.details, field)
    assert (await client.incident(number))["status"] == "new"


async def test_missing_status_names_itself(api: Api) -> None:
    client = await api.client()
    refused = await refusal(client.change_status(await opened(client), comment="done"))
    assert refused.what == INVALID
    assert names(refused.details, "status")


async def test_unknown_incident_is_not_found(api: Api) -> None:
    client = await api.client()
    assert (await refusal(client.change_status("INC-2026-404", status="fixing"))).what == NOT_FOUND
