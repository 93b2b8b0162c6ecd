"""How the app is reached: sockets that come and go, signed requests, events that come again."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier

from bot.workspace.errors import WorkspaceError
from tests.workspace.conftest import MANIFEST, Clock, House
from tests.workspace.samples import BUTTON


async def test_a_socket_ticket_is_good_for_one(house: House) -> None:
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {house.app.app_token}"}
        async with session.post(f"{house.workspace.api_url}apps.connections.open", headers=headers) as answer:
            url = (await answer.json())["url"]
        async with session.ws_connect(url) as socket:
            hello = await socket.receive_json()
            assert (hello["type"], hello["num_connections"]) == ("hello", 1)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)


async def test_a_refreshed_connection_loses_no_command(house: House, bolt: AsyncApp) -> None:
    @bolt.command("/incident")
    async def answer(ack: Any) -> None:
        await ack("here")

    await house.connect(bolt)
    await house.workspace.disconnect("refresh_requested")
    ack = await house.workspace.command(house.ada.id, house.general, "/incident")
    assert ack.body == {"text": "here"}
    await house.workspace.until(lambda: house.workspace.connected == 1)


async def test_an_unreachable_app_fails_the_command(house: House) -> None:
    ack = await house.workspace.command(house.ada.id, house.general, "/incident")
    assert not ack.ok
    assert "dispatch_failed" in house.workspace.ephemerals(house.ada.id)[0]["text"]


async def test_people_cannot_do_the_impossible(house: House) -> None:
    guest = house.workspace.add_user("guest", team_id="T0OTHER")
    secret = house.workspace.add_channel("secret", members=[house.ada], private=True)
    with pytest.raises(WorkspaceError, match="not a valid command"):
        await house.workspace.command(house.ada.id, house.general, "/nothing")
    with pytest.raises(WorkspaceError, match="cannot use the commands"):
        await house.workspace.command(guest.id, house.general, "/incident")
    with pytest.raises(WorkspaceError, match="is not in secret"):
        await house.workspace.command(house.ben.id, secret, "/incident")
    with pytest.raises(WorkspaceError, match="There is no message"):
        await house.workspace.press(house.ada.id, house.general, "1.1", "ack")


async def test_presses_name_team_and_old_message(house: House, bolt: AsyncApp) -> None:
    bodies: list[dict[str, Any]] = []

    @bolt.action("ack")
    async def press(ack: Any, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack()

    await house.connect(bolt)
    guest = house.workspace.add_user("guest", team_id="T0OTHER")
    posted = await house.client.chat_postMessage(channel=house.general, text="down", blocks=[BUTTON])
    seen = house.workspace.messages(house.general)[0]
    await house.client.chat_update(channel=house.general, ts=posted["ts"], text="resolved")
    await house.workspace.press(guest.id, house.general, posted["ts"], "ack", seen=seen)
    assert bodies[0]["user"]["team_id"] == "T0OTHER"
    assert bodies[0]["message"]["text"] == "down"


async def test_shortcuts_carry_what_they_act_on(house: House, bolt: AsyncApp) -> None:
    bodies: list[dict[str, Any]] = []

    @bolt.shortcut("declare")
    async def everywhere(ack: Any, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack()

    @bolt.message_shortcut("note")
    async def on_message(ack: Any, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack()

    await house.connect(bolt)
    ts = await house.workspace.say(house.ben.id, house.general, "it broke")
    await house.workspace.shortcut(house.ada.id, "declare")
    await house.workspace.message_shortcut(house.ada.id, house.general, ts, "note")
    assert [body["type"] for body in bodies] == ["shortcut", "message_action"]
    assert (bodies[1]["message"]["text"], bodies[1]["channel"]["id"]) == ("it broke", house.general)


async def test_a_mention_reaches_the_app(house: House, bolt: AsyncApp) -> None:
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    @bolt.event("app_mention")
    async def mention(event: dict[str, Any]) -> None:
        heard.put_nowait(event)

    await house.connect(bolt)
    await house.workspace.say(house.ada.id, house.general, "nothing to see")
    await house.workspace.say(house.ada.id, house.general, "@tocsin <who> is on call?")
    event = await heard.get()
    assert event["text"] == f"<@{house.app.bot_user_id}> &lt;who&gt; is on call?"
    assert (event["user"], heard.qsize()) == (house.ada.id, 0)


class Endpoint:
    """An app behind a request URL that keeps what it was sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[web.Response] = []

    async def handle(self, request: web.Request) -> web.Response:
        raw = await request.read()
        self.requests.append((dict(request.headers), raw))
        if b"url_verification" in raw:
            return web.json_response({"challenge": (await request.json())["challenge"]})
        return self.answers.pop(0) if self.answers else web.Response()


