"""What hangs on messages and channels: pins, bookmarks, reactions, files."""

from bot.workspace import messages
from bot.workspace.asking import Ask, Method
from bot.workspace.errors import SlackError
from bot.workspace.state import Channel, Json, State


def _message(channel: Channel, ts: str) -> Json:
    if ts not in channel.by_ts:
        raise SlackError("message_not_found")
    return channel.by_ts[ts]


def pins_add(ask: Ask) -> Json:
    channel = ask.writable()
    (ts,) = ask.need("timestamp")
    _message(channel, ts)
    if ts in channel.pins:
        raise SlackError("already_pinned")
    channel.pins.append(ts)
    ask.state.tell("pin_added", channel=channel.id, user=ask.bot, content=ts)
    return {}


def pins_remove(ask: Ask) -> Json:
    channel = ask.writable()
    (ts,) = ask.need("timestamp")
    _message(channel, ts)
    if ts not in channel.pins:
        raise SlackError("no_pin")
    channel.pins.remove(ts)
    ask.state.tell("pin_removed", channel=channel.id, user=ask.bot, content=ts)
    return {}


def pins_list(ask: Ask) -> Json:
    channel = ask.joined()
    items = [
        {"type": "message", "channel": channel.id, "message": messages.shown(channel.by_ts[ts])}
        for ts in reversed(channel.pins)
    ]
    return {"items": items}


def bookmarks_add(ask: Ask) -> Json:
    (_, title, kind) = ask.need("channel_id", "title", "type")
    channel = _bookmarked(ask)
    if kind != "link":
        raise SlackError("invalid_bookmark_type")
    link = ask.text("link")
    if not link.startswith(("http://", "https://")):
        raise SlackError("invalid_link")
    now = int(ask.state.clock())
    bookmark: Json = {
        "id": ask.state.new_id("Bk"),
        "channel_id": channel.id,
        "title": title,
        "link": link,
        "emoji": ask.text("emoji") or None,
        "type": "link",
        "date_created": now,
        "date_updated": now,
        "last_updated_by_user_id": ask.bot,
        "app_id": ask.app.id,
        "rank": str(len(channel.bookmarks)),
    }
    channel.bookmarks.append(bookmark)
    ask.state.channel_changed(channel)
    return {"bookmark": bookmark}


def _bookmarked(ask: Ask) -> Channel:
    (channel_id,) = ask.need("channel_id")
    channel = ask.visible(channel_id)
    if ask.bot not in channel.members:
        raise SlackError("not_in_channel")
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


def _bookmark(ask: Ask, channel: Channel) -> Json:
    (bookmark_id,) = ask.need("bookmark_id")
    for bookmark in channel.bookmarks:
        if bookmark["id"] == bookmark_id:
            return bookmark
    raise SlackError("not_found")


def bookmarks_edit(ask: Ask) -> Json:
    channel = _bookmarked(ask)
    bookmark = _bookmark(ask, channel)
    if ask.text("link") and not ask.text("link").startswith(("http://", "https://")):
        raise SlackError("invalid_link")
    given = {name: ask.text(name) for name in ("title", "link", "emoji") if ask.text(name)}
    bookmark.update(given, date_updated=int(ask.state.clock()), last_updated_by_user_id=ask.bot)
    ask.state.channel_changed(channel)
    return {"bookmark": bookmark}


def bookmarks_remove(ask: Ask) -> Json:
    channel = _bookmarked(ask)
    channel.bookmarks.remove(_bookmark(ask, channel))
    ask.state.channel_changed(channel)
    return {}


def bookmarks_list(ask: Ask) -> Json:
    (channel_id,) = ask.need("channel_id")
    return {"bookmarks": ask.visible(channel_id).bookmarks}


def react(state: State, user_id: str, channel: Channel, message: Json, name: str, *, add: bool) -> None:
    """Add or take away one person's reaction."""
    reactions: list[Json] = message.setdefault("reactions", [])
    found = next((r for r in reactions if r["name"] == name), None)
    if add and found and user_id in found["users"]:
        raise SlackError("already_reacted")
    if not add and (found is None or user_id not in found["users"]):
        raise SlackError("no_reaction")
    if found is None:
        found = {"name": name, "users": [], "count": 0}
        reactions.append(found)
    if add:
        found["users"].append(user_id)
    else:
        found["users"].remove(user_id)
    found["count"] = len(found["users"])
    if not found["users"]:
        reactions.remove(found)
    if not reactions:
        del message["reactions"]
    kind = "reaction_added" if add else "reaction_removed"
    content = {"message": message, "name": name}
    state.tell(kind, channel=channel.id, user=user_id, content=content)


def _reaction(ask: Ask, *, add: bool) -> Json:
    name = ask.text("name").strip(":")
    (ts,) = ask.need("timestamp")
    if not name or not all(c.isalnum() or c in "-_+:'" for c in name):
        raise SlackError("invalid_name")
    channel = ask.writable()
    react(ask.state, ask.bot, channel, _message(channel, ts), name, add=add)
    return {}


def reactions_add(ask: Ask) -> Json:
    return _reaction(ask, add=True)


def reactions_remove(ask: Ask) -> Json:
    return _reaction(ask, add=False)


def reactions_get(ask: Ask) -> Json:
    channel = ask.joined()
    (ts,) = ask.need("timestamp")
    return {"type": "message", "channel": channel.id, "message": messages.shown(_message(channel, ts))}


def files_upload_url(ask: Ask) -> Json:
    name, length = ask.need("filename", "length")
    if not length.isdecimal() or int(length) < 1:
        raise SlackError("invalid_arguments")
    file_id = ask.state.new_id("F")
    ask.state.files[file_id] = {
        "id": file_id,
        "name": name,
        "title": name,
        "size": int(length),
        "user": ask.bot,
        "created": int(ask.state.clock()),
        "url_private": f"{ask.state.url}/files/{file_id}",
        "_content": None,
    }
    return {"upload_url": f"{ask.state.url}/upload/{file_id}", "file_id": file_id}


def files_complete(ask: Ask) -> Json:
    given = ask.json("files")
    if not isinstance(given, list) or not given:
        raise SlackError("invalid_arguments")
    files: list[Json] = []
    for one in given:
        file = ask.state.files.get(str(one.get("id"))) if isinstance(one, dict) else None
        if file is None or file["_content"] is None:
            raise SlackError("file_not_found")
        file["title"] = one.get("title") or file["name"]
        files.append({key: value for key, value in file.items() if not key.startswith("_")})
    channel_id = ask.text("channel_id") or ask.text("channels")
    if channel_id:
        channel = ask.visible(channel_id)
        if ask.bot not in channel.members:
            raise SlackError("not_in_channel")
        content = messages.from_app(ask.app, {"text": ask.text("initial_comment"), "files": files})
        messages.post(ask.state, channel, content, thread_ts=ask.text("thread_ts") or None)
    return {"files": files}


METHODS: dict[str, Method] = {
    "pins.add": pins_add,
    "pins.remove": pins_remove,
    "pins.list": pins_list,
    "bookmarks.add": bookmarks_add,
    "bookmarks.edit": bookmarks_edit,
    "bookmarks.remove": bookmarks_remove,
    "bookmarks.list": bookmarks_list,
    "reactions.add": reactions_add,
    "reactions.remove": reactions_remove,
    "reactions.get": reactions_get,
    "files.getUploadURLExternal": files_upload_url,
    "files.completeUploadExternal": files_complete,
}
