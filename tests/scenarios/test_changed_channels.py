"""What people do to an incident's channel in Slack: its timeline, its people and its pages go on."""

from pathlib import Path

import pytest

from bot.workspace.state import Channel
from tests.story import Story, text_of


@pytest.fixture
async def story(story: Story) -> Story:
    """An incident that Ada declared and Farid is on call for."""
    await story.person("ada").types("declare Leak --sev SEV1 --service Checkout")
    return story


async def channel_of(story: Story) -> Channel:
    return story.workspace.channel(await story.channel())


async def made_private(story: Story) -> Channel:
    channel = await channel_of(story)
    channel.kind = "private"
    story.tolerated |= {"missing_scope"}
    return channel


async def writes(story: Story, name: str, *texts: str) -> None:
    """Somebody types commands in the channel, one after another."""
    channel = await story.channel()
    for text in texts:
        ack = await story.workspace.command(story.ids[name], channel, "/incident", text)
        assert ack.ok
        await story.settle()


async def test_private_channel_to_which_nobody_can_be_invited_gets_the_lines_that_follow(
    story: Story,
) -> None:
    await made_private(story)
    await writes(story, "farid", "page @ben come", "note the secret is rotated")
    said = await story.said()
    assert "the secret is rotated" in said[-1]
    (why,) = [one for one in said if "invitation" in one]
    assert why == (
        ":warning: The invitation of Ben Li failed: "
        "the app lacks the scope groups:write, which private channels need (missing_scope)"
    )
    assert len(story.person("ben").pages) == 1


async def test_who_left_the_channel_is_invited_when_they_are_needed_again(story: Story) -> None:
    channel, farid, ben = await channel_of(story), story.ids["farid"], story.ids["ben"]
    await writes(story, "farid", "page @ben come", "ack")
    for again in ("page @ben once more", "assign @ben"):
        channel.members.remove(ben)
        await writes(story, "farid", again)
        assert ben in channel.members
    channel.members.remove(farid)
    await writes(story, "ben", "resolve rotated", "reopen it is back")
    assert farid in channel.members


async def test_bot_that_was_removed_from_the_channel_joins_it_again(story: Story) -> None:
    channel, bot = await channel_of(story), story.installed.bot_user_id
    story.tolerated |= {"not_in_channel"}
    channel.members.remove(bot)
    await writes(story, "farid", "page @ben come")
    assert {bot, story.ids["ben"]} <= set(channel.members)
    channel.members.remove(bot)
    await writes(story, "farid", "resolve rotated")
    assert "Resolved" in channel.topic
    assert "DeliveryFailed" not in await story.events()


async def test_bot_that_cannot_join_the_channel_says_so(story: Story) -> None:
    channel = await channel_of(story)
    story.tolerated |= {"not_in_channel", "restricted_action"}
    story.workspace.faults.add("conversations.join", error="restricted_action")
    channel.members.remove(story.installed.bot_user_id)
    await writes(story, "farid", "page @ben come", "note the secret is rotated")
    said = await story.said()
    assert len([one for one in said if "The invitation of Ben Li failed" in one]) == 1
    assert "the secret is rotated" in said[-1]


async def test_who_reopens_an_incident_whose_channel_is_archived_is_told(tmp_path: Path) -> None:
    """The line that says so never reaches the channel, so this is a story without the usual last look."""
    story = Story(tmp_path)
    await story.open()
    try:
        await story.person("ada").types("declare Leak --sev SEV1 --service Checkout")
        channel = await channel_of(story)
        await writes(story, "farid", "ack", "resolve rotated", "close done")
        channel.is_archived = True
        await story.person("chloe").types("reopen INC-2026-001 it is back")
        (told,) = story.person("chloe").dm
        assert "A line of the timeline failed: the channel is archived" in text_of(told)
        await story.person("chloe").types("note INC-2026-001 the same leak")
        assert len(story.person("chloe").dm) == 1
        channel.is_archived = False
        await story.person("chloe").types("note INC-2026-001 it is open again")
        assert "it is open again" in (await story.said())[-1]
    finally:
        await story.close()


@pytest.mark.parametrize("error", ["channel_not_found", "msg_too_long"])
async def test_who_writes_what_the_channel_never_takes_is_told(tmp_path: Path, error: str) -> None:
    """Here too the line is missing for good."""
    story = Story(tmp_path)
    await story.open()
    try:
        await story.person("ada").types("declare Leak --sev SEV1 --service Checkout")
        channel = await channel_of(story)
        await writes(story, "farid", "ack")
        story.workspace.faults.add("chat.postMessage", error=error, times=9, channel=channel.id)
        await story.person("chloe").types("note INC-2026-001 do not restart db-1")
        (told,) = story.person("chloe").dm
        assert "A line of the timeline failed" in text_of(told)
        await story.person("chloe").types("note INC-2026-001 nor db-2")
        assert len(story.person("chloe").dm) == 1
    finally:
        await story.close()


async def test_topic_that_cannot_be_set_is_told_once(story: Story) -> None:
    await made_private(story)
    await writes(story, "farid", "status fixing", "status monitoring", "resolve rotated")
    events = await story.events()
    assert events.count("DeliveryFailed") == 1
    assert len([one for one in await story.said() if "topic" in one]) == 1
