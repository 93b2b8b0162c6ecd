"""Hostile requests at the running server: refused with the right status, nothing run, nothing in the log."""

import asyncio
import gzip
import io
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from sqlalchemy import Connection, text

from tests.faults.doses import dose
from tests.quiet import Quiet
from tests.story import Json, Story, opened

DOSE = 20
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_ordinals = itertools.count()


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    async with opened(tmp_path, by_http=True) as story:
        await story.person("ada").types("declare Oh no --service Checkout")
        yield story


async def post(story: Story, body: bytes, headers: Mapping[str, str]) -> int:
    url = str(story.installed.request_url)
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(body), headers=headers) as answer,
    ):
        return answer.status


def command(story: Story, words: str = "declare Forged") -> bytes:
    """A command of Ada's that would be carried out if it were signed."""
    user, team = story.ids["ada"], story.workspace.state.team_id
    asked = {"command": "/incident", "text": words, "user_id": user, "team_id": team, "channel_id": "C1"}
    return urlencode(asked | {"trigger_id": f"forged.{next(_ordinals)}"}).encode()


def signed(story: Story, body: bytes, kind: str = FORM, age: float = 0) -> dict[str, str]:
    at = story.clock.now().timestamp() - age
    return {"Content-Type": kind, **story.workspace.signature(story.installed, body, at)}


async def state(story: Story) -> tuple[dict[str, int], int]:
    """How many rows every table has, and how often Slack was called.

    When the auditor looked last, and that the disk takes what is written, is kept by itself.
    """

    def query(tx: Connection) -> dict[str, int]:
        tables = tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
        rows = {one: tx.execute(text(f"SELECT count(*) FROM {one}")).scalar_one() for one in tables}  # noqa: S608
        own = text("SELECT count(*) FROM facts WHERE name IN ('rounds', 'proof')")
        return {**rows, "facts": rows["facts"] - tx.execute(own).scalar_one()}

    return await story.app.database.read(query), len(story.workspace.calls)


#: What is changed in the headers of a request that would otherwise be carried out.
FORGED: dict[str, dict[str, str | None]] = {
    "no signature": {"X-Slack-Signature": None},
    "empty signature": {"X-Slack-Signature": ""},
    "wrong signature": {"X-Slack-Signature": "v0=" + "0" * 64},
    "other version": {"X-Slack-Signature": "v1=" + "0" * 64},
    "cut signature": {"X-Slack-Signature": "v0="},
    "beyond ASCII": {"X-Slack-Signature": "v0=ümläut🔥"},
    "long signature": {"X-Slack-Signature": "v0=" + "0" * 7_000},
    "no timestamp": {"X-Slack-Request-Timestamp": None},
    "empty timestamp": {"X-Slack-Request-Timestamp": ""},
    "a word": {"X-Slack-Request-Timestamp": "abc"},
    "negative": {"X-Slack-Request-Timestamp": "-1"},
    "20 digits": {"X-Slack-Request-Timestamp": "1" + "0" * 20},
    "not a number": {"X-Slack-Request-Timestamp": "nan"},
    "other digits": {"X-Slack-Request-Timestamp": "١٧٧٢٤٢٠٤٠٠"},
    "zero": {"X-Slack-Request-Timestamp": "0"},
}


async def test_forged_headers_are_unauthorized(story: Story, quiet: Quiet) -> None:
    before = await state(story)
    for name, changes in [*FORGED.items()] * DOSE:
        body = command(story)
        headers = {one: value for one, value in (signed(story, body) | changes).items() if value is not None}
        assert await post(story, body, headers) == 401, name
    assert await state(story) == before
    quiet.check()


async def test_stale_early_and_altered_requests_are_unauthorized(story: Story, quiet: Quiet) -> None:
    before = await state(story)
    for age in (301, 3_600, -301, -86_400):
        body = command(story)
        assert await post(story, body, signed(story, body, age=age)) == 401
    for altered in (body + b"&x=1", body[:-1], body.replace(b"Forged", b"Forget"), b""):
        assert await post(story, altered, signed(story, body)) == 401
    assert await state(story) == before
    quiet.check()


