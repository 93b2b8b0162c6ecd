"""What is in the workspace: people, apps, channels, messages, views. All of it in memory."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

TRIGGER_SECONDS = 3.0


class ApiError(Exception):
    """What Slack answers as `ok: false`."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


@dataclass(frozen=True)
class User:
    id: str
    name: str
    real_name: str
    email: str
    team_id: str
    is_bot: bool = False
    deleted: bool = False
    is_restricted: bool = False


@dataclass
class App:
    id: str
    name: str
    bot_user_id: str
    bot_id: str
    bot_token: str
    app_token: str
    signing_secret: str
    manifest: Json
    request_url: str | None = None
    is_revoked: bool = False

    @property
    def scopes(self) -> list[str]:
        return list(self.manifest.get("oauth_config", {}).get("scopes", {}).get("bot", []))

    @property
    def commands(self) -> list[Json]:
        return list(self.manifest.get("features", {}).get("slash_commands", []))

    @property
    def shortcuts(self) -> list[Json]:
        return list(self.manifest.get("features", {}).get("shortcuts", []))

    @property
    def events(self) -> list[str]:
        return list(self.manifest.get("settings", {}).get("event_subscriptions", {}).get("bot_events", []))


@dataclass
class Channel:
    id: str
    name: str
    creator: str
    created: int
    kind: str = "channel"
    members: list[str] = field(default_factory=list)
    topic: str = ""
    purpose: str = ""
    is_archived: bool = False
    messages: list[Json] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)
    #: For each person, the `ts` up to which they have read.
    read: dict[str, str] = field(default_factory=dict)

    @property
    def is_private(self) -> bool:
        return self.kind == "private"

    @property
    def is_im(self) -> bool:
        return self.kind == "im"

    def message(self, ts: str) -> Json:
        """Raises ApiError("message_not_found")."""
        for message in reversed(self.messages):
            if message["ts"] == ts:
                return message
        raise ApiError("message_not_found")


@dataclass(frozen=True)
class Call:
    """One Web API call as it was received and answered."""

    at: float
    method: str
    args: Json
    answer: Json
    http_status: int


@dataclass
class Trigger:
    """Lets an app open one view for a person, for three seconds."""

    user_id: str
    app_id: str
    made_at: float
    is_used: bool = False


class Triggers:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, Trigger] = {}

    def make(self, app: App, user_id: str) -> str:
        trigger_id = f"{new_id('')}.{secret(12)}"
        self._known[trigger_id] = Trigger(user_id, app.id, self._clock())
        return trigger_id

    def use(self, app: App, trigger_id: str) -> str:
        """The person it was made for. Raises invalid_, exchanged_ or expired_trigger_id."""
        trigger = self._known.get(trigger_id)
        if trigger is None or trigger.app_id != app.id:
            raise ApiError("invalid_trigger_id")
        if trigger.is_used:
            raise ApiError("exchanged_trigger_id")
        if self._clock() - trigger.made_at > TRIGGER_SECONDS:
            raise ApiError("expired_trigger_id")
        trigger.is_used = True
        return trigger.user_id


class State:
    """The workspace's memory. Who changes something calls `changed`."""

    def __init__(self, team_name: str, clock: Callable[[], float]) -> None:
        self.team_id = "T" + _letters(8)
        self.team_name = team_name
        self.clock = clock
        self.users: dict[str, User] = {}
        self.apps: list[App] = []
        self.channels: dict[str, Channel] = {}
        self.views: dict[str, Json] = {}
        #: For each person, the ids of their open modals, the top one last.
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, Json] = {}
        self.ephemerals: list[Json] = []
        #: What a message pinged: channel, ts, what.
        self.pings: list[tuple[str, str, str]] = []
        self.calls: list[Call] = []
        self.triggers = Triggers(clock)
        self._last_ts = 0.0
        self._listeners: list[Callable[[Json], None]] = []
        self._change = asyncio.Event()

    def new_ts(self) -> str:
        """A message's `ts`: later than every other."""
        self._last_ts = max(self.clock(), self._last_ts + 0.000001)
        return f"{self._last_ts:.6f}"

    def on_change(self, listener: Callable[[Json], None]) -> None:
        self._listeners.append(listener)

    def changed(self, what: Json) -> None:
        """Tell pages and tests that something is different now."""
        for listener in self._listeners:
            listener(what)
        self._change.set()

    async def next_change(self) -> None:
        self._change.clear()
        await self._change.wait()

    def user(self, user_id: str) -> User:
        """Raises ApiError("user_not_found")."""
        if user_id not in self.users:
            raise ApiError("user_not_found")
        return self.users[user_id]

    def channel(self, channel_id: str) -> Channel:
        """Raises ApiError("channel_not_found")."""
        if channel_id in self.channels:
            return self.channels[channel_id]
        for channel in self.channels.values():
            if channel_id and channel_id.lstrip("#") == channel.name and not channel.is_im:
                return channel
        raise ApiError("channel_not_found")

    def direct_message(self, first: str, second: str) -> Channel:
        """The conversation of two, opened if there was none."""
        for channel in self.channels.values():
            if channel.is_im and set(channel.members) == {first, second}:
                return channel
        channel = Channel(new_id("D"), "", first, int(self.clock()), "im", [first, second])
        self.channels[channel.id] = channel
        self.changed({"type": "channel", "channel": channel.id})
        return channel

    def app_of_bot(self, user_id: str) -> App | None:
        return next((app for app in self.apps if app.bot_user_id == user_id), None)


def new_id(prefix: str) -> str:
    return prefix + _letters(10)


def secret(length: int = 24) -> str:
    return secrets.token_hex(length // 2)


def _letters(count: int) -> str:
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(count))
