"""conversations.*"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.workspace.api_chat import open_with, public
from bot.workspace.state import ApiError, App, Channel, Json, State, new_id

_LONGEST_NAME = 80
_LONGEST_TOPIC = 250
_MOST_MEMBERS = 1000
_NAME = re.compile(r"[\w-]+")


def create(state: State, app: App, args: Json) -> Json:
    name = str(args.get("name") or "")
    if not name:
        raise ApiError("invalid_name_required")
    if len(name) > _LONGEST_NAME:
        raise ApiError("invalid_name_maxlength")
    if name != name.lower() or not _NAME.fullmatch(name):
        raise ApiError("invalid_name_specials")
    if any(channel.name == name for channel in state.channels.values()):
        raise ApiError("name_taken")
    kind = "private" if _true(args.get("is_private")) else "channel"
    if kind == "private" and "groups:write" not in app.scopes:
        raise ApiError("missing_scope", needed="groups:write", provided=",".join(app.scopes))
    channel = Channel(new_id("C"), name, app.bot_user_id, int(state.clock()), kind, [app.bot_user_id])
    state.channels[channel.id] = channel
    state.changed({"type": "channel", "channel": channel.id})
    return {"channel": described(channel, app)}


def described(channel: Channel, app: App) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "channel",
        "is_private": channel.is_private,
        "is_im": channel.is_im,
        "is_archived": channel.is_archived,
        "is_member": app.bot_user_id in channel.members,
        "creator": channel.creator,
        "created": channel.created,
        "topic": {"value": channel.topic},
        "purpose": {"value": channel.purpose},
        "num_members": len(channel.members),
    }


def invite(state: State, app: App, args: Json) -> Json:
    channel = _own(state, app, args)
    wanted = [user for user in str(args.get("users") or "").split(",") if user]
    if not wanted:
        raise ApiError("no_user")
    if len(wanted) > _MOST_MEMBERS:
        raise ApiError("too_many_users")
    errors = [error for user_id in wanted if (error := _why_not(state, app, channel, user_id))]
    if errors and len(errors) == len(wanted):
        raise ApiError(errors[0])
    for user_id in wanted:
        if _why_not(state, app, channel, user_id) is None:
            channel.members.append(user_id)
    state.changed({"type": "channel", "channel": channel.id})
    return {"channel": described(channel, app)}


def _why_not(state: State, app: App, channel: Channel, user_id: str) -> str | None:
    user = state.users.get(user_id)
    if user is None:
        return "user_not_found"
    if user_id == app.bot_user_id:
        return "cant_invite_self"
    if user_id in channel.members:
        return "already_in_channel"
    return "user_disabled" if user.deleted else None


def join(state: State, app: App, args: Json) -> Json:
    channel = state.channel(str(args.get("channel")))
    if channel.is_archived:
        raise ApiError("is_archived")
    if channel.is_private or channel.is_im:
        raise ApiError("method_not_supported_for_channel_type")
    if app.bot_user_id not in channel.members:
        channel.members.append(app.bot_user_id)
        state.changed({"type": "channel", "channel": channel.id})
    return {"channel": described(channel, app)}


def open_(state: State, app: App, args: Json) -> Json:
    users = [user for user in str(args.get("users") or "").split(",") if user]
    if not users:
        raise ApiError("users_list_not_supplied")
    if len(users) > 1:
        raise ApiError("method_not_supported_for_channel_type")
    return {"channel": {"id": open_with(state, app, users[0]).id}}


def info(state: State, app: App, args: Json) -> Json:
    return {"channel": described(state.channel(str(args.get("channel"))), app)}


def list_(state: State, app: App, args: Json) -> Json:
    kinds = {"public_channel": "channel", "private_channel": "private", "im": "im"}
    wanted = {kinds.get(name) for name in str(args.get("types") or "public_channel").split(",")}
    found = [
        described(channel, app)
        for channel in state.channels.values()
        if channel.kind in wanted
        and not (channel.is_archived and _true(args.get("exclude_archived")))
        and (channel.kind == "channel" or app.bot_user_id in channel.members)
    ]
    return _paged(found, args, "channels", 100)


def _paged(items: list[Json], args: Json, name: str, usual: int) -> Json:
    limit, start = int(args.get("limit") or usual), int(args.get("cursor") or 0)
    following = str(start + limit) if start + limit < len(items) else ""
    return {name: items[start : start + limit], "response_metadata": {"next_cursor": following}}


def members(state: State, app: App, args: Json) -> Json:
    channel = state.channel(str(args.get("channel")))
    return {"members": channel.members, "response_metadata": {"next_cursor": ""}}


def history(state: State, app: App, args: Json) -> Json:
    channel = _readable(state, app, args)
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or "inf")
    found = [
        public(message, with_metadata=_true(args.get("include_all_metadata")))
        for message in reversed(channel.messages)
        if oldest < float(message["ts"]) <= latest and message.get("thread_ts") in (None, message["ts"])
    ]
    page = _paged(found, args, "messages", 100)
    return {**page, "has_more": bool(page["response_metadata"]["next_cursor"])}


def replies(state: State, app: App, args: Json) -> Json:
    channel, ts = _readable(state, app, args), str(args.get("ts"))
    channel.message(ts)
    found = [
        public(message, with_metadata=_true(args.get("include_all_metadata")))
        for message in channel.messages
        if ts in (message["ts"], message.get("thread_ts"))
    ]
    return _paged(found, args, "messages", 100)


def _readable(state: State, app: App, args: Json) -> Channel:
    channel = state.channel(str(args.get("channel")))
    needed = {"im": "im:history", "private": "groups:history"}.get(channel.kind, "channels:history")
    if needed not in app.scopes:
        raise ApiError("missing_scope", needed=needed, provided=",".join(app.scopes))
    if app.bot_user_id not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def set_topic(state: State, app: App, args: Json) -> Json:
    channel, topic = _own(state, app, args), str(args.get("topic") or "")
    if len(topic) > _LONGEST_TOPIC:
        raise ApiError("too_long")
    channel.topic = topic
    state.changed({"type": "channel", "channel": channel.id})
    return {"channel": described(channel, app)}


def set_purpose(state: State, app: App, args: Json) -> Json:
    channel, purpose = _own(state, app, args), str(args.get("purpose") or "")
    if len(purpose) > _LONGEST_TOPIC:
        raise ApiError("too_long")
    channel.purpose = purpose
    return {"purpose": purpose}


def archive(state: State, app: App, args: Json) -> Json:
    channel = _own(state, app, args)
    channel.is_archived = True
    state.changed({"type": "channel", "channel": channel.id})
    return {}


def unarchive(state: State, app: App, args: Json) -> Json:
    channel = state.channel(str(args.get("channel")))
    if not channel.is_archived:
        raise ApiError("not_archived")
    channel.is_archived = False
    state.changed({"type": "channel", "channel": channel.id})
    return {}


def _own(state: State, app: App, args: Json) -> Channel:
    """A channel that the bot may change."""
    channel = state.channel(str(args.get("channel")))
    if channel.is_archived:
        raise ApiError("is_archived")
    if app.bot_user_id not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _true(value: Any) -> bool:
    return value is True or str(value).lower() in ("1", "true")


METHODS: Mapping[str, Callable[[State, App, Json], Json]] = {
    "conversations.create": create,
    "conversations.invite": invite,
    "conversations.join": join,
    "conversations.open": open_,
    "conversations.info": info,
    "conversations.list": list_,
    "conversations.members": members,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.setTopic": set_topic,
    "conversations.setPurpose": set_purpose,
    "conversations.archive": archive,
    "conversations.unarchive": unarchive,
}
