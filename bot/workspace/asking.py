"""One Web API call as a method sees it: who asks, and its arguments in whatever form they came."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.workspace.errors import SlackError, invalid_arguments
from bot.workspace.state import App, Channel, Json, State
from bot.workspace.views import Views


@dataclass(frozen=True)
class Ask:
    state: State
    views: Views
    app: App
    method: str
    args: Json

    @property
    def bot(self) -> str:
        return self.app.bot_user_id

    def text(self, name: str, default: str = "") -> str:
        value = self.args.get(name)
        if isinstance(value, dict | list):
            raise invalid_arguments(f"must be a string [json-pointer:/{name}]")
        return default if value is None else str(value)

    def need(self, *names: str) -> list[str]:
        """Required arguments. Raises `invalid_arguments` naming each that is missing."""
        missing = [name for name in names if self.args.get(name) in (None, "")]
        if missing:
            raise invalid_arguments(*(f"missing required field: {name}" for name in missing))
        return [self.text(name) for name in names]

    def flag(self, name: str) -> bool:
        return str(self.args.get(name, "")).lower() in ("true", "1")

    def number(self, name: str, default: int, most: int) -> int:
        raw = self.args.get(name)
        if raw in (None, ""):
            return default
        try:
            return max(1, min(most, int(str(raw))))
        except ValueError:
            raise invalid_arguments(f"must be an integer [json-pointer:/{name}]") from None

    def listed(self, name: str) -> list[str]:
        """Ids separated by commas, or a JSON array of them."""
        value = self.json(name) if str(self.args.get(name, "")).startswith("[") else self.args.get(name)
        items = value if isinstance(value, list) else str(value or "").split(",")
        return [str(item).strip() for item in items if str(item).strip()]

    def json(self, name: str) -> Any:
        """An argument that is JSON, also when it came as a string; None when it is absent or not JSON."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None

    def channel(self) -> Channel:
        """The channel named by the call, when this app may know of it. Raises `channel_not_found`."""
        (channel_id,) = self.need("channel")
        return self.visible(channel_id)

    def visible(self, channel_id: str) -> Channel:
        channel = self.state.channels.get(channel_id)
        if channel is None or (channel.kind != "channel" and self.bot not in channel.members):
            raise SlackError("channel_not_found")
        return channel

    def joined(self) -> Channel:
        """A channel in which the bot is. Raises `not_in_channel`."""
        channel = self.channel()
        if self.bot not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def writable(self) -> Channel:
        """A channel in which the bot is and that is not archived. Raises `is_archived`."""
        channel = self.joined()
        if channel.is_archived:
            raise SlackError("is_archived")
        return channel

    def user(self, user_id: str, error: str = "user_not_found") -> str:
        if user_id not in self.state.users:
            raise SlackError(error)
        return user_id


Method = Callable[[Ask], Json]


def paged(items: list[Any], ask: Ask, default: int, most: int) -> tuple[list[Any], str]:
    """One page and the cursor of the next one, "" at the end. Raises `invalid_cursor`."""
    limit, cursor = ask.number("limit", default, most), ask.text("cursor")
    start = 0
    if cursor:
        if not cursor.startswith("next_") or not cursor[5:].isascii() or not cursor[5:].isdigit():
            raise SlackError("invalid_cursor")
        start = int(cursor[5:])
    end = start + limit
    return items[start:end], f"next_{end}" if end < len(items) else ""
