"""Rate limits follow the clock; ordered faults fail as the network and Slack fail."""

import asyncio
import time

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.workspace.conftest import Clock, House


async def test_a_channel_takes_a_message_a_second(house: House, clock: Clock) -> None:
    for _ in range(4):
        await house.client.chat_postMessage(channel=house.general, text="burst")
    with pytest.raises(SlackApiError) as refused:
        await house.client.chat_postMessage(channel=house.general, text="too soon")
    answer = refused.value.response
    assert (answer.status_code, answer["error"], answer.headers["Retry-After"]) == (429, "ratelimited", "1")
    await house.client.chat_postMessage(channel=house.ada.id, text="another channel")
    clock.forward(1)
    await house.client.chat_postMessage(channel=house.general, text="in time")
    assert len(house.workspace.messages(house.general)) == 5


async def test_tier_two_stops_after_twenty_calls(house: House, clock: Clock) -> None:
    for number in range(20):
        await house.client.conversations_create(name=f"c{number}")
    with pytest.raises(SlackApiError) as refused:
        await house.client.conversations_create(name="c20")
    assert refused.value.response.headers["Retry-After"] == "3"
    clock.forward(3)
    await house.client.conversations_create(name="c20")


async def test_limits_can_be_switched_off(house: House) -> None:
    house.workspace.rate_limits.enabled = False
    for _ in range(30):
        await house.client.chat_postMessage(channel=house.general, text="x")
    assert len(house.workspace.messages(house.general)) == 30


async def test_a_fault_meets_only_what_it_names(house: House) -> None:
    house.workspace.faults.add("chat.postMessage", "internal_error", channel=house.general)
    await house.client.chat_postMessage(channel=house.ada.id, text="fine")
    with pytest.raises(SlackApiError, match="internal_error"):
        await house.client.chat_postMessage(channel=house.general, text="x")
    await house.client.chat_postMessage(channel=house.general, text="fine again")
    assert [m["text"] for m in house.workspace.messages(house.general)] == ["fine again"]


async def test_a_lost_answer_leaves_the_work_done(house: House) -> None:
    house.workspace.faults.add("chat.postMessage", after_work=True)
    with pytest.raises(aiohttp.ClientError):
        await house.client.chat_postMessage(channel=house.general, text="once")
    assert [m["text"] for m in house.workspace.messages(house.general)] == ["once"]
    assert house.workspace.calls[-1].http_status == 0


async def test_a_dropped_connection_does_no_work(house: House) -> None:
    house.workspace.faults.add("*", drop=True)
    with pytest.raises(aiohttp.ClientError):
        await house.client.chat_postMessage(channel=house.general, text="never")
    assert house.workspace.messages(house.general) == []


async def test_broken_gateways_answer_with_html(house: House) -> None:
    house.workspace.faults.add("auth.test", http_status=502)
    async with aiohttp.request("POST", f"{house.workspace.api_url}auth.test") as answer:
        assert (answer.status, answer.content_type) == (502, "text/html")


async def test_ordered_rate_limits_name_their_wait(house: House) -> None:
    house.workspace.faults.add("chat.update", "ratelimited", retry_after=30, times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError) as refused:
            await house.client.chat_update(channel=house.general, ts="1.1", text="x")
        assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (
            429,
            "30",
        )


async def test_stopping_ends_calls_that_hang(house: House) -> None:
    house.workspace.faults.add("auth.test", hang_seconds=60)
    hanging = asyncio.create_task(house.client.auth_test())
    await house.workspace.until(lambda: house.workspace.calls)
    started = time.monotonic()
    await house.workspace.stop()
    with pytest.raises(aiohttp.ClientError):
        await hanging
    assert time.monotonic() - started < 5
