"""Slack loses answers, asks to wait, and mixes things up: nothing is lost, doubled, hurried or held up."""

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bot.domain.delivery import ClaimedDelivery, DeliveryKind, Outcome
from bot.slack import client
from bot.workspace.web_api import Call
from tests.faults.doses import dose
from tests.scenarios.outages import declares, fail, pass_by, types
from tests.story import Story, opened, unsettled

#: What does something that could be done twice.
METHODS = (
    "chat.postMessage",
    "chat.update",
    "conversations.create",
    "conversations.invite",
    "conversations.open",
    "conversations.setTopic",
    "pins.add",
    "bookmarks.add",
)


def posts(story: Story, channel: str) -> list[Call]:
    """Every attempt to post into the channel, oldest first."""
    return [
        one
        for one in story.workspace.calls
        if one.method == "chat.postMessage" and one.args["channel"] == channel
    ]


@pytest.mark.parametrize("method", METHODS)
async def test_what_was_done_but_not_answered_is_done_once(tmp_path: Path, method: str) -> None:
    async with opened(tmp_path) as story:
        story.workspace.rate_limits.enabled = False
        story.tolerated.add("already_pinned")
        incidents = dose(3, 25)
        for n in range(1, incidents + 1):
            story.workspace.faults.add(method, after_work=True, times=2)
            await declares(story, f"trouble {n}")
        await story.settle()
        lost = [one for one in story.workspace.calls if one.method == method and one.http_status == 0]
        assert len(lost) >= incidents
        channels = [one for one in story.workspace.state.channels.values() if one.name.startswith("inc-")]
        assert len(channels) == incidents
        assert {(len(one.pins), len(one.bookmarks)) for one in channels} == {(1, 1)}
        assert len(story.person("farid").pages) == incidents


@pytest.mark.parametrize("seconds", [1, 30, 120])
async def test_who_was_asked_to_wait_waits_and_pages_do_not(tmp_path: Path, seconds: int) -> None:
    """The wait is the channel's: what goes elsewhere goes on."""
    async with opened(tmp_path) as story:
        story.tolerated.add("ratelimited")
        await declares(story)
        await story.settle()
        channel = await story.channel()
        notes = dose(15, 1000)
        for n in range(notes):
            await types(story, "ben", f"note INC-2026-001 {n}")
        story.workspace.faults.add("chat.postMessage", "ratelimited", retry_after=seconds, channel=channel)
        await pass_by(story, 2)
        await declares(story, "another")
        await pass_by(story, 2)
        assert len(story.person("farid").pages) == 2
        assert len(posts(story, channel)) < notes
        await story.settle()
        attempts = posts(story, channel)
        (refused,) = [n for n, one in enumerate(attempts) if one.http_status == 429]
        assert attempts[refused + 1].at - attempts[refused].at >= seconds
        taken = [one.at for one in attempts if one.http_status == 200]
        assert [gap for one, next_one in pairwise(taken) if (gap := next_one - one) < 0.9] == []


