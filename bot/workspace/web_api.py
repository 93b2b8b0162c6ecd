"""The Web API: `/api/{method}`, from bytes to an answer, with a witness of every call."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.workspace import (
    api_chat,
    api_conversations,
    api_items,
    api_people,
    api_views,
    scopes,
)
from bot.workspace.asking import Ask, Method
from bot.workspace.errors import SlackError
from bot.workspace.faults import Fault, Faults
from bot.workspace.limits import RateLimits
from bot.workspace.sockets import Sockets
from bot.workspace.state import App, Json, State
from bot.workspace.views import Views

METHODS: dict[str, Method] = {
    **api_chat.METHODS,
    **api_conversations.METHODS,
    **api_items.METHODS,
    **api_people.METHODS,
    **api_views.METHODS,
}
_JSON_ARGUMENTS = ("blocks", "attachments", "metadata", "view", "files")


@dataclass
class Call:
    """One Web API call as it was seen; `http_status` is 0 while it is open, or when it was dropped."""

    at: float
    method: str
    args: Json
    answer: Json = field(default_factory=dict)
    http_status: int = 0
    seconds: float = 0.0  #: of real time until the answer


class WebApi:
    def __init__(self, state: State, views: Views, sockets: Sockets) -> None:
        self.state = state
        self.views = views
        self.sockets = sockets
        self.faults = Faults(state.clock)
        self.limits = RateLimits(state.clock)
        self.calls: list[Call] = []
        self.stopping = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        method, started = request.match_info["method"], time.monotonic()
        try:
            args = await arguments(request)
        except SlackError as error:
            return web.json_response(error.answer())
        token = _token(request, args)
        call = Call(self.state.clock(), method, _readable(args))
        self.calls.append(call)
        self.state.changed.notify_all()
        try:
            return await self._answer(request, call, args, token)
        finally:
            call.seconds = time.monotonic() - started
            self.state.changed.notify_all()

    async def _answer(self, request: web.Request, call: Call, args: Json, token: str) -> web.Response:
        fault = self.faults.take(call.method, str(args.get("channel", "")))
        if fault is not None:
            early = await self.meet(fault, request)
            if early is not None:
                call.http_status, call.answer = early.status, _body(early)
                return early
        try:
            answer = self._work(call.method, args, token)
        except SlackError as error:
            answer = error.answer()
        except RecursionError:
            answer = SlackError("invalid_arguments").answer()
        call.answer = answer
        if fault is not None and fault.after_work:
            return dropped(request)
        wait = answer.pop("_retry_after", None)
        call.http_status = 200 if wait is None else 429
        headers = {} if wait is None else {"Retry-After": str(wait)}
        return web.json_response(answer, status=call.http_status, headers=headers)

    async def meet(self, fault: Fault, request: web.Request) -> web.Response | None:
        """What a fault answers before any work; None when the work is to be done all the same."""
        if fault.hang_seconds:
            try:
                await asyncio.wait_for(self.stopping.wait(), fault.hang_seconds)
            except TimeoutError:
                pass
            else:
                return dropped(request)
        if fault.after_work or not fault.answers():
            return None
        if fault.drop:
            return dropped(request)
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        if fault.error is None:
            page = f"<html><body><h1>{fault.http_status}</h1></body></html>"
            return web.Response(
                text=page, status=fault.http_status or 500, content_type="text/html", headers=headers
            )
        status = fault.http_status or 200
        if fault.error in ("ratelimited", "rate_limited"):
            status, headers = fault.http_status or 429, headers or {"Retry-After": "1"}
        return web.json_response({"ok": False, "error": fault.error}, status=status, headers=headers)

    def _work(self, method: str, args: Json, token: str) -> Json:
        if method == "apps.connections.open":
            return {"ok": True, "url": self.sockets.invite(self._app(token, "app_token"))}
        if method == "api.test":
            return {"ok": True}
        if method not in METHODS:
            raise SlackError("unknown_method", req_method=method)
        app = self._app(token, "bot_token")
        wait = self.limits.wait(app.id, method, self._limited(app, str(args.get("channel", ""))))
        if wait:
            raise SlackError("ratelimited", _retry_after=wait)
        ask = Ask(self.state, self.views, app, method, args)
        scopes.enforce(ask)
        return {"ok": True, **METHODS[method](ask)}

    def _limited(self, app: App, channel: str) -> str:
        """The channel whose limit a call falls under: of a person, or of a name, it is the channel's own."""
        direct = self.state.direct(app.bot_user_id, channel) if channel in self.state.users else None
        found = direct or self.state.find_channel(channel)
        return found.id if found else channel

    def _app(self, token: str, kind: str) -> App:
        """The app whose token this is. Raises `not_authed`, `invalid_auth`, `not_allowed_token_type`, …"""
        if not token:
            raise SlackError("not_authed")
        for app in self.state.apps.values():
            if token in (app.bot_token, app.app_token):
                if token != getattr(app, kind):
                    raise SlackError("not_allowed_token_type")
                if app.token_error:
                    raise SlackError(app.token_error)
                return app
        raise SlackError("invalid_auth")


def dropped(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def arguments(request: web.Request) -> Json:
    """Query, form or JSON as one dictionary. Raises what Slack answers to a body it cannot read."""
    args: Json = dict(request.query)
    if request.method != "POST":
        return args
    try:
        if request.content_type == "application/json":
            given = parsed_object(await request.read())
            return {**args, **given}
        form = await request.post()
    except (ValueError, LookupError):  # bad UTF-8, a broken multipart body, an unknown charset
        raise SlackError("invalid_form_data") from None
    return {**args, **{name: value for name, value in form.items() if isinstance(value, str)}}


def parsed_object(raw: bytes) -> Json:
    """A JSON object. Raises `invalid_json` or `json_not_object`."""
    try:
        given: Any = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        raise SlackError("invalid_json") from None
    if not isinstance(given, dict):
        raise SlackError("json_not_object")
    return given


def _token(request: web.Request, args: Json) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    given = args.pop("token", None)
    return token.strip() if scheme.lower() == "bearer" else str(given or "")


def _readable(args: Json) -> Json:
    """Arguments for the witness, with JSON that came as a string opened."""
    shown = dict(args)
    for name in _JSON_ARGUMENTS:
        if isinstance(shown.get(name), str):
            try:
                shown[name] = json.loads(shown[name])
            except (ValueError, RecursionError):
                continue
    return shown


def _body(response: web.Response) -> Json:
    """The JSON of an answer that a fault gave, for the witness."""
    if response.content_type != "application/json" or not isinstance(response.body, bytes):
        return {}
    answer: Json = json.loads(response.body)
    return answer
