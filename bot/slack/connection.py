"""Socket Mode, or HTTP with signature, size and shape checks before Bolt sees a request.

Bolt alone answers several malformed unauthenticated requests with 500. What reaches it here has a
fresh timestamp of digits, a right signature, valid UTF-8, a bounded size and the shape it must have.
"""

import asyncio
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot import strict_json
from bot.domain.delivery import InDoubt, Never, TryAgain
from bot.domain.time import Now
from bot.slack import shapes
from bot.slack.errors import outcome_of
from bot.slack.signatures import Fault, Signatures
from bot.slack.under_way import UnderWay

LARGEST_BODY = 256 * 1024
FRESH_SECONDS = 300
_SIGNATURE = re.compile("v0=[0-9a-f]{64}")
#: Whoever sends slower than this is not Slack, which gives up after three.
BODY_SECONDS = 10.0
#: Four pings without an answer, and slack_sdk takes the socket for dead and opens another one.
PING_SECONDS = 2
#: So long we wait for Slack's goodbye: one that hangs answers none.
_GOODBYE_SECONDS = 2.0
#: For how long one address of a socket is tried.
ADDRESS_SECONDS = 10.0
_CALM_SECONDS = 60.0


def listening_app(client: AsyncWebClient) -> AsyncApp:
    """Bolt, for requests that `check` has passed; it asks Slack for nothing before a listener runs.

    Left to itself it calls `auth.test` before the first request and refuses that one, a person's click,
    when Slack's Web API does not answer just then.
    """

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=client.token)

    logging.getLogger("slack_bolt.AsyncApp").addFilter(_is_news)
    return AsyncApp(name="tocsin", client=client, authorize=authorize, request_verification_enabled=False)


def _is_news(record: logging.LogRecord) -> bool:
    """Bolt warns that the client, and not SLACK_BOT_TOKEN, and that `authorize` comes first."""
    message = record.getMessage()
    return "`token` will be unused" not in message and "will be ignored" not in message


