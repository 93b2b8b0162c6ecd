"""Reaching the app, through Socket Mode or by signed HTTP requests, and what it acknowledges with."""

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bot.workspace.sockets import Sockets
from bot.workspace.state import App, Json, State

_ENVELOPES = {"command": "slash_commands", "interaction": "interactive", "event": "events_api"}


@dataclass(frozen=True)
class Ack:
    """How the app acknowledged: status 200 is fine, 0 is no answer at all; `elapsed` in real seconds."""

    status: int
    body: Any
    elapsed: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        return self.status == 200 and not self.timed_out

    @property
    def fields(self) -> Json:
        """The body as an object; a plain text is its `text`."""
        if isinstance(self.body, dict):
            return self.body
        return {"text": self.body} if self.body else {}


class Line:
    """The line from Slack to its apps."""

    def __init__(self, state: State, sockets: Sockets, ack_seconds: float) -> None:
        self.state = state
        self.sockets = sockets
        self.ack_seconds = ack_seconds
        self.twice = 0  #: requests that are still to be delivered twice
        self.unheard = 0  #: acknowledgements that are still to get lost
        self.swaps = 0  #: events that are still to be overtaken
        self._overtaken: asyncio.Event | None = None
        self._session: aiohttp.ClientSession | None = None

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, app: App, kind: str, payload: Json, *, retry: int = 0, reason: str = "") -> Ack:
        """Send a command, an interaction or an event, and wait for its acknowledgement at most 3 s."""
        if kind != "event":
            return await self._timed(app, kind, payload, retry, reason)
        overtaken = await self._turn()
        ack = await self._timed(app, kind, payload, retry, reason)
        if overtaken is not None:
            overtaken.set()
        return ack

    async def _turn(self) -> asyncio.Event | None:
        """Who is to be overtaken waits; who overtakes gets what lets the other one go."""
        overtaken, self._overtaken = self._overtaken, None
        if overtaken is None and self.swaps > 0:
            self.swaps -= 1
            self._overtaken = asyncio.Event()
            await self._overtaken.wait()
        return overtaken

    async def _timed(self, app: App, kind: str, payload: Json, retry: int, reason: str) -> Ack:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.ack_seconds):
                sent = [self._send(app, kind, payload, retry, reason)]
                if self.twice > 0:
                    self.twice -= 1
                    sent.append(self._send(app, kind, payload, retry, reason))
                status, body = (await asyncio.gather(*sent))[0]
        except TimeoutError:
            return Ack(0, {}, time.monotonic() - started, timed_out=True)
        except (ConnectionError, aiohttp.ClientError) as error:
            return Ack(0, {"error": str(error)}, time.monotonic() - started)
        if self.unheard > 0:
            self.unheard -= 1
            return Ack(0, {}, time.monotonic() - started, timed_out=True)
        return Ack(status, body, time.monotonic() - started)

    async def _send(self, app: App, kind: str, payload: Json, retry: int, reason: str) -> tuple[int, Any]:
        if app.request_url is None:
            more = {"retry_attempt": retry, "retry_reason": reason} if kind == "event" else {}
            return 200, await self.sockets.send(app, _ENVELOPES[kind], payload, **more)
        if kind == "event":
            body, content_type = json.dumps(payload), "application/json"
        else:
            form = payload if kind == "command" else {"payload": json.dumps(payload)}
            body, content_type = urlencode(form), "application/x-www-form-urlencoded"
        raw = body.encode()
        headers = {"Content-Type": content_type, **self.signature(app, raw)}
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
        return await self.post(app.request_url, raw, headers)

    def signature(self, app: App, raw: bytes, at: float | None = None) -> dict[str, str]:
        """The headers that prove a request to be Slack's."""
        timestamp = str(int(self.state.clock() if at is None else at))
        signed = b"v0:" + timestamp.encode() + b":" + raw
        digest = hmac.new(app.signing_secret.encode(), signed, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}

    async def post(self, url: str, raw: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers={"User-Agent": "Slackbot 1.0"})
        async with self._session.post(url, data=raw, headers=headers) as response:
            text = await response.text()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text
