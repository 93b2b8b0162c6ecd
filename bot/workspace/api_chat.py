"""chat.*, pins.*, bookmarks.*, reactions.*"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.workspace import blocks as block_kit
from bot.workspace.state import ApiError, App, Channel, Json, State, new_id

_LONGEST = 40_000
_PING = re.compile(r"<(!(?:channel|here|everyone|subteam\^\w+))(?:\|[^>]*)?>|<@(\w+)(?:\|[^>]*)?>")
_MENTIONS_IN_CHANNEL = ("!channel", "!here", "!everyone")


def post_message(state: State, app: App, args: Json) -> Json:
    channel = target(state, app, args)
    may_post(state, app, channel)
    message = checked_message(args)
    message |= {"ts": state.new_ts(), "user": app.bot_user_id, "bot_id": app.bot_id, "app_id": app.id}
    if metadata := args.get("metadata"):
        message["metadata"] = _metadata(metadata)
    if thread_ts := args.get("thread_ts"):
        message["thread_ts"] = str(thread_ts)
    add_message(state, channel, message)
    return {"channel": channel.id, "ts": message["ts"], "message": public(message)}


def add_message(state: State, channel: Channel, message: Json) -> None:
    """Put a message into its channel or thread, and note whom it pings."""
    channel.messages.append(message)
    if thread_ts := message.get("thread_ts"):
        for parent in channel.messages:
            if parent["ts"] == thread_ts and parent is not message:
                parent["reply_count"] = parent.get("reply_count", 0) + 1
    for ping in _PING.finditer(_all_text(message)):
        state.pings.append((channel.id, message["ts"], ping[1] or ping[2]))
    state.changed({"type": "message", "channel": channel.id, "message": message})


def target(state: State, app: App, args: Json) -> Channel:
    """The channel that `channel` names; a person's id means the conversation with them."""
    named = str(args.get("channel") or "")
    if named in state.users:
        return open_with(state, app, named)
    return state.channel(named)


def open_with(state: State, app: App, user_id: str) -> Channel:
    user = state.user(user_id)
    if user.deleted:
        raise ApiError("user_disabled")
    if user.is_bot:
        raise ApiError("cannot_dm_bot")
    return state.direct_message(app.bot_user_id, user.id)


def may_post(state: State, app: App, channel: Channel) -> None:
    if channel.is_archived:
        raise ApiError("is_archived")
    if app.bot_user_id in channel.members:
        return
    if channel.is_private or channel.is_im:
        raise ApiError("channel_not_found")
    if "chat:write.public" not in app.scopes:
        raise ApiError("not_in_channel")


def checked_message(args: Json) -> Json:
    """The text and blocks of a message. Raises no_text, msg_too_long, invalid_blocks."""
    text, blocks = args.get("text") or "", args.get("blocks")
    if not text and not blocks and not args.get("attachments"):
        raise ApiError("no_text")
    if len(str(text)) > _LONGEST:
        raise ApiError("msg_too_long")
    message: Json = {"type": "message", "text": str(text)}
    if blocks:
        refuse_wrong_blocks(block_kit.problems(blocks, "message"))
        message["blocks"] = with_block_ids(blocks)
    return message


def refuse_wrong_blocks(problems: list[str]) -> None:
    if problems:
        messages = {"messages": [f"[ERROR] {problem}" for problem in problems]}
        raise ApiError("invalid_blocks", response_metadata=messages, errors=problems)


def with_block_ids(blocks: list[Json]) -> list[Json]:
    return [{"block_id": new_id("b")[:6], **block} for block in blocks]


def _metadata(metadata: Any) -> Json:
    if not isinstance(metadata, dict) or not metadata.get("event_type") or "event_payload" not in metadata:
        raise ApiError("invalid_metadata_format")
    return metadata


def _all_text(message: Json) -> str:
    """What a person reads of a message, where a ping would be live: not in plain text objects."""

    def texts(thing: Any) -> list[str]:
        if isinstance(thing, dict):
            if thing.get("type") == "mrkdwn":
                return [str(thing.get("text"))]
            return [text for value in thing.values() for text in texts(value)]
        if isinstance(thing, list):
            return [text for value in thing for text in texts(value)]
        return []

    return "\n".join(texts(message.get("blocks")) or [message["text"]])


def public(message: Json, *, with_metadata: bool = True) -> Json:
    return message if with_metadata else {key: value for key, value in message.items() if key != "metadata"}


def update(state: State, app: App, args: Json) -> Json:
    channel = state.channel(str(args.get("channel")))
    message = channel.message(str(args.get("ts")))
    if message.get("bot_id") != app.bot_id:
        raise ApiError("cant_update_message")
    if channel.is_archived:
        raise ApiError("is_archived")
    changed = checked_message(args)
    message.pop("blocks", None)
    message.update(changed, edited={"user": app.bot_user_id, "ts": state.new_ts()})
    state.changed({"type": "message_changed", "channel": channel.id, "message": message})
    return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": message}


