"""What the browser page speaks: JSON over the workspace's own port, and a WebSocket of changes."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any
from urllib.parse import quote

from aiohttp import web

from bot.workspace import api_items, messages, page_shapes
from bot.workspace.errors import InputsRefused, SlackError, WorkspaceError
from bot.workspace.people import People
from bot.workspace.reaching import Ack
from bot.workspace.state import Json, Notice
from bot.workspace.web_api import parsed_object

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_QUIET = ("user", "app", "home", "views", "ephemeral", "ephemeral_deleted", "usergroup")
_RESTATED = ("message_changed", "message_deleted", "reaction_added", "reaction_removed")


class PageApi:
    def __init__(self, people: People) -> None:
        self.people = people
        self.state = people.state
        self._watching: dict[asyncio.Queue[Json | None], str] = {}
        self._open: set[web.WebSocketResponse] = set()
        self.state.listeners.append(self.heard)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.index),
            web.get("/static/{file}", self.static),
            web.get("/archives/{channel}/{message}", self.permalink),
            web.get("/page/state", self.whole),
            web.get("/page/completions", self.completions),
            web.get("/page/channel/{id}", self.room),
            web.get("/page/events", self.events),
            web.post("/page/{verb}", self.act),
        ]

    # what it shows
    async def index(self, _: web.Request) -> web.Response:
        return _resource("index.html")

    async def static(self, request: web.Request) -> web.Response:
        return _resource(request.match_info["file"])

    async def permalink(self, request: web.Request) -> web.Response:
        """Where `chat.getPermalink` leads: the page, with the channel and the thread in its address."""
        number = request.match_info["message"].removeprefix("p")
        thread = request.query.get("thread_ts", f"{number[:-6]}.{number[-6:]}")
        where = quote(f"{request.match_info['channel']}/{thread}")
        return web.Response(status=302, headers={"Location": f"/#{where}"})

    async def whole(self, request: web.Request) -> web.Response:
        try:
            shown = page_shapes.whole(self.state, request.query.get("user", ""))
            return web.json_response({**shown, "views": self._stack(shown["me"]["id"])})
        except WorkspaceError as error:
            return _refused(str(error))

    async def completions(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"items": page_shapes.completions(self.state, request.query.get("text", ""))}
        )

    async def room(self, request: web.Request) -> web.Response:
        viewer = request.query.get("user", "")
        place = self.state.channels.get(request.match_info["id"])
        if place is None or not page_shapes.may_see(place, viewer):
            return _refused("There is no such channel.")
        shown = page_shapes.room(self.state, place, viewer, request.query.get("thread_ts", ""))
        return web.json_response({"messages": shown})

    # what people do with it
    async def act(self, request: web.Request) -> web.Response:
        verbs: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "send": self._send,
            "command": self._command,
            "action": self._action,
            "option": self._option,
            "submit": self._submit,
            "close_view": self._close_view,
            "shortcut": self._shortcut,
            "open_home": self._open_home,
            "open_dm": self._open_dm,
            "join": self._join,
            "read": self._read,
            "react": self._react,
        }
        verb = verbs.get(request.match_info["verb"])
        if verb is None:
            return _refused("The workspace cannot do that.")
        try:
            asked = parsed_object(await request.read())
            return web.json_response({"ok": True, **await verb(_checked(asked))})
        except InputsRefused as refused:
            return web.json_response({"ok": False, "error": str(refused), "errors": refused.errors})
        except WorkspaceError as error:
            return _refused(str(error))
        except SlackError as error:
            return _refused(f"Slack refuses: {error.code}.")
        except KeyError as error:
            return _refused(f"Missing: {error.args[0]}.")

    async def _send(self, asked: Json) -> Json:
        ts = await self.people.say(asked["user"], asked["channel"], asked["text"], asked.get("thread_ts"))
        return {"ts": ts}

    async def _command(self, asked: Json) -> Json:
        who, where = asked["user"], asked["channel"]
        words, thread = asked.get("text", ""), asked.get("thread_ts")
        return _acked(await self.people.command(who, where, asked["command"], words, thread), shown=True)

    async def _action(self, asked: Json) -> Json:
        chosen = {key: value for key, value in asked.items() if key.startswith("selected_")}
        meant: Json = {
            "action_id": asked["action_id"],
            "block_id": asked.get("block_id"),
            "value": asked.get("value") or None,
            "selected": chosen or None,
            "state": (asked.get("state") or {}).get("values"),
        }
        if asked.get("in") == "view":
            return _acked(await self.people.press_in_view(asked["user"], asked["view_id"], **meant))
        return _acked(await self.people.press(asked["user"], asked["channel"], asked["ts"], **meant))

    async def _option(self, asked: Json) -> Json:
        words = str(asked.get("value", ""))
        found = await self.people.options(asked["user"], asked, asked["block_id"], asked["action_id"], words)
        return {"options": found}

    async def _submit(self, asked: Json) -> Json:
        values = (asked.get("state") or {}).get("values") or {}
        ack = await self.people.submit(asked["user"], asked["view_id"], values)
        if ack.fields.get("response_action") == "errors":
            raise InputsRefused(ack.fields["errors"])
        return _acked(ack)

    async def _close_view(self, asked: Json) -> Json:
        await self.people.close_view(asked["user"], asked["view_id"])
        return {}

    async def _shortcut(self, asked: Json) -> Json:
        if asked.get("ts"):
            place = asked["channel"], asked["ts"]
            return _acked(await self.people.message_shortcut(asked["user"], *place, asked["callback_id"]))
        return _acked(await self.people.shortcut(asked["user"], asked["callback_id"]))

    async def _open_home(self, asked: Json) -> Json:
        await self.people.open_home(asked["user"], asked.get("app"))
        return {"view": self.people.home(asked["user"], asked.get("app"))}

    async def _open_dm(self, asked: Json) -> Json:
        self.state.user(asked["user"])
        return {"channel": self.state.open_direct(asked["user"], asked["with"])[0].id}

    async def _join(self, asked: Json) -> Json:
        self.people.join(asked["user"], asked["channel"])
        return {}

    async def _read(self, asked: Json) -> Json:
        place = self.state.channel(asked["channel"])
        messages.mark_read(place, asked["user"])
        self.state.channel_changed(place)
        return {}

    async def _react(self, asked: Json) -> Json:
        place = self.state.channel(asked["channel"])
        message, name = messages.message_at(place, asked["ts"]), str(asked["name"]).strip(":")
        mine = any(r["name"] == name and asked["user"] in r["users"] for r in message.get("reactions") or [])
        api_items.react(self.state, asked["user"], place, message, name, add=not mine)
        return {}

    # what it hears
    async def events(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(heartbeat=30, timeout=1.0)
        await ws.prepare(request)
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        self._watching[queue] = request.query.get("user", "")
        self._open.add(ws)
        for item in self._at_first(request.query.get("user", "")):
            queue.put_nowait(item)
        writing = asyncio.create_task(self._write(ws, queue))
        try:
            async for _ in ws:
                continue  # the page only listens; reading notices when it goes
        finally:
            del self._watching[queue]
            self._open.discard(ws)
            queue.put_nowait(None)
            await writing
        return ws

    def _at_first(self, viewer: str) -> list[Json]:
        """What a page that just opened would otherwise only hear when it changes."""
        sockets = self.people.events.line.sockets
        items: list[Json] = [
            {"type": "app", "app": app.id, "connected": bool(app.request_url) or sockets.reaches(app)}
            for app in self.state.apps.values()
        ]
        stack = self._stack(viewer)
        return [*items, {"type": "views", "views": stack}] if stack else items

    def _stack(self, viewer: str) -> list[Json]:
        views = self.people.views
        return [views.shown(view) for view in views.stacks.get(viewer, [])]

    async def _write(self, ws: web.WebSocketResponse, queue: asyncio.Queue[Json | None]) -> None:
        while (item := await queue.get()) is not None:
            try:
                await ws.send_json(item)
            except ConnectionError:
                return

    async def stop(self) -> None:
        await asyncio.gather(*(ws.close() for ws in self._open))

    def heard(self, notice: Notice) -> None:
        for queue, viewer in self._watching.items():
            for item in self._items(notice, viewer):
                queue.put_nowait(item)

    def _items(self, notice: Notice, viewer: str) -> list[Json]:
        """What one page hears of one change."""
        if notice.kind in _QUIET:
            return self._personal(notice, viewer)
        place = self.state.channels.get(notice.channel)
        if place is None or not page_shapes.may_see(place, viewer):
            return []
        about = {"type": "channel", "channel": page_shapes.channel(place, viewer)}
        if notice.kind == "message":
            shown = messages.shown(notice.content)
            parent = place.by_ts.get(shown.get("thread_ts", ""))
            items = [{"type": "message", "channel": place.id, "message": shown}]
            if parent is not None and parent["ts"] != shown["ts"]:
                items.append(
                    {"type": "message_changed", "channel": place.id, "message": messages.shown(parent)}
                )
            return [*items, about]
        if notice.kind in _RESTATED:
            content = notice.content
            message = content if notice.kind == "message_deleted" else content["message"]
            kind = "message_deleted" if notice.kind == "message_deleted" else "message_changed"
            return [{"type": kind, "channel": place.id, "message": messages.shown(message)}, about]
        return [about]

    def _personal(self, notice: Notice, viewer: str) -> list[Json]:
        if notice.kind == "user":
            return [{"type": "user", "user": page_shapes.person(notice.content)}]
        if notice.kind == "usergroup":
            return [{"type": "usergroup", "usergroup": page_shapes.usergroup(notice.content)}]
        if notice.kind == "app":
            return [{"type": "app", "app": notice.content[0], "connected": notice.content[1]}]
        if notice.user != viewer:
            return []
        match notice.kind:
            case "ephemeral":
                return [{"type": "ephemeral", "channel": notice.channel, "message": notice.content}]
            case "ephemeral_deleted":
                gone = {**notice.content, "is_ephemeral": True}
                return [{"type": "message_deleted", "channel": notice.channel, "message": gone}]
            case "views":
                return [{"type": "views", "views": notice.content}]
            case "home":
                return [{"type": "home", "app": notice.content[0], "view": notice.content[1]}]
        return []


def _checked(asked: Json) -> Json:
    """The request of a page, when its texts are texts and its objects objects."""
    for name, value in asked.items():
        if name != "state" and not name.startswith("selected_") and not isinstance(value, str | None):
            raise WorkspaceError(f"{name} must be a text.")
    state = asked.get("state") or {}
    values = state.get("values", {}) if isinstance(state, dict) else None
    if not isinstance(values, dict) or not all(isinstance(actions, dict) for actions in values.values()):
        raise WorkspaceError("state must hold values by block_id and action_id.")
    return asked


def _acked(ack: Ack, *, shown: bool = False) -> Json:
    """Nothing when all is well. Raises WorkspaceError when the app failed and nothing else says so."""
    if ack.ok or shown:
        return {}
    if ack.timed_out:
        raise WorkspaceError("The app did not answer within 3 seconds.")
    raise WorkspaceError(
        "The app cannot be reached." if ack.status == 0 else "The app answered with an error."
    )


def _refused(sentence: str) -> web.Response:
    return web.json_response({"ok": False, "error": sentence})


def _resource(name: str) -> web.Response:
    """A file of the page; nothing outside its folder."""
    file: Any = resources.files("bot.workspace") / "page" / name
    if "/" in name or "\\" in name or name.startswith(".") or not file.is_file():
        return web.Response(status=404, text="not found")
    suffix = name[name.rfind(".") :]
    kind = _TYPES.get(suffix, "application/octet-stream")
    charset = "utf-8" if kind.startswith("text/") else None
    return web.Response(body=file.read_bytes(), content_type=kind, charset=charset)
