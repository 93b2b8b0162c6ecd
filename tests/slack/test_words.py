"""What a person reads in a message: its text as typed, else what its blocks and attachments show."""

from typing import Any

import pytest

from bot.slack.words import words
from tests.story import Json


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


RICH: Json = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "disk &gt; 90 % on "},
                {"type": "link", "url": "https://db.example", "text": "db-1"},
                {"type": "text", "text": " "},
                {"type": "emoji", "name": "fire"},
            ],
        },
        {
            "type": "rich_text_list",
            "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "first"}]},
                {"type": "rich_text_section", "elements": [{"type": "link", "url": "https://x.example"}]},
            ],
        },
    ],
}


@pytest.mark.parametrize(
    ("message", "read"),
    [
        ({"text": "p99 &gt; 3s &amp; &lt;rising&gt;"}, "p99 > 3s & <rising>"),
        ({"text": " said ", "attachments": [{"title": "shown"}], "blocks": [RICH]}, "said"),
        ({"attachments": [{"fallback": "[FIRING] disk"}]}, "[FIRING] disk"),
        ({"text": "", "attachments": [{"fallback": "f", "title": "a &lt; b", "text": "c"}]}, "a < b\nc"),
        ({"attachments": [{"text": "one"}, {"fallback": "two"}]}, "one\ntwo"),
        (
            {"attachments": [{"fallback": "[no preview available]", "blocks": [RICH["elements"][0]]}]},
            "disk > 90 % on db-1 :fire:",
        ),
        (
            {
                "text": "This content can't be displayed.",
                "blocks": [{"type": "header", "text": plain("Down")}],
            },
            "Down",
        ),
        ({"blocks": [RICH]}, "disk > 90 % on db-1 :fire:\nfirst\nhttps://x.example"),
        (
            {
                "blocks": [
                    {"type": "header", "text": plain("Down")},
                    {"type": "section", "text": {"type": "mrkdwn", "text": "since &lt;noon&gt;"}},
                    {"type": "section", "fields": [plain("one"), plain("two")]},
                    {"type": "context", "elements": [{"type": "mrkdwn", "text": "by Grafana"}]},
                    {"type": "actions", "elements": [{"type": "button", "text": plain("Silence")}]},
                ]
            },
            "Down\nsince <noon>\none\ntwo\nby Grafana",
        ),
        ({}, ""),
    ],
)
def test_what_a_person_reads_is_taken(message: Json, read: str) -> None:
    assert words(message) == read


def deep(levels: int) -> Any:
    found: Any = "at the bottom"
    for _ in range(levels):
        found = {"type": "section", "elements": [found]}
    return found


@pytest.mark.parametrize(
    "message",
    [
        {"text": 7, "blocks": "x", "attachments": {"a": 1}},
        {"text": None, "blocks": [None, 7, [], {"type": []}], "attachments": [None, {"title": []}]},
        {"blocks": [{"type": "rich_text_section", "elements": [None, {"type": "user"}, {"text": {}}]}]},
    ],
)
def test_what_slack_never_sends_says_nothing(message: Json) -> None:
    assert words(message).replace("x", "") == ""


def test_blocks_may_be_as_deep_as_they_like() -> None:
    assert words({"blocks": [deep(5_000)]}) == "at the bottom"
