"""POST and GET /postmortems: what was learned, with what the incident itself knows filled in."""

import re
from typing import Any

import pytest

from tests.contract.client import Client, Json
from tests.contract.conftest import Api
from tests.contract.expect import INVALID, NOT_FOUND, brought_to, names, opened, refusal, utc

FIELDS = {
    "postmortem_number",
    "incident_number",
    "level",
    "status",
    "summary",
    "root_cause",
    "resolution",
    "impact",
    "impact_html",
    "timeline",
    "timeline_html",
    "action_items",
    "action_items_html",
    "contributing_factors",
    "detection_path",
    "monitoring_gaps",
    "response_timeline",
    "response_timeline_html",
    "five_whys",
    "executive_summary",
    "prevented_recurrence",
    "created_at",
}
#: What each level of the organization needs beside the incident number.
REQUIRED = {
    "basic": {"summary"},
    "standard": {"summary", "root_cause", "resolution"},
    "full": {"summary", "root_cause", "resolution", "impact", "action_items"},
}
#: Enough for every level.
WHOLE: Json = {
    "summary": "The pool ran out of connections",
    "root_cause": "A leak in the auth service",
    "resolution": "Rolled back deploy abc123",
    "impact": {"users_affected": "about 300"},
    "action_items": [
        {
            "text": "Alert at 80 %",
            "owner_email": "ben@example.com",
            "due_date": "2026-03-09",
            "status": "pending",
        },
        {
            "text": "Close what is borrowed",
            "owner_email": "dev@example.com",
            "due_date": "2026-03-16",
            "status": "in_progress",
        },
    ],
}


async def _made(client: Client, **fields: Any) -> Json:
    number = await brought_to(client, "resolved")
    return await client.create_postmortem(**{"incident_number": number, **WHOLE, **fields})


async def test_postmortem_has_exactly_the_promised_fields(api: Api) -> None:
    made = await _made(await api.client())
    assert made.keys() == FIELDS
    assert re.fullmatch(r"PM-2026-\d{3,}", made["postmortem_number"])
    assert made["incident_number"] == "INC-2026-001"
    assert made["level"] in REQUIRED
    assert made["status"] in ("draft", "in_review", "published")
    assert utc(made["created_at"])


async def test_what_was_given_comes_back(api: Api) -> None:
    made = await _made(await api.client())
    for field in ("summary", "root_cause", "resolution"):
        assert made[field] == WHOLE[field]
    for item, given in zip(made["action_items"], WHOLE["action_items"], strict=True):
        assert item.keys() == {"text", "owner_email", "due_date", "status"}
        assert item["due_date"].startswith(given["due_date"])
        assert {**item, "due_date": given["due_date"]} == given
    assert made["impact"]["users_affected"] == "about 300"


async def test_what_was_made_can_be_read(api: Api) -> None:
    client = await api.client()
    made = await _made(client)
    assert await client.postmortem("INC-2026-001") == made


async def test_html_fields_are_null(api: Api) -> None:
    made = await _made(await api.client())
    html = {field for field in FIELDS if field.endswith("_html")}
    assert {field: made[field] for field in html} == dict.fromkeys(html)


async def test_what_the_incident_knows_is_filled_in(api: Api) -> None:
    client = await api.client(person="ada")
    number = await opened(client)
    await api.forward(minutes=5)
    await client.acknowledge(number)
    await api.forward(minutes=30)
    await client.change_status(number, status="resolved", comment="Rolled back")
    made = await client.create_postmortem(incident_number=number, **WHOLE)
    impact, response = made["impact"], made["response_timeline"]
    assert impact.keys() == {"duration", "users_affected", "services_affected", "revenue_impact"}
    assert impact["services_affected"] == ["Database"]
    assert impact["duration"]
    assert response.keys() == {"time_to_acknowledge", "time_to_identify", "time_to_resolve"}
    assert response["time_to_acknowledge"]
    assert response["time_to_resolve"]