@pytest.fixture
async def endpoint(house: House) -> AsyncIterator[Endpoint]:
    endpoint, app = Endpoint(), web.Application()
    app.router.add_post("/slack/events", endpoint.handle)
    async with TestServer(app) as server:
        house.app.request_url = str(server.make_url("/slack/events"))
        yield endpoint


async def test_requests_are_signed_as_slack_signs(house: House, clock: Clock, endpoint: Endpoint) -> None:
    assert await house.workspace.verify_request_url(house.app)
    await house.workspace.command(house.ada.id, house.general, "/incident", "declare ü & co")

    class Moved(SignatureClock):
        def now(self) -> float:
            return clock()

    verifier = SignatureVerifier(house.app.signing_secret, Moved())
    for headers, raw in endpoint.requests:
        assert verifier.is_valid_request(raw, headers)
    assert b"text=declare+%C3%BC+%26+co" in endpoint.requests[1][1]


async def test_http_answers_are_shown(house: House, endpoint: Endpoint) -> None:
    endpoint.answers = [
        web.Response(text="plain"),
        web.json_response({"text": "rich"}),
        web.Response(status=500),
    ]
    for _ in range(3):
        await house.workspace.command(house.ada.id, house.general, "/incident")
    shown = [m["text"] for m in house.workspace.ephemerals(house.ada.id)]
    assert shown == ["plain", "rich", "/incident failed with the error http_service_error"]


async def test_unacknowledged_events_come_three_times_more(house: House, endpoint: Endpoint) -> None:
    house.workspace.events.retry_seconds = (0.0, 0.0, 0.0)
    endpoint.answers = [web.Response(status=500) for _ in range(4)]
    await house.workspace.say(house.ada.id, house.general, "@tocsin?")
    await house.workspace.events.settled()
    numbers = [headers.get("X-Slack-Retry-Num") for headers, _ in endpoint.requests]
    assert numbers == [None, "1", "2", "3"]
    assert endpoint.requests[3][0]["X-Slack-Retry-Reason"] == "http_error"
    assert len({raw for _, raw in endpoint.requests}) == 1


async def test_bolt_accepts_signed_http_requests(house: House, clock: Clock, bolt: AsyncApp) -> None:
    clock.now = time.time()  # Bolt's own freshness check knows only the real time

    @bolt.command("/incident")
    async def answer(ack: Any) -> None:
        await ack("over http")

    async with TestServer(bolt.web_app(path="/slack/events")) as server:
        house.app.request_url = str(server.make_url("/slack/events"))
        ack = await house.workspace.command(house.ada.id, house.general, "/incident")
    assert ack.ok
    assert house.workspace.ephemerals(house.ada.id)[0]["text"] == "over http"


async def test_manifestless_apps_hold_every_scope(house: House) -> None:
    free = house.workspace.add_app("Free", "free")
    assert free.may("anything")
    assert MANIFEST["oauth_config"]["scopes"]["bot"] == house.app.scopes


async def test_a_killed_app_is_noticed_and_may_return(house: House) -> None:
    headers = {"Authorization": f"Bearer {house.app.app_token}"}

    async def ticket(session: aiohttp.ClientSession) -> str:
        async with session.post(f"{house.workspace.api_url}apps.connections.open", headers=headers) as answer:
            return str((await answer.json())["url"])

    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(await ticket(session))
        await house.workspace.until(lambda: house.workspace.connected == 1)
        asking = asyncio.create_task(house.workspace.command(house.ada.id, house.general, "/incident"))
        assert (await socket.receive_json())["type"] == "hello"
        assert (await socket.receive_json())["type"] == "slash_commands"
        await session.close()
        ack = await asking
        assert not ack.ok
    await house.workspace.until(lambda: house.workspace.connected == 0)
    async with aiohttp.ClientSession() as session, session.ws_connect(await ticket(session)) as socket:
        await house.workspace.until(lambda: house.workspace.connected == 1)
        asking = asyncio.create_task(house.workspace.command(house.ada.id, house.general, "/incident"))
        await socket.receive_json()
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "back"}})
        assert (await asking).body == {"text": "back"}
