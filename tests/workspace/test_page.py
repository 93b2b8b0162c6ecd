"""What the browser page sees and does."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp

from tests.workspace.conftest import House
from tests.workspace.samples import BUTTON, MODAL


class Page:
    """A browser of one person, without the drawing."""

    def __init__(self, session: aiohttp.ClientSession, user: str) -> None:
        self.session = session
        self.user = user

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        async with self.session.get(path, params={"user": self.user, **query}) as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def do(self, verb: str, **asked: Any) -> dict[str, Any]:
        async with self.session.post(f"/page/{verb}", json={"user": self.user, **asked}) as answer:
            done: dict[str, Any] = await answer.json()
            return done

    async def hears(self, events: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
        """The next event of this kind."""
        while (event := await events.receive_json())["type"] != kind:
            continue
        heard: dict[str, Any] = event
        return heard


@pytest.fixture
async def page(house: House) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession(house.workspace.url) as session:
        yield Page(session, house.ada.id)


async def test_page_hears_of_a_message_at_once(house: House, page: Page) -> None:
    async with page.session.ws_connect("/page/events", params={"user": page.user}) as events:
        assert (await events.receive_json()) == {"type": "app", "app": house.app.id, "connected": False}
        await house.client.chat_postMessage(channel=house.general, text="<!here> look")
        message = await events.receive_json()
        channel = await events.receive_json()
    assert (message["type"], message["message"]["text"]) == ("message", "<!here> look")
    assert (channel["channel"]["unread"], channel["channel"]["mentions"]) == (1, 1)
    await page.do("read", channel=house.general)
    (seen,) = (await page.get("/page/state"))["channels"]
    assert (seen["unread"], seen["mentions"]) == (0, 0)


async def test_page_hears_who_is_in_a_user_group(house: House, page: Page) -> None:
    async with page.session.ws_connect("/page/events", params={"user": page.user}) as events:
        group = (await house.client.usergroups_create(name="On call", handle="oncall"))["usergroup"]["id"]
        await house.client.usergroups_users_update(usergroup=group, users=[house.ada.id])
        await page.hears(events, "usergroup")
        heard = (await page.hears(events, "usergroup"))["usergroup"]
        await house.client.usergroups_disable(usergroup=group)
        assert (await page.hears(events, "usergroup"))["usergroup"]["is_disabled"]
    assert (heard["handle"], heard["users"], heard["is_disabled"]) == ("oncall", [house.ada.id], False)
    assert [one["handle"] for one in (await page.get("/page/state"))["usergroups"]] == ["oncall"]


async def test_unread_counts_follow_deletions(house: House, page: Page) -> None:
    for text in ("<@U0ADA> one", "two"):
        last = await house.client.chat_postMessage(channel=house.general, text=text)
    first = house.workspace.messages(house.general)[0]["ts"]
    await house.client.chat_postMessage(channel=house.general, text="aside", thread_ts=first)
    (seen,) = (await page.get("/page/state"))["channels"]
    assert (seen["unread"], seen["mentions"]) == (2, 1)
    await house.client.chat_delete(channel=house.general, ts=last["ts"])
    await house.client.chat_delete(channel=house.general, ts=first)
    (seen,) = (await page.get("/page/state"))["channels"]
    assert (seen["unread"], seen["mentions"]) == (0, 0)


async def test_page_state_names_everything(house: House, page: Page) -> None:
    state = await page.get("/page/state")
    assert state["me"] == {
        "id": "U0ADA",
        "name": "ada",
        "real_name": "Ada Okafor",
        "email": "ada@example.com",
    }
    assert state["apps"][0]["commands"][0]["command"] == "/incident"
    assert [user["name"] for user in state["users"]] == ["tocsin", "ada", "ben", "cy"]
    async with page.session.get("/page/state") as answer:
        assert (await answer.json())["me"]["name"] == "ada"


async def test_private_places_stay_hidden(house: House, page: Page) -> None:
    secret = house.workspace.add_channel("secret", members=[house.ben, house.app], private=True)
    await house.client.chat_postMessage(channel=secret, text="hush")
    assert [c["name"] for c in (await page.get("/page/state"))["channels"]] == ["general-talk"]
    assert not (await page.get(f"/page/channel/{secret}"))["ok"]


async def test_page_sends_joins_and_reacts(house: House, page: Page) -> None:
    open_to_all = house.workspace.add_channel("lobby", members=[house.ben])
    assert (await page.do("send", channel=open_to_all, text="hi"))["error"] == "ada is not in lobby."
    await page.do("join", channel=open_to_all)
    sent = await page.do("send", channel=open_to_all, text="hi @ben & co in #general-talk")
    await page.do("react", channel=open_to_all, ts=sent["ts"], name="wave")
    (message,) = (await page.get(f"/page/channel/{open_to_all}"))["messages"]
    assert message["text"] == f"hi <@{house.ben.id}> &amp; co in <#{house.general}|general-talk>"
    assert message["reactions"] == [{"name": "wave", "users": ["U0ADA"], "count": 1}]


async def test_page_walks_from_command_to_submission(house: House, page: Page, bolt: AsyncApp) -> None:
    @bolt.command("/incident")
    async def ask(ack: Any, body: dict[str, Any], client: Any) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)
        await ack("opening")

    @bolt.view("declare")
    async def declare(ack: Any, view: dict[str, Any], client: Any) -> None:
        title = view["state"]["values"]["title"]["text"]["value"]
        if title == "?":
            await ack(response_action="errors", errors={"title": "Say more."})
            return
        await client.chat_postMessage(channel=house.general, text=title, blocks=[BUTTON])
        await ack()

    @bolt.action("ack")
    async def acknowledge(ack: Any, respond: Any) -> None:
        await ack()
        await respond("done", replace_original=True)

    await house.connect(bolt)
    async with page.session.ws_connect("/page/events", params={"user": page.user}) as events:
        assert await page.do("command", channel=house.general, command="/incident", text="") == {"ok": True}
        (view,) = (await page.hears(events, "views"))["views"]
        assert (await page.hears(events, "ephemeral"))["message"]["text"] == "opening"

        def typed(text: str) -> dict[str, Any]:
            return {"values": {"title": {"text": {"type": "plain_text_input", "value": text}}}}

        empty = await page.do("submit", view_id=view["id"], state=typed(""))
        assert empty["errors"] == {"title": "Please complete this required field."}
        wrong = await page.do("submit", view_id=view["id"], state=typed("?"))
        assert wrong["errors"] == {"title": "Say more."}
        assert await page.do("submit", view_id=view["id"], state=typed("db is down")) == {"ok": True}
        message = (await page.hears(events, "message"))["message"]
        assert (await page.hears(events, "views"))["views"] == []
        meant = {"in": "message", "channel": house.general, "ts": message["ts"], "block_id": "acts"}
        assert await page.do("action", **meant, action_id="ack", value="7") == {"ok": True}
        assert (await page.hears(events, "message_changed"))["message"]["text"] == "done"


async def test_menus_in_messages_send_what_stands_in_them(house: House, page: Page, bolt: AsyncApp) -> None:
    bodies: list[dict[str, Any]] = []

    @bolt.action("who")
    async def chosen(ack: Any, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack()

    await house.connect(bolt)
    menu = {"type": "multi_users_select", "action_id": "who"}
    day = {"type": "datepicker", "action_id": "day"}
    block = {"type": "actions", "block_id": "b", "elements": [menu, day]}
    posted = await house.client.chat_postMessage(channel=house.general, text="x", blocks=[block])
    values = {"b": {"day": {"type": "datepicker", "selected_date": "2026-02-01"}}, "gone": {"x": {}}}
    meant = {
        "in": "message",
        "channel": house.general,
        "ts": posted["ts"],
        "block_id": "b",
        "action_id": "who",
    }
    assert await page.do("action", **meant, selected_users=["U0ADA"], state={"values": values}) == {
        "ok": True
    }
    assert bodies[0]["actions"][0]["selected_users"] == ["U0ADA"]
    assert bodies[0]["state"]["values"]["b"]["day"]["selected_date"] == "2026-02-01"
    assert bodies[0]["state"]["values"]["b"]["who"]["selected_users"] == ["U0ADA"]


async def test_page_is_told_when_nobody_answers(house: House, page: Page) -> None:
    posted = await house.client.chat_postMessage(channel=house.general, text="x", blocks=[BUTTON])
    meant = {"in": "message", "channel": house.general, "ts": posted["ts"], "block_id": "acts"}
    refused = await page.do("action", **meant, action_id="ack", value="7")
    assert refused == {"ok": False, "error": "The app cannot be reached."}


@pytest.mark.parametrize(
    "asked",
    [{}, {"channel": ["C1"]}, {"channel": "C1", "text": 7}, {"channel": "C0NOWHERE", "text": "x"}],
)
async def test_nonsense_from_a_page_gets_a_sentence(page: Page, asked: dict[str, Any]) -> None:
    refused = await page.do("send", **asked)
    assert not refused["ok"]
    assert refused["error"].endswith(".")


async def test_the_command_box_completes(house: House, page: Page) -> None:
    async def proposed(text: str) -> list[str]:
        return [item["text"] for item in (await page.get("/page/completions", text=text))["items"]]

    assert await proposed("/inc") == ["/incident"]
    assert await proposed("/incident ") == ["/incident declare", "/incident list", "/incident help"]
    assert await proposed("/incident d") == ["/incident declare"]
    assert await proposed("/incident page @b") == ["@ben"]
    assert await proposed("hello #gen") == ["#general-talk"]


async def test_files_outside_the_page_stay_there(page: Page) -> None:
    for name in ("..%2Fserver.py", "nothing.js", ".hidden"):
        async with page.session.get(f"/static/{name}") as answer:
            assert answer.status == 404


async def test_permalinks_lead_to_the_page(house: House, page: Page) -> None:
    posted = await house.client.chat_postMessage(channel=house.general, text="card")
    link = await house.client.chat_getPermalink(channel=house.general, message_ts=posted["ts"])
    async with page.session.get(link["permalink"], allow_redirects=False) as answer:
        assert answer.headers["Location"] == f"/#{house.general}/{posted['ts']}"


async def test_a_person_talks_with_the_bot(house: House, page: Page) -> None:
    direct = await page.do("open_dm", **{"with": house.app.bot_user_id})
    await page.do("send", channel=direct["channel"], text="hello")
    assert [m["text"] for m in house.workspace.dm(house.ada.id)] == ["hello"]
    place = next(c for c in (await page.get("/page/state"))["channels"] if c["kind"] == "im")
    assert place["user"] == house.app.bot_user_id