def delete(state: State, app: App, args: Json) -> Json:
    channel = state.channel(str(args.get("channel")))
    message = channel.message(str(args.get("ts")))
    if message.get("bot_id") != app.bot_id:
        raise ApiError("cant_delete_message")
    channel.messages.remove(message)
    state.changed({"type": "message_deleted", "channel": channel.id, "message": message})
    return {"channel": channel.id, "ts": message["ts"]}


def post_ephemeral(state: State, app: App, args: Json) -> Json:
    channel = state.channel(str(args.get("channel")))
    may_post(state, app, channel)
    if str(args.get("user")) not in channel.members:
        raise ApiError("user_not_in_channel")
    message = show_privately(state, app, channel.id, str(args["user"]), checked_message(args))
    return {"message_ts": message["ts"]}


def show_privately(state: State, app: App, channel_id: str, user_id: str, content: Json) -> Json:
    """A message that only one person sees."""
    message = {
        **content,
        "ts": state.new_ts(),
        "user": app.bot_user_id,
        "bot_id": app.bot_id,
        "is_ephemeral": True,
        "channel": channel_id,
        "to": user_id,
    }
    state.ephemerals.append(message)
    state.changed({"type": "ephemeral", "channel": channel_id, "message": message, "user": user_id})
    return message


def permalink(state: State, app: App, args: Json) -> Json:
    channel = state.channel(str(args.get("channel")))
    ts = channel.message(str(args.get("message_ts")))["ts"]
    link = (
        f"https://{state.team_name.lower().split()[0]}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    )
    return {"channel": channel.id, "permalink": link}


def _member_channel(state: State, app: App, channel_id: str) -> Channel:
    channel = state.channel(channel_id)
    if app.bot_user_id not in channel.members:
        raise ApiError("not_in_channel")
    if channel.is_archived:
        raise ApiError("is_archived")
    return channel


def pin(state: State, app: App, args: Json) -> Json:
    channel = _member_channel(state, app, str(args.get("channel")))
    ts = channel.message(str(args.get("timestamp")))["ts"]
    if ts in channel.pins:
        raise ApiError("already_pinned")
    channel.pins.append(ts)
    state.changed({"type": "channel", "channel": channel.id})
    return {}


def unpin(state: State, app: App, args: Json) -> Json:
    channel = _member_channel(state, app, str(args.get("channel")))
    if str(args.get("timestamp")) not in channel.pins:
        raise ApiError("no_pin")
    channel.pins.remove(str(args["timestamp"]))
    state.changed({"type": "channel", "channel": channel.id})
    return {}


def pins(state: State, app: App, args: Json) -> Json:
    channel = state.channel(str(args.get("channel")))
    return {"items": [{"type": "message", "message": channel.message(ts)} for ts in channel.pins]}


def bookmark(state: State, app: App, args: Json) -> Json:
    channel = _member_channel(state, app, str(args.get("channel_id")))
    if args.get("type") != "link":
        raise ApiError("invalid_bookmark_type")
    if not args.get("title") or not args.get("link"):
        raise ApiError("invalid_link" if args.get("title") else "invalid_arguments")
    added = {
        "id": new_id("Bk"),
        "channel_id": channel.id,
        "title": args["title"],
        "link": args["link"],
        "emoji": args.get("emoji", ""),
        "type": "link",
    }
    channel.bookmarks.append(added)
    state.changed({"type": "channel", "channel": channel.id})
    return {"bookmark": added}


def bookmarks(state: State, app: App, args: Json) -> Json:
    return {"bookmarks": state.channel(str(args.get("channel_id"))).bookmarks}


def react(state: State, app: App, args: Json) -> Json:
    message = state.channel(str(args.get("channel"))).message(str(args.get("timestamp")))
    add_reaction(message, str(args.get("name")), app.bot_user_id)
    state.changed({"type": "message_changed", "channel": args["channel"], "message": message})
    return {}


def add_reaction(message: Json, name: str, user_id: str) -> None:
    reactions = message.setdefault("reactions", [])
    for reaction in reactions:
        if reaction["name"] == name:
            if user_id in reaction["users"]:
                raise ApiError("already_reacted")
            reaction["users"].append(user_id)
            reaction["count"] += 1
            return
    reactions.append({"name": name, "users": [user_id], "count": 1})


METHODS: Mapping[str, Callable[[State, App, Json], Json]] = {
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.delete": delete,
    "chat.postEphemeral": post_ephemeral,
    "chat.getPermalink": permalink,
    "pins.add": pin,
    "pins.remove": unpin,
    "pins.list": pins,
    "bookmarks.add": bookmark,
    "bookmarks.list": bookmarks,
    "reactions.add": react,
}
