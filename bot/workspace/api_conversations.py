"""`conversations.*`: channels, their members, and what was said in them."""

from collections.abc import Callable

from bot.workspace import messages, shapes
from bot.workspace.asking import Ask, Method, paged
from bot.workspace.errors import SlackError
from bot.workspace.state import Channel, Json

NAME, TEXT, INVITES = 80, 250, 100
_RESERVED = ("channel", "here", "everyone", "archive", "archived", "slackbot")


def _shown(ask: Ask, channel: Channel) -> Json:
    return {"channel": shapes.channel(ask.state, channel, ask.bot)}


def checked_name(ask: Ask, name: str) -> str:
    """A free channel name. Raises one of the `invalid_name_…` errors, or `name_taken`."""
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > NAME:
        raise SlackError("invalid_name_maxlength")
    if not all(c in "-_" or c.isdigit() or (c.isalpha() and c == c.lower()) for c in name):
        raise SlackError("invalid_name_specials")
    if not any(c.isalnum() for c in name):
        raise SlackError("invalid_name_punctuation")
    if name in _RESERVED or ask.state.find_channel(name):
        raise SlackError("name_taken")
    return name


def create(ask: Ask) -> Json:
    name = checked_name(ask, ask.text("name"))
    kind = "private" if ask.flag("is_private") else "channel"
    return _shown(ask, ask.state.add_channel(name, kind, ask.bot, [ask.bot]))


def _refusal(ask: Ask, channel: Channel, user_id: str) -> str:
    """Why this person cannot be invited; "" when they can."""
    user = ask.state.users.get(user_id)
    if user is None:
        return "user_not_found"
    if user_id == ask.bot:
        return "cant_invite_self"
    if user_id in channel.members:
        return "already_in_channel"
    if user.deleted:
        return "user_disabled"
    return "cant_invite" if user.team_id != ask.state.team_id else ""


def invite(ask: Ask) -> Json:
    channel = ask.channel()
    if channel.is_im:
        raise SlackError("method_not_supported_for_channel_type")
    channel = ask.writable()
    users = ask.listed("users")
    if not users:
        raise SlackError("no_user")
    if len(users) > INVITES:
        raise SlackError("too_many_users")
    refused = {user: why for user in users if (why := _refusal(ask, channel, user))}
    errors = [{"user": user, "ok": False, "error": why} for user, why in refused.items()]
    if refused and (not ask.flag("force") or len(refused) == len(users)):
        raise SlackError(next(iter(refused.values())), errors=errors)
    for user in dict.fromkeys(users):
        if user not in refused:
            ask.state.join(channel, user, ask.bot)
    return {**_shown(ask, channel), **({"errors": errors} if errors else {})}


def join(ask: Ask) -> Json:
    channel = ask.channel()
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if ask.bot in channel.members:
        return {**_shown(ask, channel), "warning": "already_in_channel"}
    ask.state.join(channel, ask.bot)
    return _shown(ask, channel)


def kick(ask: Ask) -> Json:
    channel = ask.writable()
    (user,) = ask.need("user")
    ask.user(user)
    if user == ask.bot:
        raise SlackError("cant_kick_self")
    if user not in channel.members:
        raise SlackError("not_in_channel")
    channel.members.remove(user)
    ask.state.tell("member_left_channel", channel=channel.id, user=user)
    return {"errors": {}}


def open_direct(ask: Ask) -> Json:
    """A DM with one person, or one that is known by its id. Several people at once are not imitated."""
    if ask.text("channel"):
        channel = ask.channel()
        return {"no_op": True, "already_open": True, **_opened(ask, channel)}
    users = ask.listed("users")
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        raise SlackError("method_not_supported_for_channel_type")
    if users[0] == ask.bot:
        raise SlackError("cannot_dm_bot")
    channel, existed = ask.state.open_direct(ask.bot, users[0])
    return {**({"no_op": True, "already_open": True} if existed else {}), **_opened(ask, channel)}


def _opened(ask: Ask, channel: Channel) -> Json:
    return _shown(ask, channel) if ask.flag("return_im") else {"channel": {"id": channel.id}}


