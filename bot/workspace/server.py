"""The workspace: one server on one port that apps take for Slack, and that people open in a browser."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from aiohttp import web

from bot.workspace import messages, shapes
from bot.workspace.errors import WorkspaceError
from bot.workspace.events import Events
from bot.workspace.faults import Faults
from bot.workspace.hooks import Hooks
from bot.workspace.interactions import Interactions
from bot.workspace.limits import RateLimits
from bot.workspace.modals import Modals
from bot.workspace.page_api import PageApi
from bot.workspace.people import People
from bot.workspace.reaching import Line
from bot.workspace.sockets import Sockets
from bot.workspace.state import TEAM_ID, App, Changed, Channel, Json, State, User
from bot.workspace.views import Views
from bot.workspace.web_api import Call, WebApi

T = TypeVar("T")
_CHALLENGE = "3eZbrw1aBm2rZgRNFdxV2595E9CYxyNHFMR3Wlp"
_BODY_BYTES = 20 * 1024 * 1024


class Workspace:
    """A Slack workspace in memory. `clock` gives Unix seconds; timestamps and lifetimes follow it."""

    def __init__(
        self, team_name: str = "Acme", clock: Callable[[], float] = time.time, ack_seconds: float = 3.0
    ) -> None:
        self.state = State(team_name, clock)
        views, sockets = Views(self.state), Sockets(self.state)
        self._sockets = sockets
        self._line = Line(self.state, sockets, ack_seconds)
        self._web_api = WebApi(self.state, views, sockets)
        self._hooks = Hooks(self.state, self._web_api)
        acting = Interactions(self.state, views, self._line, self._hooks)
        self.events = Events(self.state, self._line)
        self.people = People(acting, Modals(acting), self.events)
        self._page = PageApi(self.people)
        self._views = views
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self.command = self.people.command
        self.press = self.people.press
        self.press_in_view = self.people.press_in_view
        self.submit = self.people.submit
        self.close_view = self.people.close_view
        self.shortcut = self.people.shortcut
        self.message_shortcut = self.people.message_shortcut
        self.options = self.people.options
        self.say = self.people.say
        self.open_home = self.people.open_home
        self.home = self.people.home
        self.join = self.people.join

    # who is here
    def add_user(
        self,
        name: str,
        *,
        real_name: str = "",
        email: str = "",
        user_id: str | None = None,
        is_bot: bool = False,
        deleted: bool = False,
        is_restricted: bool = False,
        team_id: str = TEAM_ID,
    ) -> User:
        user = User(
            id=user_id or self.state.new_id("U"),
            name=name,
            real_name=real_name or name.title(),
            email=email,
            team_id=team_id,
            is_bot=is_bot,
            deleted=deleted,
            is_restricted=is_restricted,
        )
        return self.state.add_user(user)

    def deactivate(self, user_id: str) -> User:
        """The same person, who has left the company."""
        return self.state.deactivate(user_id)

    def add_app(
        self,
        name: str = "Tocsin",
        bot_name: str = "tocsin",
        manifest: Json | None = None,
        request_url: str | None = None,
    ) -> App:
        return self.state.add_app(name, bot_name, manifest, request_url)

    def add_channel(self, name: str, members: Iterable[str | User | App] = (), private: bool = False) -> str:
        """A channel with these members, people or bots; its id."""
        ids = [self._member(member) for member in members]
        if self.state.find_channel(name):
            raise WorkspaceError(f"There is a channel {name} already.")
        return self.state.add_channel(
            name, "private" if private else "channel", ids[0] if ids else "", ids
        ).id

    def add_user_group(self, handle: str, members: Iterable[str | User] = ()) -> str:
        """A user group (`@handle`) with these people in it; its id."""
        ids = [self._member(member) for member in members]
        name = handle.replace("-", " ").capitalize()
        group = shapes.user_group(self.state, name, handle, ids[0] if ids else "")
        group |= {"users": ids, "user_count": len(ids)}
        self.state.usergroups[group["id"]] = group
        self.state.tell("usergroup", content=group)
        return str(group["id"])

    def _member(self, member: str | User | App) -> str:
        if isinstance(member, App):
            return member.bot_user_id
        return self.state.user(member if isinstance(member, str) else member.id).id

    # running
    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        app = web.Application(client_max_size=_BODY_BYTES)
        app.add_routes(
            [
                web.route("*", "/api/{method}", self._web_api.handle),
                web.get("/socket", self._sockets.handle),
                web.post("/hooks/{token}", self._hooks.handle),
                web.post("/upload/{file}", self._upload),
                web.get("/files/{file}", self._download),
                *self._page.routes(),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, host, port)
        await self._site.start()
        bound = self._runner.addresses[0][1]
        self.state.url = f"http://{host}:{bound}"

    async def refuse(self) -> None:
        """Connections are refused, and those that are open break, until `accept`."""
        if self._runner is None or self._runner.server is None or self._site is None:
            return
        await self._site.stop()
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def accept(self) -> None:
        """Listen again at the same address."""
        if self._runner is None:
            return
        host, _, port = self.state.url.partition("://")[2].partition(":")
        self._site = web.TCPSite(self._runner, host, int(port))
        await self._site.start()

    async def stop(self) -> None:
        """Close everything that is open; idempotent."""
        self._web_api.stopping.set()
        await self.events.stop()
        await self._page.stop()
        await self._sockets.cut()
        await self._line.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def verify_request_url(self, app: App) -> bool:
        """Whether the app echoes the challenge of `url_verification` at its request URL."""
        ack = await self._line.send(
            app, "event", {"token": "workspace", "challenge": _CHALLENGE, "type": "url_verification"}
        )
        return ack.ok and ack.fields.get("challenge", ack.fields.get("text")) == _CHALLENGE

    def signature(self, app: App, raw: bytes, at: float | None = None) -> dict[str, str]:
        """The headers Slack signs a request body with, for requests that a test sends itself."""
        return self._line.signature(app, raw, at)

    @property
    def url(self) -> str:
        return self.state.url

    @property
    def api_url(self) -> str:
        return f"{self.state.url}/api/"

    @property
    def connected(self) -> int:
        """How many Socket Mode connections are open."""
        return len(self._sockets)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        await self._sockets.disconnect(reason)

    async def cut(self) -> None:
        """Close every connection without a word of warning."""
        await self._sockets.cut()

    def freeze(self) -> None:
        """Every connection stays open, but nothing arrives on either side, and no ping is answered."""
        self._sockets.freeze()

    def deliver_twice(self, times: int = 1) -> None:
        """The next requests to the app arrive twice, at the same moment."""
        self._line.twice += times

    def lose_acknowledgements(self, times: int = 1) -> None:
        """The next requests are carried out by the app, but Slack does not hear of it."""
        self._line.unheard += times

    def swap_events(self, times: int = 1) -> None:
        """The next event arrives only after the one that follows it; so many times."""
        self._line.swaps += times

    # looking
    @property
    def calls(self) -> list[Call]:
        return self._web_api.calls

    @property
    def faults(self) -> Faults:
        return self._web_api.faults

    @property
    def rate_limits(self) -> RateLimits:
        return self._web_api.limits

    @property
    def pings(self) -> list[tuple[str, str, str]]:
        """(channel, ts, what) of everything that a message rang: `!channel`, `!subteam^S…`, `@U…`."""
        return self.state.pings

    @property
    def changed(self) -> Changed:
        return self.state.changed

    def messages(self, channel_id: str, thread_ts: str | None = None) -> list[Json]:
        """The channel, or one thread with its parent, oldest first, with metadata."""
        channel = self.state.channel(channel_id)
        posts = messages.thread(channel, thread_ts) if thread_ts else messages.timeline(channel)
        return [messages.shown(message, metadata=True) for message in posts]

    def ephemerals(self, user_id: str, channel_id: str | None = None) -> list[Json]:
        return messages.whispered(self.state, user_id, channel_id)

    def dm(self, user_id: str) -> list[Json]:
        """The direct messages between this person and the app's bot, oldest first."""
        channel = self.state.direct(self.state.the_app().bot_user_id, self.state.user(user_id).id)
        return self.messages(channel.id) if channel else []

    def views(self, user_id: str) -> list[Json]:
        """The open modals of this person, the top one last."""
        return [self._views.shown(view) for view in self._views.stacks.get(user_id, [])]

    def view_errors(self, view_id: str) -> dict[str, str]:
        """What the app said is wrong in an open modal: block_id → sentence."""
        return next((view.errors for view in self._views.all() if view.id == view_id), {})

    def channel(self, name_or_id: str) -> Channel:
        return self.state.channel(name_or_id)

    async def until(self, predicate: Callable[[], T | None], timeout: float = 5.0) -> T:  # noqa: ASYNC109 — the contract
        """What the predicate returns once it is true. Raises AssertionError with a dump after `timeout` s."""
        try:
            async with asyncio.timeout(timeout):
                while not (found := predicate()):
                    await self.state.changed.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"It did not come true within {timeout} s.\n{self.dump()}") from None

    def dump(self) -> str:
        """The last of everything, for a test that waited in vain."""
        lines = [f"{self.connected} connections, {len(self.calls)} calls; the last ones:"]
        lines += [f"  {c.method} {str(c.args)[:160]} → {str(c.answer)[:120]}" for c in self.calls[-12:]]
        for channel in self.state.channels.values():
            lines.append(f"{channel.name or 'dm'} ({channel.id}), {len(channel.posts)} messages")
            lines += [f"  {m['ts']} {m.get('user', '')}: {m['text'][:120]!r}" for m in channel.posts[-5:]]
        lines += [f"to {m['_for']} only: {m['text'][:120]!r}" for m in self.state.ephemerals[-5:]]
        lines += [
            f"view of {v.user_id}: {v.content.get('callback_id')} {v.errors or ''}" for v in self._views.all()
        ]
        return "\n".join(lines)

    # files
    async def _upload(self, request: web.Request) -> web.Response:
        file = self.state.files.get(request.match_info["file"])
        if file is None:
            return web.Response(status=404, text="not found")
        if request.content_type.startswith("multipart/"):
            form = await request.post()
            parts = [part.file.read() for part in form.values() if isinstance(part, web.FileField)]
            content = parts[0] if parts else b""
        else:
            content = await request.read()
        file["_content"] = content
        return web.Response(text=f"OK - {len(content)}")

    async def _download(self, request: web.Request) -> web.Response:
        file = self.state.files.get(request.match_info["file"])
        if file is None or file["_content"] is None:
            return web.Response(status=404, text="not found")
        return web.Response(body=file["_content"], content_type="application/octet-stream")