async def test_timeline_is_filled_in_from_the_incident(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    await client.change_status(number, status="resolved", comment="Rolled back abc123")
    made = await client.create_postmortem(incident_number=number, **WHOLE)
    timeline = made["timeline"]
    assert timeline
    assert all(one.keys() == {"timestamp", "description"} for one in timeline)
    moments = [utc(one["timestamp"]) for one in timeline]
    assert moments == sorted(moments)


async def test_what_is_given_wins_over_what_is_known(api: Api) -> None:
    timeline = [{"timestamp": "2026-03-02T03:00:00Z", "description": "It began"}]
    impact = {"duration": "a long while", "services_affected": ["Everything"]}
    made = await _made(await api.client(), timeline=timeline, impact=impact)
    assert made["timeline"] == timeline
    assert made["impact"]["duration"] == "a long while"
    assert made["impact"]["services_affected"] == ["Everything"]


async def test_times_come_back_in_utc_however_they_were_written(api: Api) -> None:
    written = {
        "2026-11-26T12:00:00+02:00": "2026-11-26T10:00:00Z",
        "2026-11-26 23:30-01:00": "2026-11-27T00:30:00Z",
        "2026-11-26t10:00:00.25z": "2026-11-26T10:00:00.250000Z",
        "0900-01-01T00:00:00Z": "0900-01-01T00:00:00Z",
    }
    client = await api.client()
    timeline = [{"timestamp": one, "description": "It went on"} for one in written]
    made = await _made(client, timeline=timeline)
    assert [one["timestamp"] for one in made["timeline"]] == [*written.values()]
    assert await client.postmortem(made["incident_number"]) == made


@pytest.mark.parametrize("status", ["resolved", "closed"])
async def test_incident_that_is_over_gets_its_postmortem(api: Api, status: str) -> None:
    client = await api.client()
    number = await brought_to(client, status)
    made = await client.create_postmortem(incident_number=number, **WHOLE)
    assert made["incident_number"] == number


async def test_incident_that_is_open_gets_none(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    assert (await refusal(client.create_postmortem(incident_number=number, **WHOLE))).status == 409
    assert (await refusal(client.postmortem(number))).what == NOT_FOUND


async def test_second_postmortem_is_refused_and_changes_nothing(api: Api) -> None:
    client = await api.client()
    made = await _made(client)
    second = {**WHOLE, "incident_number": made["incident_number"], "summary": "Something else"}
    assert (await refusal(client.create_postmortem(**second))).what == (409, "ALREADY_EXISTS")
    assert await client.postmortem(made["incident_number"]) == made


async def test_postmortems_are_numbered_apart(api: Api) -> None:
    client = await api.client()
    made = [await _made(client), await _made(client)]
    assert made[0]["postmortem_number"] != made[1]["postmortem_number"]
    for one in made:
        assert await client.postmortem(one["incident_number"]) == one


async def test_all_that_the_level_requires_is_named_at_once(api: Api) -> None:
    client = await api.client()
    level = (await _made(client))["level"]
    number = await brought_to(client, "resolved")
    refused = await refusal(client.create_postmortem(incident_number=number))
    assert refused.what == INVALID
    assert refused.details.keys() == REQUIRED[level]


async def test_what_the_level_requires_is_enough(api: Api) -> None:
    client = await api.client()
    level = (await _made(client))["level"]
    number = await brought_to(client, "resolved")
    fields = {field: WHOLE[field] for field in REQUIRED[level]}
    made = await client.create_postmortem(incident_number=number, **fields)
    assert made.keys() == FIELDS


async def test_missing_incident_number_names_itself(api: Api) -> None:
    refused = await refusal((await api.client()).create_postmortem(**WHOLE))
    assert refused.what == INVALID
    assert names(refused.details, "incident_number")


async def test_unknown_incident_is_not_found(api: Api) -> None:
    client = await api.client()
    number = "INC-2026-404"
    assert (await refusal(client.create_postmortem(incident_number=number, **WHOLE))).what == NOT_FOUND
    assert (await refusal(client.postmortem(number))).what == NOT_FOUND


async def test_incident_without_postmortem_is_told_apart(api: Api) -> None:
    client = await api.client()
    number = await brought_to(client, "resolved")
    assert (await refusal(client.postmortem(number))).what == NOT_FOUND


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("incident_number", 5),
        ("incident_number", ["INC-2026-001"]),
        ("summary", 5),
        ("summary", ["text"]),
        pytest.param("summary", "\ud800", id="lone surrogate"),
        ("root_cause", 5),
        ("resolution", {"text": "x"}),
        ("impact", "large"),
        ("impact", {"users_affected": 300}),
        ("impact", {"services_affected": "Database"}),
        ("impact", {"services_affected": [5]}),
        ("action_items", "do better"),
        ("action_items", ["do better"]),
        ("action_items", [{"text": 5}]),
        ("action_items", [{"text": "x", "status": "someday"}]),
        ("timeline", "first this, then that"),
        ("timeline", ["first this"]),
        ("timeline", [{"timestamp": "then", "description": "x"}]),
        ("timeline", [{"timestamp": "2026-03-02T03:00:00Z", "description": 5}]),
        ("response_timeline", "quick"),
        ("response_timeline", {"time_to_acknowledge": 5}),
    ],
)
async def test_bad_value_names_its_field_and_makes_nothing(api: Api, field: str, value: Any) -> None:
    client = await api.client()
    number = await brought_to(client, "resolved")
    refused = await refusal(client.create_postmortem(**{"incident_number": number, **WHOLE, field: value}))
    assert refused.what == INVALID
    assert names(refused.details, field)
    assert (await refusal(client.postmortem(number))).what == NOT_FOUND


async def test_long_description_does_not_keep_the_postmortem_away(api: Api) -> None:
    client = await api.client()
    number = await opened(client)
    await client.update(number, description="x" * 10_000)
    await client.change_status(number, status="resolved", comment="Rolled back")
    made = await client.create_postmortem(incident_number=number, **WHOLE)
    assert await client.postmortem(number) == made


async def test_largest_postmortem_of_slack_can_be_read(api: Api) -> None:
    """Whatever Slack's form lets through fits what the API answers with."""
    emi = api.story.person("emi")
    await emi.types("declare checkout is down --sev SEV1")
    await emi.types("resolve INC-2026-001 rolled back")
    await emi.types("postmortem INC-2026-001")
    sizes = {one["block_id"]: one["element"]["max_length"] for one in emi.modal["blocks"] if "element" in one}
    filled = {field: "x" * size for field, size in sizes.items()} | {
        "action_items": "\n".join(["x" * 14] * 200)
    }
    assert not await emi.submits(**filled)
    client = await api.client()
    read = await client.postmortem("INC-2026-001")
    assert len(read["action_items"]) == 200
    assert len(read["impact"]["users_affected"]) == sizes["impact"]


@pytest.mark.parametrize("number", ["PM-2026-001", "pm-2026-1"])
async def test_export_is_a_markdown_document(api: Api, number: str) -> None:
    await _made(await api.client())
    reply = await api.request("GET", f"/api/v1/postmortems/{number}/export", await api.key())
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/markdown")
    assert reply.text.startswith("# PM-2026-001: Connections run out\n")
    assert reply.text.endswith("\n")
