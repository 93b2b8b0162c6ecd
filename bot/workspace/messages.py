"""Messages: posting, changing and deleting them, what they ping, and how Slack shows them."""

import re
from typing import Any

from bot.workspace.errors import SlackError, WorkspaceError
from bot.workspace.state import App, Channel, Json, State

TEXT_LIMIT = (
    40_000  #: Slack cuts longer texts, https://docs.slack.dev/changelog/2018-truncating-really-long-messages
)
_EVERYBODY = ("!channel", "!here", "!everyone")
_PING = re.compile(r"<(!(?:channel|here|everyone|group)|!subteam\^[A-Z0-9]+|@[UWB][A-Z0-9]+)(?:\|[^>]*)?>")


def post(
    state: State,
    channel: Channel,
    message: Json,
    *,
    thread_ts: str | None = None,
    broadcast: bool = False,
) -> Json:
    """The message as kept, with its ts; a reply is counted on its parent."""
    message = {"type": "message", **message, "ts": state.new_ts(), "team": state.team_id}
    message["text"] = str(message.get("text") or "")[:TEXT_LIMIT]
    if thread_ts:
        _attach_to_thread(channel, message, thread_ts, broadcast)
    channel.posts.append(message)
    channel.by_ts[message["ts"]] = message
    if message.get("user"):
        mark_read(channel, message["user"])
    _count(channel, message, 1)
    state.pings += [(channel.id, message["ts"], what) for what in pings(message)]
    state.tell("message", channel=channel.id, user=message.get("user", ""), content=message)
    return message


def _attach_to_thread(channel: Channel, message: Json, thread_ts: str, broadcast: bool) -> None:
    if not re.fullmatch(r"\d+\.\d+", thread_ts):
        said = f"[ERROR] {thread_ts} is not a valid thread_ts"
        raise SlackError("invalid_thread_ts", response_metadata={"messages": [said]})
    parent = channel.by_ts.get(thread_ts)
    if parent is None:
        raise SlackError("thread_not_found")
    if (
        parent.get("thread_ts", parent["ts"]) != parent["ts"]
    ):  # a reply to a reply belongs to the thread's parent
        parent = channel.by_ts[parent["thread_ts"]]
    message["thread_ts"] = parent["ts"]
    message["parent_user_id"] = parent.get("user", "")
    if broadcast:
        message["subtype"] = "thread_broadcast"
    author = message.get("user", "")
    parent["thread_ts"] = parent["ts"]
    parent["reply_count"] = parent.get("reply_count", 0) + 1
    parent["reply_users"] = list(dict.fromkeys([*parent.get("reply_users", []), author]))
    parent["reply_users_count"] = len(parent["reply_users"])
    parent["latest_reply"] = message["ts"]


def change(state: State, channel: Channel, message: Json, fields: Json, editor: str) -> None:
    """Put new fields into a message; a field that is None leaves it. An edit pings nobody."""
    before = dict(message)
    for name, value in fields.items():
        if value is None:
            message.pop(name, None)
        else:
            message[name] = value
    message["text"] = str(message.get("text") or "")
    message["edited"] = {"user": editor, "ts": state.new_ts()}
    state.tell("message_changed", channel=channel.id, content={"message": message, "previous": before})


def delete(state: State, channel: Channel, message: Json) -> None:
    _count(channel, message, -1)
    channel.posts.remove(message)
    del channel.by_ts[message["ts"]]
    if message["ts"] in channel.pins:
        channel.pins.remove(message["ts"])
    parent = channel.by_ts.get(message.get("thread_ts", ""))
    if parent is not None and parent is not message:
        parent["reply_count"] = max(0, parent.get("reply_count", 1) - 1)
    state.tell("message_deleted", channel=channel.id, content=message)


def whisper(state: State, channel_id: str, user_id: str, message: Json, thread_ts: str | None = None) -> Json:
    """Show a message to one person only; history never has it."""
    shown = {"type": "message", **message, "ts": state.new_ts(), "channel": channel_id, "is_ephemeral": True}
    shown["text"] = str(shown.get("text") or "")[:TEXT_LIMIT]
    if thread_ts:
        shown["thread_ts"] = thread_ts
    state.ephemerals.append({**shown, "_for": user_id})
    state.tell("ephemeral", channel=channel_id, user=user_id, content=shown)
    return shown


def whispered(state: State, user_id: str, channel_id: str | None = None) -> list[Json]:
    return [
        {key: value for key, value in message.items() if key != "_for"}
        for message in state.ephemerals
        if message["_for"] == user_id and channel_id in (None, message["channel"])
    ]


def whispered_at(state: State, user_id: str, channel_id: str, ts: str) -> Json | None:
    wanted = (user_id, channel_id, ts)
    return next((m for m in state.ephemerals if (m["_for"], m["channel"], m["ts"]) == wanted), None)


