"""What the page in the browser speaks: JSON over the same port, and a WebSocket for what changes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from bot.workspace import api_chat, completion, forms
from bot.workspace.delivery import Delivery
from bot.workspace.interactions import Interactions, WorkspaceError
from bot.workspace.state import ApiError, App, Channel, Json, State, User

_CHOSEN = (
    "value",
    "selected_option",
    "selected_options",
    "selected_user",
    "selected_users",
    "selected_channel",
    "selected_conversation",
    "selected_date",
    "selected_time",
)


class PageApi:
    def __init__(self, state: State, delivery: Delivery, interactions: Interactions) -> None:
        self._state = state
        self._delivery = delivery
        self._interactions = interactions
        self._pages: list[tuple[web.WebSocketResponse, str, asyncio.Queue[Json]]] = []
        state.on_change(self._changed)
        delivery.told = lambda: state.changed({"type": "app", "connected": self._is_connected()})

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/page/state", self._snapshot),
            web.get("/page/completions", self._completions),
            web.get("/page/channel/{channel}", self._messages),
            web.get("/page/events", self._events),
            *[web.post(f"/page/{name}", self._carry_out(work)) for name, work in self._works().items()],
        ]

    def _works(self) -> dict[str, Callable[[Json], Awaitable[Json | None]]]:
        return {
            "send": self._send,
            "command": self._command,
            "action": self._action,
            "submit": self._submit,
            "close_view": self._close_view,
            "shortcut": self._shortcut,
            "open_home": self._open_home,
            "open_dm": self._open_dm,
            "join": self._join,
            "read": self._read,
            "react": self._react,
        }

    async def close(self) -> None:
        for ws, _, _ in list(self._pages):
            await ws.close()

    # What the page asks for

    async def _snapshot(self, request: web.Request) -> web.Response:
        me = self._user(request)
        channels = [
            self._channel(channel, me) for channel in self._state.channels.values() if _sees(channel, me)
        ]
        return web.json_response(
            {
                "team": {"id": self._state.team_id, "name": self._state.team_name},
                "me": _person(me),
                "users": [_person(user) for user in self._state.users.values()],
                "apps": [self._app(app) for app in self._state.apps],
                "connected": self._is_connected(),
                "channels": channels,
                "views": self._stack(me.id),
            }
        )

    def _user(self, request: web.Request) -> User:
        wanted = request.query.get("user", "")
        people = [user for user in self._state.users.values() if not user.is_bot]
        return self._state.users.get(wanted) or people[0]

    def _app(self, app: App) -> Json:
        return {
            "id": app.id,
            "name": app.name,
            "bot_user_id": app.bot_user_id,
            "bot_id": app.bot_id,
            "commands": app.commands,
            "shortcuts": app.shortcuts,
            "has_home": True,
        }

    def _channel(self, channel: Channel, me: User) -> Json:
        read = channel.read.get(me.id, "0")
        unread = [one for one in channel.messages if one["ts"] > read and one.get("user") != me.id]
        other = next((member for member in channel.members if member != me.id), me.id)
        return {
            "id": channel.id,
            "name": channel.name,
            "kind": channel.kind,
            "topic": channel.topic,
            "purpose": channel.purpose,
            "is_archived": channel.is_archived,
            "is_member": me.id in channel.members,
            "members": channel.members,
            "user": other if channel.is_im else None,
            "unread": len(unread) if me.id in channel.members else 0,
            "mentions": sum(f"<@{me.id}>" in one["text"] for one in unread),
            "pins": channel.pins,
            "bookmarks": channel.bookmarks,
            "last_ts": channel.messages[-1]["ts"] if channel.messages else None,
        }

    async def _messages(self, request: web.Request) -> web.Response:
        me = self._user(request)
        channel = self._state.channels.get(request.match_info["channel"])
        if channel is None or not _sees(channel, me):
            raise web.HTTPNotFound
        thread_ts = request.query.get("thread_ts")
        found = [one for one in channel.messages if _belongs(one, thread_ts)]
        private = [
            one for one in self._state.ephemerals if (one["channel"], one["to"]) == (channel.id, me.id)
        ]
        messages = found if thread_ts else sorted([*found, *private], key=lambda one: float(one["ts"]))
        return web.json_response({"messages": messages})

    async def _completions(self, request: web.Request) -> web.Response:
        return web.json_response({"items": completion.items(self._state, request.query.get("text", ""))})

    # What people do

    def _carry_out(self, work: Callable[[Json], Awaitable[Json | None]]) -> Any:
        async def handler(request: web.Request) -> web.Response:
            try:
                answer = await work(await request.json())
            except (WorkspaceError, ApiError) as error:
                return web.json_response({"ok": False, "error": str(error)})
            except (KeyError, ValueError, StopIteration) as error:
                return web.json_response({"ok": False, "error": f"unknown: {error}"})
            return web.json_response({"ok": True, **(answer or {})})

        return handler

    async def _send(self, body: Json) -> None:
        self._interactions.say(body["user"], body["channel"], body["text"], body.get("thread_ts"))

    async def _command(self, body: Json) -> None:
        await self._interactions.command(body["user"], body["channel"], body["command"], body.get("text", ""))

    async def _action(self, body: Json) -> None:
        chosen = {key: body[key] for key in _CHOSEN if body.get(key) is not None}
        if body["in"] == "view":
            ack = await self._interactions.press_in_view(
                body["user"], body["view_id"], body["action_id"], chosen
            )
        else:
            ack = await self._interactions.press(
                body["user"], body["channel"], body["ts"], body["action_id"], chosen, body.get("block_id")
            )
        if not ack.is_ok:
            raise WorkspaceError("The app did not answer in time.")

    async def _submit(self, body: Json) -> Json | None:
        given = forms.state_in_page_shape((body.get("state") or {}).get("values") or {})
        ack = await self._interactions.submit(body["user"], body["view_id"], given)
        if not ack.is_ok:
            raise WorkspaceError("We had some trouble connecting. Try again?")
        if ack.body.get("response_action") == "errors":
            return {"ok": False, "errors": ack.body["errors"]}
        return None

    async def _close_view(self, body: Json) -> None:
        await self._interactions.close_view(body["user"], body["view_id"])

    async def _shortcut(self, body: Json) -> None:
        await self._interactions.shortcut(
            body["user"], body["callback_id"], body.get("channel") or "", body.get("ts") or ""
        )

    async def _open_home(self, body: Json) -> Json:
        app = next(app for app in self._state.apps if app.id == body["app"])
        await self._interactions.open_home(body["user"], app)
        return {"view": self._state.homes.get(body["user"])}

    async def _open_dm(self, body: Json) -> Json:
        return {"channel": self._state.direct_message(body["user"], body["with"]).id}

    async def _join(self, body: Json) -> None:
        channel = self._state.channels[body["channel"]]
        if channel.kind != "channel":
            raise WorkspaceError("You need an invitation to this channel.")
        if body["user"] not in channel.members:
            channel.members.append(body["user"])
            self._state.changed({"type": "channel", "channel": channel.id})

    async def _read(self, body: Json) -> None:
        channel = self._state.channels[body["channel"]]
        if channel.messages:
            channel.read[body["user"]] = channel.messages[-1]["ts"]
            self._broadcast({"type": "channel", "channel": channel.id})

    async def _react(self, body: Json) -> None:
        message = self._state.channels[body["channel"]].message(body["ts"])
        api_chat.add_reaction(message, body["name"], body["user"])
        self._state.changed({"type": "message_changed", "channel": body["channel"], "message": message})

    # What changes

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        me = self._user(request)
        ws = web.WebSocketResponse(heartbeat=30)
        await ws.prepare(request)
        waiting: asyncio.Queue[Json] = asyncio.Queue()
        page = (ws, me.id, waiting)
        self._pages.append(page)
        sending = asyncio.create_task(self._send_events(ws, waiting))
        try:
            async for message in ws:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            self._pages.remove(page)
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        return ws

    async def _send_events(self, ws: web.WebSocketResponse, waiting: "asyncio.Queue[Json]") -> None:
        with suppress(ConnectionError):
            while True:
                await ws.send_json(await waiting.get())

    def _changed(self, what: Json) -> None:
        self._broadcast(what)
        if what["type"] == "message":
            self._broadcast({"type": "channel", "channel": what["channel"]})

    def _broadcast(self, what: Json) -> None:
        for _, user_id, waiting in self._pages:
            if (told := self._for(self._state.users[user_id], what)) is not None:
                waiting.put_nowait(told)

    def _for(self, me: User, what: Json) -> Json | None:
        """The change as this person's page hears of it; None when it is not theirs to see."""
        if what.get("user") not in (None, me.id):
            return None
        if what["type"] == "views":
            return {"type": "views", "views": self._stack(me.id)}
        if "channel" in what:
            channel = self._state.channels.get(what["channel"])
            if channel is None or not _sees(channel, me):
                return None
            if what["type"] == "channel":
                return {"type": "channel", "channel": self._channel(channel, me)}
        return what

    def _stack(self, user_id: str) -> list[Json]:
        return [self._state.views[view_id] for view_id in self._state.stacks.get(user_id, ())]

    def _is_connected(self) -> bool:
        return all(app.request_url or self._delivery.connected(app) for app in self._state.apps)


def _sees(channel: Channel, me: User) -> bool:
    return channel.kind == "channel" or me.id in channel.members


def _belongs(message: Json, thread_ts: str | None) -> bool:
    if thread_ts:
        return thread_ts in (message["ts"], message.get("thread_ts"))
    return message.get("thread_ts") in (None, message["ts"])


def _person(user: User) -> Json:
    names = ("id", "name", "real_name", "email", "is_bot", "deleted")
    return {name: getattr(user, name) for name in names}
