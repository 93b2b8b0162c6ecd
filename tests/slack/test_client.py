"""The client that asks Slack: how long it waits, whatever Slack does."""

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