def from_app(app: App, fields: Json) -> Json:
    """What every message of an app carries besides its content."""
    message: Json = {"user": app.bot_user_id, "bot_id": app.bot_id, "app_id": app.id, **fields}
    message["bot_profile"] = {"id": app.bot_id, "app_id": app.id, "name": app.name, "deleted": False}
    if message.get("username"):
        message["subtype"] = "bot_message"
    return {key: value for key, value in message.items() if value is not None}


def shown(message: Json, *, metadata: bool = False) -> Json:
    """A copy as `conversations.history` returns it."""
    hidden = () if metadata else ("metadata",)
    return {key: value for key, value in message.items() if key not in hidden}


def timeline(channel: Channel) -> list[Json]:
    """What stands in the channel itself, oldest first: no replies, unless sent to the channel too."""
    return [message for message in channel.posts if _stands_in_channel(message)]


def thread(channel: Channel, thread_ts: str) -> list[Json]:
    """A parent and its replies, oldest first."""
    return [m for m in channel.posts if thread_ts in (m["ts"], m.get("thread_ts"))]


def pings(message: Json) -> list[str]:
    """Whom a message rings: `!channel`, `!here`, `!everyone`, `!subteam^S…`, `@U…`, each once."""
    found = list(_PING.findall(str(message.get("text") or "")))
    for part in (message.get("blocks") or [], message.get("attachments") or []):
        found += _pings_inside(part)
    return list(dict.fromkeys(found))


def _pings_inside(part: Any) -> list[str]:
    if isinstance(part, list):
        return [ping for item in part for ping in _pings_inside(item)]
    if not isinstance(part, dict):
        return []
    match part.get("type"):
        case "mrkdwn" | "markdown":
            return list(_PING.findall(str(part.get("text", ""))))
        case "user":
            return [f"@{part.get('user_id')}"]
        case "broadcast":
            return [f"!{part.get('range')}"]
        case "usergroup":
            return [f"!subteam^{part.get('usergroup_id')}"]
        case "plain_text":
            return []
    texts = [part[key] for key in ("text", "pretext") if isinstance(part.get(key), str)]
    legacy = [ping for text in texts for ping in _PING.findall(text)]
    return legacy + [ping for value in part.values() for ping in _pings_inside(value)]


def unread(channel: Channel, user_id: str) -> tuple[int, int]:
    """How many messages this member has not seen, and how many of them call for them."""
    return channel.unread.get(user_id, (0, 0)) if user_id in channel.members else (0, 0)


def mark_read(channel: Channel, user_id: str) -> None:
    channel.read[user_id] = channel.posts[-1]["ts"] if channel.posts else ""
    channel.unread.pop(user_id, None)


def _count(channel: Channel, message: Json, by: int) -> None:
    """Keep the unread counts as messages come and go: counted at each look, 2,000 posts took 25 s, not 2."""
    if not _stands_in_channel(message):
        return
    rung = pings(message)
    everybody = channel.is_im or any(ping in _EVERYBODY for ping in rung)
    for member in channel.members:
        if member == message.get("user") or message["ts"] <= channel.read.get(member, ""):
            continue
        fresh, calls = channel.unread.get(member, (0, 0))
        called = everybody or f"@{member}" in rung
        channel.unread[member] = (max(0, fresh + by), max(0, calls + by * called))


def _stands_in_channel(message: Json) -> bool:
    in_thread = message.get("thread_ts", message["ts"]) != message["ts"]
    return not in_thread or message.get("subtype") == "thread_broadcast"


def as_typed(state: State, text: str, *, named: bool = False) -> str:
    """A person's text as Slack sends it: escaped, with @names and #channels made live.

    `named`: people and groups by their names, too, as in a command whose app asked for `should_escape`;
    in messages they are marked by their ids alone.
    Source: https://docs.slack.dev/interactivity/implementing-slash-commands
    """
    parts = re.split(r"(<[@#][A-Z0-9]+(?:\|[^>]*)?>)", text)
    return "".join(part if index % 2 else _typed(state, part, named) for index, part in enumerate(parts))


def _typed(state: State, text: str, named: bool) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    people = {user.name: user.id for user in state.users.values()}
    groups = {group["handle"]: group["id"] for group in state.usergroups.values()}

    def person(match: re.Match[str]) -> str:
        name = match[1]
        if name in ("channel", "here", "everyone"):
            return f"<!{name}>"
        if name in groups:
            return f"<!subteam^{groups[name]}{f'|@{name}' if named else ''}>"
        return f"<@{people[name]}{f'|{name}' if named else ''}>" if name in people else match[0]

    def place(match: re.Match[str]) -> str:
        channel = state.find_channel(match[1])
        return f"<#{channel.id}|{channel.name}>" if channel else match[0]

    text = re.sub(r"(?<![\w<])@([\w.-]*\w)", person, text)
    return re.sub(r"(?<![\w<&])#([\w-]+)", place, text)


def message_at(channel: Channel, ts: str) -> Json:
    """The message with this ts. Raises WorkspaceError when it is not there."""
    if ts not in channel.by_ts:
        raise WorkspaceError(f"There is no message {ts} in {channel.name or channel.id}.")
    return channel.by_ts[ts]
