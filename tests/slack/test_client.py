"""The client that asks Slack: how long it waits, whatever Slack does."""

import asyncio

import aiohttp
import pytest

from bot.slack import client
from tests.story import Story


async def test_slack_that_hangs_is_waited_for_no_longer_than_we_say(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that comes after a minute finds nobody: then this would be no time-out, but its refusal."""
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.2)
    async with aiohttp.ClientSession() as session:
        url, clock = story.workspace.api_url, story.clock
        slack = client.connect(story.installed.bot_token, url, session, clock.world)
        story.workspace.faults.add("chat.postMessage", "internal_error", hang_seconds=60)
        with pytest.raises(TimeoutError):
            await slack.chat_postMessage(channel=story.workspace.channel("general").id, text="Oh no")


async def test_what_may_not_go_out_when_it_is_written_stays_here(story: Story) -> None:
    """It might when it was begun."""
    channel = story.workspace.channel("general")
    async with client.session() as session:
        slack = client.connect(story.installed.bot_token, story.workspace.api_url, session, story.clock.world)
        permission = ["granted"]
        asyncio.get_running_loop().call_soon(permission.clear)
        with pytest.raises(client.HeldBack), client.asking(lambda: bool(permission)):
            await slack.chat_postMessage(channel=channel.id, text="too late")
        await slack.chat_postMessage(channel=channel.id, text="in time")
    said = [one["text"] for one in story.workspace.messages(channel.id)]
    assert "in time" in said
    assert "too late" not in said
