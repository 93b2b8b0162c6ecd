"""What the browser page sees and does."""

import aiohttp

from tests.workspace.conftest import House


async def test_page_hears_of_a_message_at_once(house: House) -> None:
    async with aiohttp.ClientSession(house.workspace.url) as page:
        async with page.get("/page/state", params={"user": house.ada.id}) as answer:
            state = await answer.json()
        assert state["me"]["name"] == "ada"
        assert [c["name"] for c in state["channels"]] == ["general-talk"]
        async with page.ws_connect("/page/events", params={"user": house.ada.id}) as events:
            await house.client.chat_postMessage(channel=house.general, text="<!here> look")
            message = await events.receive_json()
            channel = await events.receive_json()
            assert message["type"] == "message"
            assert message["message"]["text"] == "<!here> look"
            assert (channel["channel"]["unread"], channel["channel"]["mentions"]) == (1, 1)


async def test_page_sends_and_reads_messages(house: House) -> None:
    async with aiohttp.ClientSession(house.workspace.url) as page:
        sent = {"user": house.ada.id, "channel": house.general, "text": "hi @ben & co"}
        async with page.post("/page/send", json=sent) as answer:
            assert (await answer.json())["ok"]
        async with page.get(f"/page/channel/{house.general}", params={"user": house.ben.id}) as answer:
            (message,) = (await answer.json())["messages"]
    assert message["text"] == f"hi <@{house.ben.id}> &amp; co"
