"""A Slack that says no more than it must: gateways and stand-ins leave out what they think nobody reads."""

from typing import Any

import pytest

from bot.workspace.web_api import WebApi
from tests.quiet import Quiet
from tests.story import Story

#: What an answer is about; all else is left out.
_NEEDED = {
    *("ok", "error", "url", "user", "user_id", "users", "id", "name", "handle", "ts", "channel", "channels"),
    *("messages", "metadata", "event_type", "event_payload", "delivery", "view", "bookmarks", "permalink"),
    *("usergroup", "usergroups", "response_metadata", "next_cursor"),
}


def terse(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: terse(value) for name, value in answer.items() if name in _NEEDED}
    return [*map(terse, answer)] if isinstance(answer, list) else answer


async def test_life_of_an_incident(story: Story, quiet: Quiet, monkeypatch: pytest.MonkeyPatch) -> None:
    work = WebApi._work
    monkeypatch.setattr(WebApi, "_work", lambda *asked: terse(work(*asked)))
    ada = story.person("ada")
    assert "Declared." in (await ada.types("declare Checkout is down --sev SEV1")).text
    await story.forward(minutes=15)
    for words in ("ack 1", "page INC-1 @ben Please help", "resolve INC-1 Rolled back", "show 1", "oncall"):
        assert (await ada.types(words)).is_ok
    events = await story.events()
    assert {"Escalated", "Acknowledged", "Paged", "Resolved"} <= {*events}
    assert [message["text"] for message in story.workspace.messages("incidents")]
    quiet.check()
