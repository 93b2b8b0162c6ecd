"""Socket Mode: tickets, open connections, envelopes and their acknowledgements."""

import asyncio
import contextlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from bot.workspace.state import App, Json, State

CONNECTIONS = 10  #: open at once, of one app


@dataclass(eq=False)
class _Socket:
    app: App
    ws: web.WebSocketResponse
    leaving: bool = False  #: told to go: it gets no more envelopes while another one is open
    frozen: bool = False  #: the line is dead and neither end knows: nothing arrives any more
    waiting: set[str] = field(default_factory=set)


class Sockets:
    def __init__(self, state: State) -> None:
        self._state = state
        self._tickets: dict[str, App] = {}
        self._open: list[_Socket] = []
        self._acks: dict[str, asyncio.Future[Json]] = {}
        self._turn = 0
        self._expected: set[str] = set()  #: ids of the apps that were told to come back

    def __len__(self) -> int:
        return len(self._open)

    def invite(self, app: App) -> str:
        """A WebSocket URL that is good for one connection."""
        ticket = secrets.token_hex(16)
        self._tickets[ticket] = app
        host = self._state.url.partition("://")[2]
        return f"ws://{host}/socket?ticket={ticket}&app_id={app.id}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        app = self._tickets.pop(request.query.get("ticket", ""), None)
        if app is None:
            return web.Response(status=401, text="invalid ticket")
        if sum(one.app is app for one in self._open) >= CONNECTIONS:
            return web.Response(status=429, text="too many websockets")
        ws = web.WebSocketResponse(timeout=1.0, autoping=False)
        with contextlib.suppress(ConnectionError):  # who goes before the hello was never there
            await ws.prepare(request)
            mine = sum(one.app is app for one in self._open) + 1
            info = {"connection_info": {"app_id": app.id}, "debug_info": {"host": "workspace"}}
            await ws.send_json({"type": "hello", "num_connections": mine, **info})
            await self._listen(_Socket(app, ws))
        return ws

    async def _listen(self, socket: _Socket) -> None:
        self._open.append(socket)
        self._expected.discard(socket.app.id)
        self._changed(socket.app)
        try:
            async for message in socket.ws:
                if socket.frozen:
                    continue
                if message.type is WSMsgType.TEXT:
                    self._heard(socket, message.data)
                elif message.type is WSMsgType.PING:
                    await socket.ws.pong(message.data)
        finally:
            self._open.remove(socket)
            self._forget(socket)
            self._changed(socket.app)

    def _heard(self, socket: _Socket, raw: str) -> None:
        try:
            message: Any = json.loads(raw)
        except (ValueError, RecursionError):
            return
        if not isinstance(message, dict):
            return
        envelope_id = str(message.get("envelope_id"))
        socket.waiting.discard(envelope_id)
        future = self._acks.pop(envelope_id, None)
        if future is not None and not future.done():
            payload = message.get("payload")
            future.set_result(payload if isinstance(payload, dict) else {})

    def _forget(self, socket: _Socket) -> None:
        """What a closed connection never acknowledged will not be acknowledged any more."""
        for envelope_id in socket.waiting:
            future = self._acks.pop(envelope_id, None)
            if future is not None and not future.done():
                future.set_exception(ConnectionError("the connection closed before it acknowledged"))

    def _changed(self, app: App) -> None:
        self._state.tell("app", content=(app.id, self.reaches(app)))

    def reaches(self, app: App) -> bool:
        """Whether the app has an open connection."""
        return any(one.app is app for one in self._open)

    async def send(self, app: App, kind: str, payload: Json, **more: Any) -> Json:
        """What the app acknowledged with. Raises ConnectionError when it is not connected."""
        socket = await self._chosen(app)
        envelope_id = secrets.token_hex(16)
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._acks[envelope_id] = future
        socket.waiting.add(envelope_id)
        envelope = {"envelope_id": envelope_id, "type": kind, "payload": payload, **more}
        try:
            if not socket.frozen:
                await socket.ws.send_json({**envelope, "accepts_response_payload": kind != "events_api"})
            return await future
        finally:
            self._acks.pop(envelope_id, None)
            socket.waiting.discard(envelope_id)

    async def _chosen(self, app: App) -> _Socket:
        """One of the app's connections, in turn; one that was told to go only once it comes back."""
        while not (
            staying := [one for one in self._open if one.app is app and not (one.leaving or one.ws.closed)]
        ):
            if app.id not in self._expected:
                raise ConnectionError("the app has no open connection")
            await self._state.changed.wait()
        self._turn += 1
        return staying[self._turn % len(staying)]

    async def disconnect(self, reason: str) -> None:
        """Tell every connection to go. `link_disabled` closes them, the others leave it to the app."""
        for socket in list(self._open):
            socket.leaving = True
            if reason != "link_disabled":
                self._expected.add(socket.app.id)
            with contextlib.suppress(ConnectionError):  # it left by itself meanwhile
                await socket.ws.send_json({"type": "disconnect", "reason": reason, "debug_info": {}})
            if reason == "link_disabled":
                await socket.ws.close()

    def freeze(self) -> None:
        """Every connection stays open, but nothing arrives on either side, and no ping is answered."""
        for socket in self._open:
            socket.frozen = True

    async def cut(self) -> None:
        """Close every connection without a word of warning."""
        await asyncio.gather(*(socket.ws.close() for socket in self._open))