#: Bodies that Slack never sends.
MALFORMED: dict[str, tuple[str, bytes]] = {
    "invalid UTF-8 as JSON": (JSON, b'{"type": "\xff\xfe"}'),
    "invalid UTF-8 as form": (FORM, b"payload=\xff\xfe"),
    "not JSON": (JSON, b"hello"),
    "cut off": (JSON, b'{"type": "event_callback", '),
    "nothing": (JSON, b""),
    "an array": (JSON, b"[]"),
    "a text": (JSON, b'"event_callback"'),
    "a number": (JSON, b"1e400"),
    "null": (JSON, b"null"),
    "5,000 arrays": (JSON, b'{"event": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"),
    **{
        f"{deep} arrays": (JSON, b'{"event": ' + b"[" * deep + b"]" * deep + b"}") for deep in (100, 960, 990)
    },
    "payload 960 deep": (FORM, b"payload=" + b"%5B" * 960 + b"%5D" * 960),
    "NaN": (JSON, b'{"type": "event_callback", "event": {"type": "message", "x": NaN}}'),
    "UTF-16": (JSON, '{"type": "event_callback"}'.encode("utf-16")),
    "5,000 objects": (JSON, b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
    "payload that is not JSON": (FORM, b"payload=hello"),
    "payload that is an array": (FORM, b"payload=%5B%5D"),
    "payload 5,000 deep": (FORM, b"payload=" + b"%5B" * 5_000 + b"%5D" * 5_000),
    "two payloads, one an array": (FORM, b"payload=%7B%7D&payload=%5B%5D"),
    "a form without a field": (FORM, b"hello"),
    "100,000 digits": (JSON, b'{"type": ' + b"9" * 100_000 + b"}"),
}


async def test_malformed_bodies_are_bad_requests_and_unsigned_ones_are_not_read(
    story: Story, quiet: Quiet
) -> None:
    before = await state(story)
    for name, (kind, body) in [*MALFORMED.items()] * DOSE:
        assert await post(story, body, signed(story, body, kind)) == 400, name
        assert await post(story, body, signed(story, b"another", kind)) == 401, name
    assert await state(story) == before
    quiet.check()


async def test_two_megabytes_are_too_large_signed_or_not(story: Story, quiet: Quiet) -> None:
    before, body = await state(story), command(story) + b"&x=" + b"x" * 2_000_000
    for headers in (signed(story, body), signed(story, b"another"), {"Content-Type": FORM}):
        assert await post(story, body, headers) == 413
    assert await state(story) == before
    quiet.check()


async def test_coded_body_is_a_bad_request_and_is_not_decoded(story: Story, quiet: Quiet) -> None:
    """Also one that is not what its header says: whoever decoded it would fail."""
    before, body = await state(story), command(story)
    coded = gzip.compress(body)
    for sent in (coded, body):
        for headers in (signed(story, sent), {"Content-Type": FORM}):
            for coding in ("gzip", "deflate", "br", "x-unknown"):
                assert await post(story, sent, headers | {"Content-Encoding": coding}) == 400
    assert await state(story) == before
    quiet.check()


FIELDS = [
    *(("declare", field) for field in ("title", "description", "services", "severity", "self")),
    *(("override", field) for field in ("schedule", "person", "starts_at", "ends_at")),
    *(("swap", field) for field in ("shift", "person", "in_return")),
    *(("resolve", "comment"), ("status", "status"), ("note", "note"), ("postmortem", "action_items")),
    *(("rename", "title"), ("rename", "description")),
]
#: What other inputs than ours would give, and ours do not.
STRANGE: list[Json] = [
    {"selected_options": [{"value": "x"}]},
    {"selected_options": [{}]},
    {"selected_options": None},
    {"selected_option": {"text": "x"}},
    {"selected_date_time": 7},
    {"value": "x", "selected_options": []},
    {},
]
#: And what no form of ours shows.
ELEMENTS: list[Any] = [None, "x", [{}], {"type": ["x"]}, {"type": "plain_text_input", "initial_value": 7}]


def _interactions(story: Story) -> list[Json]:
    """Requests as Slack signs them, of shapes that it does not send or that mean nothing to us."""
    user = {"id": story.ids["ada"], "team_id": story.workspace.state.team_id}
    button = {"type": "button", "action_id": "acknowledge", "block_id": "b", "value": "INC-2026-001"}
    view = {"type": "modal", "callback_id": "resolve", "private_metadata": "{}", "blocks": [], "state": {}}

    def actions(*pressed: Any, **more: Any) -> Json:
        return {"type": "block_actions", "user": user, "actions": list(pressed), **more}

    def submission(**changes: Any) -> Json:
        return {"type": "view_submission", "user": user, "view": view | changes}

    return [
        {},
        {"type": "nonsense", "user": user},
        {"type": 7, "user": user},
        {"type": None},
        {"type": "block_actions"},
        {"type": "view_submission", "user": user, "view": {}},
        {"type": "view_submission", "user": user, "view": None},
        {"type": "shortcut", "callback_id": "unknown", "user": user},
        {"type": "message_action", "callback_id": "note_message", "user": user, "message": None},
        actions(),
        actions(None),
        actions("acknowledge"),
        actions({}),
        actions(button | {"action_id": "unknown"}),
        actions(button | {"action_id": None}),
        actions(button | {"action_id": ["acknowledge"]}),
        actions(button | {"value": ["INC-2026-001"]}),
        actions(button | {"value": None}),
        actions(button | {"value": "INC-2026-001" * 10_000}),
        actions(button | {"selected_option": "x", "value": None}),
        actions({"type": "overflow", "action_id": "more", "selected_option": {"value": "page:INC-2026-001"}}),
        actions({"type": "overflow", "action_id": "more", "selected_option": {"value": "declare:"}}),
        actions(button, user=None),
        actions(button, user="U1"),
        actions(button, user={"id": None}),
        actions(button, user={"id": ["U1"]}),
        actions(button, user={"id": "U0NOBODY", "team_id": user["team_id"]}),
        actions(button, user=user | {"team_id": "T0OTHER"}),
        actions(button, user={"id": user["id"]}, team={"id": "T0OTHER"}),
        actions(button, team="T0OTHER"),
        actions(button, container="message"),
        actions(
            button | {"value": "INC-2026-999"},
            container={"is_ephemeral": True},
            response_url="file:///etc/passwd",
        ),
        submission(private_metadata='{"number": "INC-2026-001", "channel_id": null, "card_url": ["x"]}'),
        actions(button, team={"id": ["T0OTHER"]}),
        actions(button | {"action_id": "resolve"}, channel={"id": "C0NOWHERE"}),
        actions(button | {"action_id": "resolve"}, channel="C0NOWHERE"),
        actions(button | {"action_id": "show_oncall"}, response_url="file:///etc/passwd"),
        submission(callback_id="unknown"),
        submission(callback_id=None),
        submission(callback_id="show"),
        submission(private_metadata=None),
        submission(private_metadata={"number": "INC-2026-001"}),
        submission(private_metadata="[" * 2_900),
        submission(blocks=None),
        submission(blocks=["x"]),
        *(
            submission(
                callback_id="rename",
                private_metadata='{"number": "INC-2026-001", "channel_id": null}',
                state={"values": {"title": {"value": {"value": ""}}}},
                blocks=[{"block_id": "title", "element": element}],
            )
            for element in ELEMENTS
        ),
        submission(state=None),
        submission(state=[]),
        submission(state={"values": []}),
        submission(state={"values": {"comment": None}}),
        submission(state={"values": {"comment": []}}),
        submission(state={"values": {"comment": {"value": None}}}),
        submission(state={"values": {"comment": {"value": "fixed"}}}),
        submission(
            private_metadata='{"number": "INC-2026-001", "channel_id": null}',
            state={"values": {"comment": {"value": {"value": ["fixed"]}}}},
        ),
        submission(
            callback_id="declare",
            private_metadata='{"number": null, "channel_id": null}',
            state={"values": {"title": {"value": {"value": {"x": 1}}}}},
        ),
        *(
            submission(
                callback_id=form,
                private_metadata='{"number": null, "channel_id": null}',
                state={"values": {field: {"value": filled}}},
            )
            for form, field in FIELDS
            for filled in STRANGE
        ),
    ]


EVENTS: list[Json] = [
    {"type": "event_callback"},
    {"type": "event_callback", "event": None},
    {"type": "event_callback", "event": []},
    {"type": "event_callback", "event": {"type": "app_home_opened"}},
    {"type": "event_callback", "event": {"type": "app_home_opened", "tab": "home", "user": ["U1"]}},
    {"type": "event_callback", "event": {"type": None}},
    {"type": "event_callback", "event": {"type": ["app_home_opened"]}},
    {"type": "event_callback", "event": {"type": "message", "text": "<!channel>"}},
    {"type": "url_verification"},
    {"type": ["url_verification"]},
]
COMMANDS: list[Json] = [
    {"command": "/incident", "text": "ack INC-2026-001"},
    {"command": "/incident", "text": "ack INC-2026-001", "user_id": "U0NOBODY"},
    {"command": "/unknown", "text": "ack INC-2026-001", "user_id": "U1"},
    {"command": "", "text": ""},
]


def _bodies(story: Story) -> list[tuple[str, bytes]]:
    forms = [
        {"payload": json.dumps({"trigger_id": f"forged.{next(_ordinals)}", **one})}
        for one in _interactions(story)
    ]
    return [
        *((FORM, urlencode(one).encode()) for one in [*forms, *COMMANDS]),
        *((JSON, json.dumps(one).encode()) for one in EVENTS),
    ]


async def test_what_means_nothing_changes_nothing_and_is_nobodys_fault(story: Story, quiet: Quiet) -> None:
    """Well signed, so as Slack itself would send it if it went mad or we had forgotten a shape."""
    story.tolerated |= {"invalid_trigger_id", "user_not_found", "channel_not_found", "users_not_found"}
    story.tolerated |= {"invalid_arguments"}
    before = await story.events()
    for kind, body in _bodies(story):
        story.clock.forward(seconds=2)  # Slack takes one message a second in a channel
        status = await post(story, body, signed(story, body, kind))
        assert status in (200, 400, 404), body[:200]
        quiet.check()
    await story.settle()
    assert await story.events() == before
    assert (await story.overview()).incident.acknowledged_at is None
    assert "INC-2026-002" not in (await story.person("ada").types("list all")).text


async def test_event_that_nobody_asked_for_is_acknowledged(story: Story, quiet: Quiet) -> None:
    """Somebody who subscribes the app to more must not lose its home tab for it."""
    for event in ({"type": "app_mention", "user": story.ids["ada"]}, {"type": "message", "channel": "C1"}):
        body = json.dumps({"type": "event_callback", "event_id": event["type"], "event": event}).encode()
        assert await post(story, body, signed(story, body, JSON)) == 200
    assert quiet.told("Unhandled") == 0


async def test_valid_request_that_is_replayed_has_its_effect_once(story: Story, quiet: Quiet) -> None:
    """Many at once and after one another: what was signed holds five minutes."""
    body = command(story, "declare Only once --service Checkout")
    headers = signed(story, body)
    statuses = set(await asyncio.gather(*(post(story, body, headers) for _ in range(25))))
    for _ in range(dose(25, 1000)):
        statuses.add(await post(story, body, headers))
    await story.settle()
    assert statuses == {200}
    assert "INC-2026-003" not in (await story.person("ada").types("list all")).text
    assert (await story.events("INC-2026-002")).count("Declared") == 1
    story.clock.forward(seconds=301)
    assert await post(story, body, headers) == 401
    quiet.check()


async def test_button_and_form_that_are_replayed_have_their_effect_once(story: Story, quiet: Quiet) -> None:
    user = {"id": story.ids["ada"], "team_id": story.workspace.state.team_id}
    press = {"type": "button", "action_id": "escalate", "block_id": "b", "value": "INC-2026-001"}
    view = {
        "type": "modal",
        "callback_id": "note",
        "private_metadata": '{"number": "INC-2026-001", "channel_id": null}',
        "blocks": [],
        "state": {"values": {"note": {"value": {"type": "plain_text_input", "value": "Once"}}}},
    }
    for payload in (
        {"type": "block_actions", "actions": [press], "user": user, "trigger_id": "once.1"},
        {"type": "view_submission", "view": view, "user": user, "trigger_id": "once.2"},
    ):
        body = urlencode({"payload": json.dumps(payload)}).encode()
        headers = signed(story, body)
        assert set(await asyncio.gather(*(post(story, body, headers) for _ in range(25)))) == {200}
    await story.settle()
    events = await story.events()
    assert events.count("Noted") == 1
    assert events.count("Escalated") == 2  # the declaration's, and one by hand
    quiet.check()


async def test_envelope_that_comes_twice_has_its_effect_once(tmp_path: Path, quiet: Quiet) -> None:
    """As Slack sends it again over the socket when an acknowledgement was lost on the way."""
    async with opened(tmp_path) as story:
        payload = {
            "command": "/incident",
            "text": "declare Only once --service Checkout",
            "user_id": story.ids["ada"],
            "team_id": story.workspace.state.team_id,
            "channel_id": story.workspace.channel("general").id,
            "trigger_id": "once",
            "response_url": f"{story.workspace.url}/hooks/unknown",
        }
        line = story.workspace._line
        acks = [await line.send(story.installed, "command", payload) for _ in range(5)]
        acks += await asyncio.gather(*(line.send(story.installed, "command", payload) for _ in range(20)))
        await story.settle()
        assert all(ack.ok for ack in acks)
        assert (await story.events()).count("Declared") == 1
        assert "INC-2026-002" not in (await story.person("ada").types("list all")).text
        quiet.check()


async def test_commands_that_share_a_trigger_are_each_carried_out(story: Story) -> None:
    """Slack gives each its own; other senders may not, and what somebody typed must not vanish."""
    ada = story.person("ada")
    asked = {
        "command": "/incident",
        "user_id": ada.id,
        "channel_id": story.workspace.channel("general").id,
        "trigger_id": "1.2.3",
    }
    for words in ("declare Checkout is down", "ack INC-2026-001", "note INC-2026-001 It is the certificate"):
        body = urlencode(asked | {"text": words}).encode()
        assert await post(story, body, signed(story, body)) == 200
    await story.settle()
    assert "Declared" in await story.events("INC-2026-002")
    events = await story.events()
    assert [events.count(one) for one in ("Acknowledged", "Noted")] == [1, 1]


async def test_forms_that_share_an_id_are_each_carried_out(story: Story) -> None:
    user = {"id": story.ids["ada"], "team_id": story.workspace.state.team_id}
    for number in ("INC-2026-001", "INC-2026-002"):
        await story.person("ada").types("declare One of two")
        view = {
            "id": "V1",
            "type": "modal",
            "callback_id": "note",
            "private_metadata": json.dumps({"number": number, "channel_id": None}),
            "blocks": [],
            "state": {"values": {"note": {"value": {"type": "plain_text_input", "value": "Once"}}}},
        }
        payload = {"type": "view_submission", "view": view, "user": user, "trigger_id": "1.2.3"}
        body = urlencode({"payload": json.dumps(payload)}).encode()
        for _ in range(2):
            assert await post(story, body, signed(story, body)) == 200
        await story.settle()
        assert (await story.events(number)).count("Noted") == 1


async def test_form_that_names_another_address_is_carried_out_and_nobody_else_told(story: Story) -> None:
    """`private_metadata` comes back from outside: whoever writes it must not be sent what is confidential."""
    asked: list[object] = []
    elsewhere = await asyncio.start_server(lambda *_: asked.append(1), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{elsewhere.sockets[0].getsockname()[1]}/"
    for url in (
        address,
        address.replace("http://", f"{story.workspace.api_url}@").replace("/api/", ""),
        "http://[",
    ):
        metadata = json.dumps({"number": "INC-2026-001", "channel_id": None, "card_url": url})
        filled = {"note": {"value": {"type": "plain_text_input", "value": "the disk is full"}}}
        view = {"type": "modal", "id": f"V{url}", "callback_id": "note", "private_metadata": metadata}
        form = {"type": "view_submission", "user": {"id": story.ids["ada"]}, "trigger_id": f"{url} 1"}
        body = urlencode(
            {"payload": json.dumps(form | {"view": view | {"state": {"values": filled}}})}
        ).encode()
        assert await post(story, body, signed(story, body)) == 200
    await story.settle()
    assert (await story.events("INC-2026-001")).count("Noted") == 3
    elsewhere.close()
    assert asked == []