class Refused(Exception):
    """The request is not taken up: an HTTP status and why, and what keeps it from being Slack's."""

    def __init__(self, status: int, why: str, fault: Fault | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.fault = fault


def check(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> None:
    """Raises Refused unless Slack signed this body within five minutes of `now` (Unix seconds).

    Source: Slack's "Verifying requests from Slack", signature version v0.
    """
    timestamp = headers.get("X-Slack-Request-Timestamp", "")
    signature = headers.get("X-Slack-Signature", "")
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    if not (is_number and _SIGNATURE.fullmatch(signature)):
        raise Refused(401, "the signature headers are missing or malformed", Fault.HEADERS)
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"v0={digest}", signature):
        raise Refused(401, "the signature is wrong", Fault.SIGNATURE)
    if abs(now - int(timestamp)) > FRESH_SECONDS:
        raise Refused(401, "the request is too old", Fault.AGE)
    _check_shape(headers.get("Content-Type", ""), body)


def _check_coding(headers: Mapping[str, str]) -> None:
    if headers.get("Content-Encoding", "identity") != "identity":
        raise Refused(400, "the body is coded, as Slack sends none")


def _check_shape(content_type: str, body: bytes) -> None:
    try:
        text = body.decode()
        if content_type.startswith("application/json"):
            shapes.check(strict_json.loads(text))
        else:
            for payload in parse_qs(text, strict_parsing=True).get("payload", []):
                shapes.check(strict_json.loads(payload))
    except ValueError:
        raise Refused(400, "the body is not what Slack sends") from None


def route(app: AsyncApp, secret: str, now: Now, signatures: Signatures) -> web.RouteDef:
    """`POST /slack/events`, which takes commands, interactions and events."""

    async def receive(request: web.Request) -> web.Response:
        try:
            _check_coding(request.headers)
            body = await _body(request)
            check(request.headers, body, secret, now().timestamp())
        except Refused as refused:
            if refused.fault is not None:
                signatures.refused(refused.fault)
            return web.Response(status=refused.status, text=str(refused))
        signatures.accepted()
        headers: dict[str, str | Sequence[str]] = {name: [value] for name, value in request.headers.items()}
        answer = await app.async_dispatch(AsyncBoltRequest(body=body.decode(), headers=headers))
        return web.Response(
            status=answer.status,
            text=answer.body,
            headers=dict(answer.first_headers_without_set_cookie()),
        )

    return web.post("/slack/events", receive)


async def _body(request: web.Request) -> bytes:
    """The raw body. Raises Refused, and 413 when it is larger than anything Slack sends."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while len(body) <= LARGEST_BODY and (
                more := await request.content.read(LARGEST_BODY + 1 - len(body))
            ):
                body += more
    except TimeoutError:
        raise Refused(408, f"the body did not arrive within {BODY_SECONDS:.0f} seconds") from None
    except (OSError, web.RequestPayloadError):
        raise Refused(400, "the body did not arrive whole") from None
    if len(body) > LARGEST_BODY:
        raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, len(body))
    return body


class NoSocket(ConnectionError):
    """Slack opens no socket for us, and why."""


class _Client(SocketModeClient):
    """slack_sdk's, which knows why it has no socket, and asks for a new address when one has not helped.

    Slack's are good for one socket and for seconds; slack_sdk itself tries the same one for ever.
    """

    why: str | None = None
    _address: tuple[str, float] | None = None

    @property  # type: ignore[override] # theirs is None too, before there is one
    def wss_uri(self) -> str | None:
        if self._address is None or time.monotonic() - self._address[1] > ADDRESS_SECONDS:
            return None
        return self._address[0]

    @wss_uri.setter
    def wss_uri(self, address: str | None) -> None:
        self._address = (address, time.monotonic()) if address is not None else None

    async def issue_new_wss_url(self) -> str:
        try:
            opened = await self.web_client.apps_connections_open(app_token=self.app_token)
        except (SlackClientError, aiohttp.ClientError, OSError) as error:
            match outcome_of(error, "SLACK_APP_TOKEN"):
                case InDoubt(why) | TryAgain(why) | Never(why):
                    self.why = why
            raise NoSocket(self.why) from None
        self.why = None
        return str(opened["url"])


class _Calm(logging.Filter):
    """slack_sdk tells every two seconds, with a traceback, that it has no socket: a line a minute does."""

    _BEGINNINGS = ("Failed to connect", "Failed to check the current session", "Failed to receive")

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        beginning = next(filter(message.startswith, self._BEGINNINGS), None)
        if beginning is None:
            return True
        record.exc_info = None
        if record.created - self._said.get(beginning, -_CALM_SECONDS) < _CALM_SECONDS:
            return False
        self._said[beginning] = record.created
        return True


def _socket_log() -> logging.Logger:
    logger = logging.getLogger("slack_sdk.socket_mode")
    if not any(isinstance(one, _Calm) for one in logger.filters):
        logger.addFilter(_Calm())
    return logger


class SocketConnection:
    """Socket Mode, from `open` to `close`; slack_sdk renews the socket when Slack asks for it."""

    def __init__(self, app: AsyncApp, app_token: str, under_way: UnderWay) -> None:
        self._app = app
        self._under_way = under_way
        self._client = _Client(
            app_token, logger=_socket_log(), web_client=app.client, ping_interval=PING_SECONDS
        )
        self._client.proxy = app.client.proxy
        self._client.socket_mode_request_listeners.append(self._hear)
        self._seen: datetime | None = None

    async def open(self) -> None:
        """Raises NoSocket when Slack refuses the first one, for which slack_sdk would ask for ever."""
        self._client.wss_uri = await self._client.issue_new_wss_url()
        await self._client.connect()  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._client.close()  # type: ignore[no-untyped-call]
        except TimeoutError:  # the socket is closed by now; the rest that it holds is let go
            await self._client.close()  # type: ignore[no-untyped-call]

    async def trouble(self, now: datetime) -> str | None:
        """Why nothing is heard through it; None when it is open and answers. Ask it now and then."""
        if await self._client.is_connected():
            self._seen = now
            return None
        since = f", since {self._seen:%Y-%m-%d %H:%M:%S} UTC at the earliest" if self._seen else ""
        why = f": {self._client.why}" if self._client.why else ""
        return f"the socket is closed{since}{why}"

    async def _hear(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self._under_way.begin()
        began = time.time()
        answer = await run_async_bolt_app(self._app, request)
        await send_async_response(client, request, answer, began)