async def test_messages_to_fifty_channels_keep_the_pace_of_each_and_a_page_overtakes_them(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as story:
        story.workspace.rate_limits.enabled = False
        channels, notes = dose(5, 50), dose(4, 20)
        for n in range(channels):
            await types(story, "ada", f"declare trouble {n} --service Search")
        await story.settle()
        fail(story, "chat.*", error="ratelimited", retry_after=1)
        for n in range(channels * notes):
            await types(story, "ben", f"note INC-2026-{n % channels + 1:03} {n}")
        story.workspace.faults.clear()
        await declares(story, "another")
        await pass_by(story, 3)
        assert len(story.person("farid").pages) == 1
        now = story.clock.now()
        assert await story.app.database.read(lambda tx: unsettled(tx, now)) >= channels
        await story.settle()
        for channel in [one.id for one in story.workspace.state.channels.values()]:
            taken = [one.at for one in posts(story, channel) if one.http_status == 200]
            assert [gap for one, later in pairwise(taken) if (gap := later - one) < 0.9] == []


async def test_channel_in_which_slack_hangs_delays_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 2)
    async with opened(tmp_path) as story:
        for title in ("hangs", "goes on"):
            await types(story, "ada", f"declare {title} --service Search")
        await story.settle()
        hanging, other = [await story.channel(f"INC-2026-00{n}") for n in (1, 2)]
        fail(story, "chat.postMessage", hang_seconds=60, drop=True, channel=hanging)
        for n in range(5):
            for number in (1, 2):
                channel = story.workspace.channel("general").id
                text = f"note INC-2026-00{number} {n}"
                await story.workspace.command(story.ids["ben"], channel, "/incident", text)
        before = len(story.workspace.messages(other))
        async with asyncio.timeout(60):
            while len(story.workspace.messages(other)) < before + 4:
                story.clock.forward(seconds=1)
                await asyncio.sleep(0.02)
        assert posts(story, hanging)[-1].http_status == 0
        story.workspace.faults.clear()
        await story.settle()


async def test_events_out_of_order_and_envelopes_that_come_twice_change_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as story:
        story.workspace.rate_limits.enabled = False  # so many channels are more than Slack makes in a minute
        story.workspace.deliver_twice(dose(20, 1000))
        story.workspace.swap_events(5)
        for n in range(dose(5, 200)):
            await types(story, "ada", f"declare trouble {n} --service Search")
        await story.settle()
        channels = Counter(
            one.name.split("-", 3)[2]
            for one in story.workspace.state.channels.values()
            if one.name.startswith("inc-")
        )
        assert len(channels) == dose(5, 200)
        assert set(channels.values()) == {1}


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_who_is_told_to_reconnect_does_and_hears_everything(tmp_path: Path, reason: str) -> None:
    async with opened(tmp_path) as story:
        for n in range(3):
            await story.workspace.disconnect(reason)
            await story.workspace.until(lambda: story.workspace.connected)
            await types(story, "ada", f"declare trouble {n}")
        await story.settle()
        assert (
            len([one for one in story.workspace.state.channels.values() if one.name.startswith("inc-")]) == 3
        )


async def test_noisy_incident_delays_no_other_and_its_views_stay_small(tmp_path: Path) -> None:
    async with opened(tmp_path) as story:
        await declares(story, "noise")
        for n in range(dose(80, 5000)):
            await types(story, "ben", f"note INC-2026-001 {n}")
        await declares(story, "another")
        await pass_by(story, 10)
        waiting = len(await story.entries()) - len(await story.said())
        assert waiting > 50
        assert len(story.person("farid").pages) == 2
        assert len(await story.said("INC-2026-002")) >= len(await story.entries("INC-2026-002"))
        shown = (await story.person("ada").types("timeline INC-2026-001")).message
        assert shown is not None
        assert len(shown["blocks"]) <= 50
        assert len(str((await story.card())["blocks"])) < 10_000


async def test_message_that_another_process_may_have_taken_up_is_not_posted(tmp_path: Path) -> None:
    """The process stood still between taking it up and sending it; once it is ours again, it goes out."""
    async with opened(tmp_path) as story:
        carried, ours = story.app.outbox._deliverers[DeliveryKind.PAGE], [False, False, True]

        async def hesitant(delivery: ClaimedDelivery) -> Outcome:
            is_ours = ours.pop(0)
            return await carried(replace(delivery, is_ours=lambda: is_ours))

        story.app.outbox._deliverers = {**story.app.outbox._deliverers, DeliveryKind.PAGE: hesitant}
        await declares(story)
        async with asyncio.timeout(10):
            while len(ours) == 3:  # noqa: ASYNC110 - a test waits from outside
                await asyncio.sleep(0.001)
        assert story.person("farid").pages == []
        await story.settle()
        assert ours == []
        assert len(story.person("farid").pages) == 1
