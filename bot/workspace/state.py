"""Everything the workspace remembers: people, apps, channels, ids, timestamps, and who hears of a change."""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.workspace.errors import SlackError, WorkspaceError

Json = dict[str, Any]

TEAM_ID = "T0WORKSPACE"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class User:
    id: str
    name: str
    real_name: str
    email: str
    team_id: str = TEAM_ID
    is_bot: bool = False
    deleted: bool = False  #: deactivated
    is_restricted: bool = False  #: a guest
    app_id: str = ""  #: of a bot user


@dataclass
class App:
    """An installed app. Without a manifest it holds every scope and any command reaches it."""

    id: str
    name: str
    bot_user_id: str
    bot_id: str
    bot_token: str
    app_token: str
    signing_secret: str
    manifest: Json | None = None
    request_url: str | None = None
    token_error: str = ""  #: what its tokens get: token_revoked, token_expired, account_inactive

    def _feature(self, name: str) -> list[Json]:
        found = ((self.manifest or {}).get("features") or {}).get(name)
        return found if isinstance(found, list) else []

    @property
    def commands(self) -> list[Json]:
        return self._feature("slash_commands")

    @property
    def shortcuts(self) -> list[Json]:
        return self._feature("shortcuts")

    @property
    def has_home(self) -> bool:
        home = ((self.manifest or {}).get("features") or {}).get("app_home") or {}
        return self.manifest is None or bool(home.get("home_tab_enabled"))

    @property
    def scopes(self) -> list[str] | None:
        """Granted bot scopes; None without a manifest: all of them."""
        if self.manifest is None:
            return None
        return list(((self.manifest.get("oauth_config") or {}).get("scopes") or {}).get("bot") or [])

    @property
    def events(self) -> list[str]:
        """Subscribed bot events; without a manifest only the two that everybody asks for."""
        if self.manifest is None:
            return ["app_mention", "app_home_opened"]
        subscriptions = (self.manifest.get("settings") or {}).get("event_subscriptions") or {}
        return list(subscriptions.get("bot_events") or [])

    def may(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes


@dataclass
class Channel:
    id: str
    name: str
    kind: str  #: channel · private · im
    creator: str
    created: int
    members: list[str] = field(default_factory=list)
    topic: str = ""
    topic_set: tuple[str, int] = ("", 0)  #: by whom, when
    purpose: str = ""
    purpose_set: tuple[str, int] = ("", 0)
    is_archived: bool = False
    previous_names: list[str] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)  #: ts of the pinned messages, oldest pin first
    bookmarks: list[Json] = field(default_factory=list)
    posts: list[Json] = field(default_factory=list)  #: messages and replies with their metadata, oldest first
    by_ts: dict[str, Json] = field(default_factory=dict)
    unread: dict[str, tuple[int, int]] = field(default_factory=dict)  #: user → messages, of which mentions
    read: dict[str, str] = field(default_factory=dict)  #: user → ts of the last message they have seen

    @property
    def is_private(self) -> bool:
        return self.kind == "private"

    @property
    def is_im(self) -> bool:
        return self.kind == "im"

    def other(self, user_id: str) -> str:
        """The other end of a direct message."""
        return next((member for member in self.members if member != user_id), user_id)


@dataclass(frozen=True)
class Notice:
    """One change, told to pages, to event subscriptions and to waiting tests."""

    kind: str
    channel: str = ""
    user: str = ""
    content: Any = None