def _between(ask: Ask, posts: list[Json]) -> list[Json]:
    """The messages between `oldest` and `latest`."""
    oldest, latest, inclusive = ask.text("oldest"), ask.text("latest"), ask.flag("inclusive")
    for name, value in (("oldest", oldest), ("latest", latest)):
        if value and not value.replace(".", "", 1).isdecimal():
            raise SlackError(f"invalid_ts_{name}")
    low, high = float(oldest or 0), float(latest) if latest and latest != "now" else float("inf")
    if inclusive:
        return [m for m in posts if low <= float(m["ts"]) <= high]
    return [m for m in posts if low < float(m["ts"]) < high]


def _page(ask: Ask, posts: list[Json], most: int) -> Json:
    page, cursor = paged(posts, ask, 100, most)
    metadata = ask.flag("include_all_metadata") and ask.app.may("metadata.message:read")
    return {
        "messages": [messages.shown(message, metadata=metadata) for message in page],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def history(ask: Ask) -> Json:
    channel = ask.joined()
    posts = _between(ask, messages.timeline(channel))
    return {**_page(ask, posts[::-1], 999), "pin_count": len(channel.pins)}


def replies(ask: Ask) -> Json:
    channel = ask.joined()
    (ts,) = ask.need("ts")
    message = channel.by_ts.get(ts)
    if message is None:
        raise SlackError("thread_not_found")
    parent, *others = messages.thread(channel, message.get("thread_ts", ts))
    return _page(ask, [parent, *_between(ask, others)], 1000)


def info(ask: Ask) -> Json:
    channel = ask.channel()
    shown = shapes.channel(ask.state, channel, ask.bot)
    if not ask.flag("include_num_members"):
        shown.pop("num_members", None)
    return {"channel": shown}


def kinds(ask: Ask) -> set[str]:
    """The kinds of channels asked for. Raises `invalid_types`."""
    names = {"public_channel": "channel", "private_channel": "private", "im": "im", "mpim": "mpim"}
    wanted = ask.listed("types") or ["public_channel"]
    if not set(wanted) <= set(names):
        raise SlackError("invalid_types")
    return {names[name] for name in wanted}


def list_channels(ask: Ask) -> Json:
    wanted, live = kinds(ask), ask.flag("exclude_archived")
    seen = [
        channel
        for channel in ask.state.channels.values()
        if channel.kind in wanted
        and not (live and channel.is_archived)
        and (channel.kind == "channel" or ask.bot in channel.members)
    ]
    page, cursor = paged(seen, ask, 100, 999)
    channels = [shapes.channel(ask.state, channel, ask.bot) for channel in page]
    return {"channels": channels, "response_metadata": {"next_cursor": cursor}}


def members(ask: Ask) -> Json:
    page, cursor = paged(ask.channel().members, ask, 100, 999)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


def _set_text(name: str) -> Callable[[Ask], Json]:
    def setter(ask: Ask) -> Json:
        channel = ask.writable()
        value = ask.text(name)
        if len(value) > TEXT:
            raise SlackError("too_long")
        setattr(channel, name, value)
        setattr(channel, f"{name}_set", (ask.bot, int(ask.state.clock())))
        ask.state.channel_changed(channel)
        return _shown(ask, channel)

    return setter


def archive(ask: Ask) -> Json:
    channel = ask.joined()
    if channel.is_im:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("already_archived")
    channel.is_archived = True
    ask.state.tell("channel_archive", channel=channel.id, user=ask.bot)
    return {}


def unarchive(ask: Ask) -> Json:
    channel = ask.channel()
    if not channel.is_archived:
        raise SlackError("not_archived")
    channel.is_archived = False
    ask.state.tell("channel_unarchive", channel=channel.id, user=ask.bot)
    return {}


def rename(ask: Ask) -> Json:
    channel = ask.writable()
    name = ask.text("name")
    if name != channel.name:
        channel.previous_names.insert(0, channel.name)
        channel.name = checked_name(ask, name)
    ask.state.tell("channel_rename", channel=channel.id, user=ask.bot)
    return _shown(ask, channel)


METHODS: dict[str, Method] = {
    "conversations.create": create,
    "conversations.invite": invite,
    "conversations.join": join,
    "conversations.kick": kick,
    "conversations.open": open_direct,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.info": info,
    "conversations.list": list_channels,
    "conversations.members": members,
    "conversations.setTopic": _set_text("topic"),
    "conversations.setPurpose": _set_text("purpose"),
    "conversations.archive": archive,
    "conversations.unarchive": unarchive,
    "conversations.rename": rename,
}
