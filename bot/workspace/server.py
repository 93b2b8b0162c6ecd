"""The workspace: one server on one port, and what people do in it from Python."""

import asyncio
import time
from collections.abc import Callable
from importlib import resources
from typing import Any, TypeVar

from aiohttp import web

from bot.workspace.delivery import Ack, Delivery
from bot.workspace.faults import Fault, Faults
from bot.workspace.interactions import Interactions, WorkspaceError, chosen_in, find_element
from bot.workspace.limits import Limits
from bot.workspace.page_api import PageApi
from bot.workspace.state import ApiError, App, Call, Channel, Json, State, User, new_id, secret
from bot.workspace.web_api import WebApi

T = TypeVar("T")


class Workspace:
    """A Slack workspace with people, channels and apps, from `start` to `stop`."""

    def __init__(self, team_name: str = "Acme", clock: Callable[[], float] = time.time) -> None:
        self.state = State(team_name, clock)
        self.rate_limits = Limits(clock)
        self.faults = Faults()
        self._delivery = Delivery(self.state)
        self._interactions = Interactions(self.state, self._delivery)
        self._web_api = WebApi(self.state, self.rate_limits, self.faults)
        self._web_api.open_socket = self._delivery.open_socket
        self._page = PageApi(self.state, self._delivery, self._interactions)
        self._runner: web.AppRunner | None = None
        self.url = ""

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    @property
    def calls(self) -> list[Call]:
        """Every Web API call received, in order."""
        return self.state.calls

    @property
    def pings(self) -> list[tuple[str, str, str]]:
        """What messages pinged: channel, ts, whom."""
        return self.state.pings

    @property
    def connected(self) -> int:
        """How many sockets the first app has open."""
        return self._delivery.connected(self.state.apps[0])

    # Setting up

    def add_user(self, name: str, **more: Any) -> User:
        """More: real_name, email, user_id, team_id, is_bot, deleted, is_restricted."""
        user_id = more.pop("user_id", None) or new_id("U")
        user = User(
            id=user_id,
            name=name,
            real_name=more.pop("real_name", name.title()),
            email=more.pop("email", f"{name}@example.com"),
            team_id=more.pop("team_id", None) or self.state.team_id,
            **more,
        )
        self.state.users[user.id] = user
        return user

    def add_app(
        self, name: str, bot_name: str, manifest: Json | None = None, request_url: str | None = None
    ) -> App:
        """An installed app with its tokens; with a `request_url` it is asked by HTTP, else by socket."""
        bot = self.add_user(bot_name, real_name=name, email="", is_bot=True)
        app = App(
            id=new_id("A"),
            name=name,
            bot_user_id=bot.id,
            bot_id=new_id("B"),
            bot_token=f"xoxb-{secret()}",
            app_token=f"xapp-1-{secret()}",
            signing_secret=secret(32),
            manifest=manifest or {},
            request_url=request_url,
        )
        self.state.apps.append(app)
        return app

    def add_channel(self, name: str, members: list[str] | None = None, *, private: bool = False) -> str:
        """A channel; `members` are user ids or names. Its id."""
        by_name = {user.name: user.id for user in self.state.users.values()}
        ids = [by_name.get(member, member) for member in members or ()]
        kind = "private" if private else "channel"
        creator = ids[0] if ids else ""
        channel = Channel(new_id("C"), name, creator, int(self.state.clock()), kind, ids)
        self.state.channels[channel.id] = channel
        self.state.changed({"type": "channel", "channel": channel.id})
        return channel.id

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        application = web.Application(client_max_size=4 * 1024 * 1024)
        folder = resources.files("bot.workspace") / "page"
        application.add_routes(
            [
                web.get("/", _index),
                web.route("*", "/api/{method}", self._web_api.handle),
                web.post("/hooks/{token}", self._hook),
                web.get("/socket", self._delivery.serve_socket),
                *self._page.routes(),
                web.static("/static", str(folder)),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}"
        self._delivery.base_url = self.url

    async def stop(self) -> None:
        await self._page.close()
        await self._delivery.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _hook(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
            self._interactions.respond(request.match_info["token"], body)
        except ApiError as error:
            return web.Response(status=404, text=error.error)
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        return web.Response(text="ok")

    # What people do

    async def command(self, user_id: str, channel_id: str, command: str, text: str) -> Ack:
        return await self._interactions.command(user_id, channel_id, command, text)

    async def press(
        self, user_id: str, channel_id: str, ts: str, action_id: str, value: str | None = None
    ) -> Ack:
        """Press a button, or choose `value` in a menu, in a message; a confirmation is confirmed."""
        seen = next((one for one in self.state.ephemerals if one["ts"] == ts), None)
        message = seen or self.state.channel(channel_id).message(ts)
        _, element = find_element(message.get("blocks", []), action_id, None)
        return await self._interactions.press(user_id, channel_id, ts, action_id, chosen_in(element, value))

    async def press_in_view(
        self, user_id: str, view_id: str, action_id: str, value: str | None = None
    ) -> Ack:
        _, element = find_element(self.state.views[view_id]["blocks"], action_id, None)
        return await self._interactions.press_in_view(user_id, view_id, action_id, chosen_in(element, value))

    async def submit(self, user_id: str, view_id: str, values: Json) -> Ack:
        """Submit a modal with these values by block id; what is not given keeps its initial value."""
        return await self._interactions.submit(user_id, view_id, values)

    async def close_view(self, user_id: str, view_id: str) -> None:
        await self._interactions.close_view(user_id, view_id)

    async def shortcut(self, user_id: str, callback_id: str, channel_id: str = "", ts: str = "") -> Ack:
        """A global shortcut, or with a message's `ts` a message shortcut."""
        return await self._interactions.shortcut(user_id, callback_id, channel_id, ts)

    async def open_home(self, user_id: str) -> Ack | None:
        return await self._interactions.open_home(user_id, self.state.apps[0])

    def say(self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None) -> str:
        return self._interactions.say(user_id, channel_id, text, thread_ts)

    # Looking

    def channel(self, name_or_id: str) -> Channel:
        return self.state.channel(name_or_id)

    def messages(self, channel_id: str, thread_ts: str | None = None) -> list[Json]:
        """The messages of a channel, or of a thread in it, oldest first."""
        found = self.state.channel(channel_id).messages
        if thread_ts is not None:
            return [one for one in found if thread_ts in (one["ts"], one.get("thread_ts"))]
        return [one for one in found if one.get("thread_ts") in (None, one["ts"])]

    def dm(self, user_id: str) -> list[Json]:
        """What the first app's bot and this person wrote to each other, oldest first."""
        pair = {user_id, self.state.apps[0].bot_user_id}
        for channel in self.state.channels.values():
            if channel.is_im and set(channel.members) == pair:
                return channel.messages
        return []

    def ephemerals(self, user_id: str) -> list[Json]:
        return [one for one in self.state.ephemerals if one["to"] == user_id]

    def views(self, user_id: str) -> list[Json]:
        """The modals open before this person, the top one last."""
        return [self.state.views[view_id] for view_id in self.state.stacks.get(user_id, ())]

    def home(self, user_id: str) -> Json | None:
        return self.state.homes.get(user_id)

    async def until(self, predicate: Callable[[], T | None], patience: float = 10.0) -> T:
        """What the predicate gives once it is true. Raises AssertionError with what is there instead."""
        try:
            async with asyncio.timeout(patience):
                while not (found := predicate()):
                    await self.state.next_change()
                return found
        except TimeoutError:
            raise AssertionError(f"it did not come to pass:\n{self.dump()}") from None

    def dump(self) -> str:
        """All that is said in the workspace, for a failing test."""
        lines = []
        for channel in self.state.channels.values():
            name = channel.name or " & ".join(self.state.users[one].name for one in channel.members)
            lines += [f"[{name}] {one['text']}" for one in channel.messages]
        return "\n".join([*lines, *(f"(to {one['to']}) {one['text']}" for one in self.state.ephemerals)])

    # Trouble

    def fail(self, method: str, **how: Any) -> None:
        """The next calls of `method` (`*` for all) meet a fault; see `faults.Fault` for how."""
        self.faults.add(Fault(method, **how))

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        await self._delivery.disconnect(reason)

    async def drop_sockets(self) -> None:
        await self._delivery.drop()

    def sign(self, body: bytes) -> dict[str, str]:
        """The headers with which this workspace signs a request to its first app."""
        return self._delivery.signature(self.state.apps[0], body)


async def _index(request: web.Request) -> web.Response:
    page = (resources.files("bot.workspace") / "page" / "index.html").read_text(encoding="utf-8")
    return web.Response(text=page, content_type="text/html")


__all__ = ["Ack", "App", "Channel", "User", "Workspace", "WorkspaceError"]
