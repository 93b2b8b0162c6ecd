"""The workspace fails for a while: by the clock, on the network, on the socket, and towards the app."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from tests.workspace.conftest import Clock, House


async def test_a_fault_lasts_for_its_span_and_then_is_over(house: House, clock: Clock) -> None:
    house.workspace.faults.add("chat.*", "internal_error", seconds=60)
    for _ in range(3):
        with pytest.raises(SlackApiError, match="internal_error"):
            await house.client.chat_postMessage(channel=house.general, text="x")
        clock.forward(19)
    await house.client.auth_test()
    clock.forward(3)
    await house.client.chat_postMessage(channel=house.general, text="over")
    assert [one["text"] for one in house.workspace.messages(house.general)] == ["over"]


async def test_a_span_may_end_early_after_so_many_calls(house: House) -> None:
    house.workspace.faults.add("auth.test", http_status=500, seconds=60, times=1)
    with pytest.raises(SlackApiError):
        await house.client.auth_test()
    await house.client.auth_test()


async def test_refused_connections_are_taken_again_later(house: House, bolt: AsyncApp) -> None:
    await house.connect(bolt)
    await house.workspace.refuse()
    with pytest.raises(aiohttp.ClientConnectorError):
        await house.client.auth_test()
    await house.workspace.until(lambda: not house.workspace.connected)
    await house.workspace.accept()
    await house.client.auth_test()


async def test_a_frozen_socket_answers_no_ping_and_brings_nothing(house: House) -> None:
    answer = await house.client.apps_connections_open(app_token=house.app.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(answer["url"], autoping=False) as ws:
        assert (await ws.receive_json())["type"] == "hello"
        await ws.ping(b"1")
        assert (await ws.receive()).data == b"1"
        house.workspace.freeze()
        await ws.ping(b"2")
        ack = await house.workspace.command(house.ada.id, house.general, "/incident", "help")
        assert ack.timed_out
        assert not ws.closed
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0.05)


async def test_an_envelope_delivered_twice_comes_at_the_same_moment(house: House, bolt: AsyncApp) -> None:
    seen: list[str] = []

    @bolt.command("/incident")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body["trigger_id"])
        await ack()

    await house.connect(bolt)
    house.workspace.deliver_twice()
    assert (await house.workspace.command(house.ada.id, house.general, "/incident", "help")).ok
    assert (await house.workspace.command(house.ada.id, house.general, "/incident", "help")).ok
    assert len(seen) == 3
    assert seen[0] == seen[1] != seen[2]


async def test_a_swapped_event_arrives_after_the_next(house: House, bolt: AsyncApp) -> None:
    said: list[str] = []

    @bolt.event("app_mention")
    async def mention(event: dict[str, Any]) -> None:
        said.append(event["text"].split()[-1])

    await house.connect(bolt)
    house.workspace.swap_events()
    for word in ("first", "second", "third"):
        await house.workspace.say(house.ada.id, house.general, f"<@{house.app.bot_user_id}> {word}")
        await asyncio.sleep(0)
    await house.workspace.events.settled()
    assert len(said) == 3
    assert said.index("second") < said.index("first")


async def test_a_revoked_token_is_good_again_when_it_is_given_back(house: House) -> None:
    house.app.token_error = "token_revoked"
    with pytest.raises(SlackApiError, match="token_revoked"):
        await house.client.auth_test()
    house.app.token_error = ""
    await house.client.auth_test()