class State:
    """The memory of one workspace. Not for more than one event loop."""

    def __init__(self, team_name: str, clock: Callable[[], float]) -> None:
        self.team_id = TEAM_ID
        self.team_name = team_name
        self.team_domain = "".join(c for c in team_name.lower() if c.isalnum()) or "workspace"
        self.clock = clock
        self.url = ""
        self.users: dict[str, User] = {}
        self.apps: dict[str, App] = {}
        self.channels: dict[str, Channel] = {}
        self.usergroups: dict[str, Json] = {}
        self.files: dict[str, Json] = {}
        self.ephemerals: list[Json] = []
        self.pings: list[tuple[str, str, str]] = []
        self.message_state: dict[tuple[str, str, str], Json] = {}
        self.listeners: list[Callable[[Notice], None]] = []
        self.changed = Changed()
        self._last_id = 46_656 * 700
        self._last_ts = 0

    # ids and times
    def new_id(self, prefix: str) -> str:
        """An id in Slack's shape; ids of one workspace never repeat."""
        self._last_id += 1
        number, digits = self._last_id * 7_919 % 36**8, ""
        while number:
            number, digit = divmod(number, 36)
            digits = _ALPHABET[digit] + digits
        return f"{prefix}0{digits.rjust(8, '0')}"

    def new_ts(self) -> str:
        """A message timestamp: unique, and later than every one before, whatever the clock does."""
        self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def tell(self, kind: str, *, channel: str = "", user: str = "", content: Any = None) -> None:
        notice = Notice(kind, channel, user, content)
        for listener in list(self.listeners):
            listener(notice)
        self.changed.notify_all()

    # people and apps
    def add_user(self, user: User) -> User:
        if user.id in self.users:
            raise WorkspaceError(f"There is a user {user.id} already.")
        self.users[user.id] = user
        self.tell("user", user=user.id, content=user)
        return user

    def user(self, user_id: str) -> User:
        if user_id not in self.users:
            raise WorkspaceError(f"Nobody here has the id {user_id}.")
        return self.users[user_id]

    def deactivate(self, user_id: str) -> User:
        gone = replace(self.user(user_id), deleted=True)
        self.users[user_id] = gone
        self.tell("user", user=user_id, content=gone)
        return gone

    def add_app(self, name: str, bot_name: str, manifest: Json | None, request_url: str | None) -> App:
        app_id, secret = self.new_id("A"), secrets.token_hex
        bot = User(self.new_id("U"), bot_name, name, "", self.team_id, is_bot=True, app_id=app_id)
        app = App(
            id=app_id,
            name=name,
            bot_user_id=bot.id,
            bot_id=self.new_id("B"),
            bot_token=f"xoxb-{secret(12)}",
            app_token=f"xapp-1-{app_id}-{secret(12)}",
            signing_secret=secret(16),
            manifest=manifest,
            request_url=request_url,
        )
        self.add_user(bot)
        self.apps[app.id] = app
        return app

    def the_app(self) -> App:
        """The app that people mean when they name none: the first one."""
        if not self.apps:
            raise WorkspaceError("No app is installed in this workspace.")
        return next(iter(self.apps.values()))

    # channels
    def add_channel(self, name: str, kind: str, creator: str, members: Iterable[str]) -> Channel:
        prefix = "D" if kind == "im" else "C"
        channel = Channel(
            self.new_id(prefix), name, kind, creator, int(self.clock()), list(dict.fromkeys(members))
        )
        self.channels[channel.id] = channel
        self.tell("channel_created", channel=channel.id, user=creator)
        return channel

    def find_channel(self, name_or_id: str) -> Channel | None:
        if name_or_id in self.channels:
            return self.channels[name_or_id]
        name = name_or_id.removeprefix("#")
        return next((c for c in self.channels.values() if c.name == name and not c.is_im), None)

    def channel(self, name_or_id: str) -> Channel:
        found = self.find_channel(name_or_id)
        if found is None:
            raise WorkspaceError(f"There is no channel {name_or_id}.")
        return found

    def channel_changed(self, channel: Channel) -> None:
        self.tell("channel", channel=channel.id)

    def join(self, channel: Channel, user_id: str, inviter: str = "") -> None:
        channel.members.append(user_id)
        channel.read.setdefault(user_id, channel.posts[-1]["ts"] if channel.posts else "")
        self.tell("member_joined_channel", channel=channel.id, user=user_id, content=inviter)

    def direct(self, one: str, other: str) -> Channel | None:
        members = {one, other}
        return next((c for c in self.channels.values() if c.is_im and set(c.members) == members), None)

    def open_direct(self, one: str, other: str) -> tuple[Channel, bool]:
        """The DM between two users, and whether it existed. Raises SlackError where Slack refuses one."""
        user = self.users.get(other)
        if other == "USLACKBOT":
            raise SlackError("cannot_dm_bot")
        if user is None:
            raise SlackError("user_not_found")
        if user.deleted:
            raise SlackError("user_disabled")
        if user.is_bot and self.users[one].is_bot:
            raise SlackError("cannot_dm_bot")
        found = self.direct(one, other)
        return (found, True) if found else (self.add_channel("", "im", one, [one, other]), False)


class Changed:
    """Wakes whoever waits for the next change; a change while nobody waits is not kept."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def notify_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future
