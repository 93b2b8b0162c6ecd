"""The Web API's door: arguments, tokens, scopes, limits, faults; then the method itself."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from bot.workspace import api_chat, api_conversations, api_people, api_views
from bot.workspace.faults import Fault, Faults
from bot.workspace.limits import Limits
from bot.workspace.state import ApiError, App, Call, Json, State

Method = Callable[[State, App, Json], Json]

METHODS: Mapping[str, Method] = {
    **api_chat.METHODS,
    **api_conversations.METHODS,
    **api_people.METHODS,
    **api_views.METHODS,
}

#: The bot scope that each method needs. A method that is not named needs none.
SCOPES: Mapping[str, str] = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "conversations.create": "channels:manage",
    "conversations.invite": "channels:manage",
    "conversations.setTopic": "channels:manage",
    "conversations.setPurpose": "channels:manage",
    "conversations.archive": "channels:manage",
    "conversations.unarchive": "channels:manage",
    "conversations.rename": "channels:manage",
    "conversations.kick": "channels:manage",
    "conversations.join": "channels:join",
    "conversations.open": "im:write",
    "conversations.list": "channels:read",
    "conversations.info": "channels:read",
    "conversations.members": "channels:read",
    "pins.add": "pins:write",
    "pins.remove": "pins:write",
    "pins.list": "pins:read",
    "bookmarks.add": "bookmarks:write",
    "bookmarks.edit": "bookmarks:write",
    "bookmarks.remove": "bookmarks:write",
    "bookmarks.list": "bookmarks:read",
    "reactions.add": "reactions:write",
    "reactions.remove": "reactions:write",
    "reactions.get": "reactions:read",
    "users.info": "users:read",
    "users.list": "users:read",
    "users.lookupByEmail": "users:read.email",
    "team.info": "team:read",
}


class WebApi:
    """`POST|GET /api/{method}`: answers like Slack, and writes every call down."""

    def __init__(self, state: State, limits: Limits, faults: Faults) -> None:
        self._state = state
        self._limits = limits
        self._faults = faults
        #: Opens a socket for an app and gives its address.
        self.open_socket: Callable[[App], str] = lambda app: ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        args = await _arguments(request)
        channel = _channel(args)
        fault = self._faults.take(method, channel)
        if fault is not None and not fault.after_work:
            return await self._fail(method, args, fault, request)
        wait = self._limits.retry_after(method, channel)
        if wait is not None:
            return self._answer(method, args, {"ok": False, "error": "ratelimited"}, 429, wait)
        answer, headers = self._run(method, _token(request, args), args)
        if fault is not None:
            self._note(method, args, answer, 0)
            return _drop(request)
        return self._answer(method, args, answer, 200, headers=headers)

    def _run(self, method: str, token: str, args: Json) -> tuple[Json, dict[str, str]]:
        try:
            app = self._app(method, token)
            if method == "apps.connections.open":
                return {"ok": True, "url": self.open_socket(app)}, {}
            if method not in METHODS:
                raise ApiError("unknown_method", req_method=method)
            needed = SCOPES.get(method)
            if needed is not None and needed not in app.scopes:
                raise ApiError("missing_scope", needed=needed, provided=",".join(app.scopes))
            answer = {"ok": True, **METHODS[method](self._state, app, args)}
            return answer, {"x-oauth-scopes": ",".join(app.scopes)}
        except ApiError as error:
            return {"ok": False, "error": error.error, **error.more}, {}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            messages = {"messages": [f"[ERROR] {error!r}"]}
            return {"ok": False, "error": "invalid_arguments", "response_metadata": messages}, {}

    def _app(self, method: str, token: str) -> App:
        if not token:
            raise ApiError("not_authed")
        for app in self._state.apps:
            if token == (app.app_token if method == "apps.connections.open" else app.bot_token):
                if app.is_revoked:
                    raise ApiError("token_revoked")
                return app
            if token in (app.app_token, app.bot_token):
                raise ApiError("not_allowed_token_type")
        raise ApiError("invalid_auth")

    async def _fail(self, method: str, args: Json, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault.hang_seconds is not None:
            self._note(method, args, {"ok": False, "error": "hangs"}, 0)
            await asyncio.sleep(fault.hang_seconds)
            return _drop(request)
        if fault.http_status is None and fault.error is None and fault.retry_after is None:
            self._note(method, args, {"ok": False, "error": "dropped"}, 0)
            return _drop(request)
        error = fault.error or ("ratelimited" if fault.retry_after else "internal_error")
        status = fault.http_status or (429 if fault.retry_after else 200)
        return self._answer(method, args, {"ok": False, "error": error}, status, fault.retry_after)

    def _answer(
        self,
        method: str,
        args: Json,
        answer: Json,
        status: int,
        retry_after: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> web.Response:
        self._note(method, args, answer, status)
        more = {"Retry-After": str(retry_after)} if retry_after is not None else {}
        return web.json_response(answer, status=status, headers={**(headers or {}), **more})

    def _note(self, method: str, args: Json, answer: Json, status: int) -> None:
        self._state.calls.append(Call(self._state.clock(), method, args, answer, status))


def _drop(request: web.Request) -> web.Response:
    """Cut the connection: what is answered goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _arguments(request: web.Request) -> Json:
    """The arguments, from query, form or JSON; JSON inside of form fields is opened."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            body = {}
        return {**args, **(body if isinstance(body, dict) else {})}
    if request.method == "POST":
        args |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return {name: _opened(name, value) for name, value in args.items()}


def _opened(name: str, value: Any) -> Any:
    if name in ("blocks", "attachments", "metadata", "view") and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _token(request: web.Request, args: Json) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ").strip() if header else str(args.get("token") or "")


def _channel(args: Json) -> str | None:
    channel = args.get("channel") or args.get("channel_id")
    return str(channel) if channel else None
