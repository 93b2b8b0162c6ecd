"""Response URLs: five answers in half an hour, replacing and deleting what was pressed."""

from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp

from tests.workspace.conftest import Clock, House
from tests.workspace.samples import BUTTON


@pytest.fixture
async def urls(house: House, bolt: AsyncApp) -> list[str]:
    """The response URL of each command and press."""
    seen: list[str] = []

    @bolt.command("/incident")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body["response_url"])
        await ack(text="pick", blocks=[BUTTON])

    @bolt.action("ack")
    async def press(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body["response_url"])
        await ack()

    await house.connect(bolt)
    return seen


async def answer(url: str, **fields: Any) -> tuple[int, str]:
    async with aiohttp.request("POST", url, json=fields) as response:
        return response.status, await response.text()


async def test_answers_end_after_five(house: House, urls: list[str]) -> None:
    await house.workspace.command(house.ada.id, house.general, "/incident")
    for number in range(5):
        assert await answer(urls[0], text=str(number)) == (200, "ok")
    status, body = await answer(urls[0], text="six")
    assert (status, "used_url" in body) == (404, True)


async def test_answers_end_after_half_an_hour(house: House, clock: Clock, urls: list[str]) -> None:
    await house.workspace.command(house.ada.id, house.general, "/incident")
    clock.forward(30 * 60 + 1)
    status, body = await answer(urls[0], text="late")
    assert (status, "expired_url" in body) == (404, True)


async def test_answers_are_ephemeral_unless_in_channel(house: House, urls: list[str]) -> None:
    await house.workspace.command(house.ada.id, house.general, "/incident")
    await answer(urls[0], text="for you")
    await answer(urls[0], text="for all", response_type="in_channel")
    assert [m["text"] for m in house.workspace.ephemerals(house.ada.id)] == ["pick", "for you"]
    assert [m["text"] for m in house.workspace.messages(house.general)] == ["for all"]


async def test_a_pressed_ephemeral_is_replaced_and_deleted(house: House, urls: list[str]) -> None:
    await house.workspace.command(house.ada.id, house.general, "/incident")
    (shown,) = house.workspace.ephemerals(house.ada.id)
    await house.workspace.press(house.ada.id, house.general, shown["ts"], "ack")
    await answer(urls[-1], text="taken", replace_original=True)
    (replaced,) = house.workspace.ephemerals(house.ada.id)
    assert (replaced["text"], replaced["ts"], "blocks" in replaced) == ("taken", shown["ts"], False)
    await answer(urls[-1], delete_original=True)
    assert house.workspace.ephemerals(house.ada.id) == []


async def test_a_pressed_message_is_replaced_for_all(house: House, urls: list[str]) -> None:
    posted = await house.client.chat_postMessage(channel=house.ada.id, text="page", blocks=[BUTTON])
    await house.workspace.press(house.ada.id, posted["channel"], posted["ts"], "ack")
    await answer(urls[-1], text="acknowledged", replace_original=True)
    assert [m["text"] for m in house.workspace.dm(house.ada.id)] == ["acknowledged"]


async def test_bad_answers_are_refused(house: House, urls: list[str]) -> None:
    await house.workspace.command(house.ada.id, house.general, "/incident")
    assert (await answer(urls[0], blocks=[{"type": "jingle"}]))[0] == 400
    assert (await answer(urls[0]))[0] == 400
    assert (await answer(f"{house.workspace.url}/hooks/unknown", text="x"))[0] == 404
