"""Block Kit: what Slack lets through, and where it says a mistake is."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.workspace.blocks import checked_message, view_problems
from bot.workspace.errors import SlackError
from bot.workspace.state import State
from tests.workspace.conftest import House
from tests.workspace.samples import BUTTON, MODAL


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "go", "text": plain("Go"), **more}


def menu(count: int, **more: Any) -> dict[str, Any]:
    options = [{"text": plain(f"o{n}"), "value": str(n)} for n in range(count)]
    return {"type": "static_select", "action_id": "pick", "options": options, **more}


def actions(*elements: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def problems(*blocks: Any) -> list[str]:
    try:
        checked_message(State("Acme", lambda: 0.0), list(blocks))
    except SlackError as error:
        return list(error.more["errors"])
    return []


CONFIRM = {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No")}


@pytest.mark.parametrize(
    "block",
    [
        section("x" * 3000),
        {"type": "header", "text": plain("h" * 150)},
        {"type": "context", "elements": [plain("a")] * 10},
        {"type": "section", "fields": [plain("a" * 2000)] * 10},
        actions(*(button(action_id=str(n)) for n in range(25))),
        actions(button(value="v" * 2000, confirm=CONFIRM, style="danger", url="https://example.com")),
        actions(menu(100, initial_option={"text": plain("o3"), "value": "3"})),
        {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"},
        {"type": "rich_text", "elements": []},
    ],
)
def test_blocks_at_their_limit_pass(block: dict[str, Any]) -> None:
    assert problems(block) == []


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        (section("x" * 3001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        ({"type": "section"}, "must define either `text` or `fields` [json-pointer:/blocks/0]"),
        ({"type": "header", "text": {"type": "mrkdwn", "text": "h"}}, "must be one of: plain_text"),
        ({"type": "header", "text": plain("h" * 151)}, "must be less than 151 characters"),
        ({"type": "section", "fields": [plain("a")] * 11}, "no more than 10 items allowed"),
        ({"type": "context", "elements": [plain("a")] * 11}, "no more than 10 items allowed"),
        ({"type": "context", "elements": [button()]}, "unsupported type: button"),
        (actions(), "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
        (actions(*(button(action_id=str(n)) for n in range(26))), "no more than 25 items allowed"),
        (actions(button(), button()), "`action_id` already exists: go"),
        (actions(button(text=plain("x" * 76))), "must be less than 76 characters"),
        (actions(button(value="v" * 2001)), "must be less than 2001 characters"),
        (actions(button(action_id="v" * 256)), "must be less than 256 characters"),
        (actions(button(style="loud")), "must be one of: primary, danger"),
        (actions(button(colour="red")), "invalid additional property: colour"),
        (actions({"type": "button", "action_id": "a"}), "missing required field: text"),
        (actions(button(confirm={**CONFIRM, "title": plain("t" * 101)})), "must be less than 101 characters"),
        (actions(button(confirm={"title": plain("t")})), "missing required field: text"),
        (actions(menu(101)), "no more than 100 items allowed"),
        (
            actions({"type": "static_select", "action_id": "a"}),
            "must define either `options` or `option_groups`",
        ),
        (
            actions(menu(2, initial_option={"text": plain("o9"), "value": "9"})),
            "initial option is not one of",
        ),
        ({"type": "jingle"}, "unsupported type: jingle [json-pointer:/blocks/0/type]"),
        ({"type": ["divider"]}, "unsupported type"),
        ("divider", "must provide an object [json-pointer:/blocks/0]"),
        ({"type": "divider", "block_id": "b" * 256}, "must be less than 256 characters"),
        ({"type": "image", "image_url": "https://example.com/a.png"}, "missing required field: alt_text"),
    ],
)
def test_each_mistake_is_pointed_at(block: Any, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems(block)), problems(block)


def test_messages_hold_fifty_blocks_with_unique_ids() -> None:
    assert problems(*[{"type": "divider"}] * 50) == []
    assert "no more than 50 items allowed [json-pointer:/blocks]" in problems(*[{"type": "divider"}] * 51)
    twice = problems({"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"})
    assert twice == ["`block_id` already exists: b [json-pointer:/blocks/1/block_id]"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"title": plain("t" * 25)}, "must be less than 25 characters [json-pointer:/view/title/text]"),
        ({"title": None}, "missing required field: title"),
        ({"submit": None}, "must define `submit` to use an `input` block in modals"),
        ({"private_metadata": "m" * 3001}, "must be less than 3001 characters"),
        ({"callback_id": "c" * 256}, "must be less than 256 characters"),
        ({"type": "home"}, "must be modal"),
        ({"blocks": None}, "must provide an array [json-pointer:/view/blocks]"),
        ({"blocks": [{"type": "divider"}] * 101}, "no more than 100 items allowed"),
        ({"sparkle": True}, "invalid additional property: sparkle"),
    ],
)
def test_modals_are_held_to_their_limits(change: dict[str, Any], problem: str) -> None:
    found = view_problems({**MODAL, **change}, "modal")
    assert any(one.startswith(problem) for one in found), found


def test_a_right_modal_has_no_problems() -> None:
    assert view_problems(MODAL, "modal") == []
    assert view_problems({"type": "home", "blocks": [BUTTON]}, "home") == []


async def test_refused_blocks_are_explained_to_the_app(house: House) -> None:
    with pytest.raises(SlackApiError) as refused:
        await house.client.chat_postMessage(channel=house.general, text="x", blocks=[{"type": "jingle"}])
    answer = refused.value.response
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] unsupported type: jingle [json-pointer:/blocks/0/type]"
    ]
    assert house.workspace.messages(house.general) == []
