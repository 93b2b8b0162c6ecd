"""How the app hears of things: by socket (Socket Mode) or by signed HTTP. Both in three seconds."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from bot.workspace.state import App, Json, State, new_id, secret

PATIENCE_SECONDS = 3.0


@dataclass(frozen=True)
class Ack:
    """What the app answered: `status` is HTTP's (200 by socket), `body` may hold a message or an action."""

    status: int
    body: Json
    timed_out: bool = False

    @property
    def is_ok(self) -> bool:
        return self.status == 200 and not self.timed_out


@dataclass
class Socket:
    """One open Socket Mode connection."""

    ws: web.WebSocketResponse
    app: App
    waiting: dict[str, "asyncio.Future[Json]"] = field(default_factory=dict)


class Delivery:
    """Hands commands, interactions and events to an app, and waits for its acknowledgement."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._tickets: dict[str, App] = {}
        self._sockets: list[Socket] = []
        self._session: aiohttp.ClientSession | None = None
        self.base_url = ""
        self.told: Callable[[], None] = lambda: None

    async def close(self) -> None:
        for socket in list(self._sockets):
            await socket.ws.close()
        if self._session is not None:
            await self._session.close()

    def connected(self, app: App) -> int:
        return sum(socket.app is app for socket in self._sockets)

    async def disconnect(self, reason: str) -> None:
        """Ask every connection to renew itself, as Slack does now and then."""
        for socket in list(self._sockets):
            await socket.ws.send_json({"type": "disconnect", "reason": reason, "debug_info": {}})

    async def drop(self) -> None:
        """Cut every connection without a word."""
        for socket in list(self._sockets):
            await socket.ws.close(code=1001)

    # Socket Mode

    def open_socket(self, app: App) -> str:
        ticket = secret()
        self._tickets[ticket] = app
        return f"{self.base_url.replace('http', 'ws', 1)}/socket?ticket={ticket}&app_id={app.id}"

    async def serve_socket(self, request: web.Request) -> web.WebSocketResponse:
        app = self._tickets.pop(request.query.get("ticket", ""), None)
        if app is None:
            raise web.HTTPUnauthorized(text="the ticket is used up or was never given")
        ws = web.WebSocketResponse(heartbeat=30)
        await ws.prepare(request)
        socket = Socket(ws, app)
        hello = {
            "type": "hello",
            "num_connections": 1,
            "connection_info": {"app_id": app.id},
            "debug_info": {},
        }
        await ws.send_json(hello)
        self._sockets.append(socket)
        self.told()
        try:
            async for message in ws:
                if message.type is aiohttp.WSMsgType.TEXT:
                    _acknowledged(socket, message.data)
        finally:
            self._sockets.remove(socket)
            self.told()
        return ws

    # Handing over

    async def hand_over(self, app: App, kind: str, payload: Json) -> Ack:
        """`kind` is `slash_commands`, `interactive` or `events_api`."""
        if app.request_url is not None:
            return await self._by_http(app, kind, payload)
        return await self._by_socket(app, kind, payload)

    async def _by_socket(self, app: App, kind: str, payload: Json) -> Ack:
        sockets = [socket for socket in self._sockets if socket.app is app and not socket.ws.closed]
        if not sockets:
            return Ack(0, {}, timed_out=True)
        envelope_id = new_id("e")
        accepts = kind != "events_api"
        envelope: Json = {"envelope_id": envelope_id, "type": kind, "accepts_response_payload": accepts}
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        socket = sockets[-1]
        socket.waiting[envelope_id] = waiting
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await socket.ws.send_json({**envelope, "payload": payload})
                return Ack(200, await waiting)
        except (TimeoutError, ConnectionError):
            return Ack(0, {}, timed_out=True)
        finally:
            socket.waiting.pop(envelope_id, None)

    async def _by_http(self, app: App, kind: str, payload: Json) -> Ack:
        if kind == "events_api":
            body, content_type = json.dumps(payload), "application/json"
        else:
            form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
            body, content_type = urlencode(form), "application/x-www-form-urlencoded"
        headers = {"Content-Type": content_type, **self.signature(app, body.encode())}
        if self._session is None:
            self._session = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
        try:
            async with self._session.post(
                str(app.request_url), data=body, headers=headers, timeout=timeout
            ) as answer:
                return Ack(answer.status, _json_or_text(await answer.text()))
        except (TimeoutError, aiohttp.ClientError):
            return Ack(0, {}, timed_out=True)

    def signature(self, app: App, body: bytes) -> dict[str, str]:
        """The headers with which Slack signs a request."""
        timestamp = str(int(self._state.clock()))
        base = b"v0:" + timestamp.encode() + b":" + body
        digest = hmac.new(app.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


def _acknowledged(socket: Socket, text: str) -> None:
    with suppress(ValueError, AttributeError):
        message = json.loads(text)
        waiting = socket.waiting.get(str(message.get("envelope_id")))
        if waiting is not None and not waiting.done():
            payload: Any = message.get("payload")
            waiting.set_result(payload if isinstance(payload, dict) else {"text": payload} if payload else {})


def _json_or_text(text: str) -> Json:
    try:
        body = json.loads(text)
    except ValueError:
        return {"text": text} if text.strip() else {}
    return body if isinstance(body, dict) else {}
