"""What the browser page gets to see."""

import re

from bot.workspace import messages
from bot.workspace.errors import WorkspaceError
from bot.workspace.state import Channel, Json, State, User


def person(user: User) -> Json:
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "email": user.email,
        "is_bot": user.is_bot,
        "deleted": user.deleted,
    }


def usergroup(group: Json) -> Json:
    """A user group with who is in it; a disabled one can be mentioned by nobody."""
    shown = {name: group[name] for name in ("id", "handle", "name", "users")}
    return {**shown, "is_disabled": bool(group["date_delete"])}


def channel(place: Channel, viewer: str) -> Json:
    fresh, calls = messages.unread(place, viewer)
    return {
        "id": place.id,
        "name": place.name,
        "kind": place.kind,
        "topic": place.topic,
        "purpose": place.purpose,
        "is_archived": place.is_archived,
        "is_member": viewer in place.members,
        "members": place.members,
        **({"user": place.other(viewer)} if place.is_im else {}),
        "unread": fresh,
        "mentions": calls,
        "pins": place.pins,
        "bookmarks": [
            {name: b.get(name) for name in ("id", "title", "link", "emoji")} for b in place.bookmarks
        ],
        "last_ts": place.posts[-1]["ts"] if place.posts else "",
    }


def may_see(place: Channel, viewer: str) -> bool:
    return place.kind == "channel" or viewer in place.members


def whole(state: State, viewer: str) -> Json:
    """Everything the page needs to draw itself for one person."""
    me = _me(state, viewer)
    apps = [
        {
            "id": app.id,
            "name": app.name,
            "bot_user_id": app.bot_user_id,
            "bot_id": app.bot_id,
            "commands": [
                {name: one.get(name, "") for name in ("command", "description", "usage_hint")}
                for one in app.commands
            ],
            "shortcuts": [
                {name: one.get(name, "") for name in ("name", "callback_id", "type", "description")}
                for one in app.shortcuts
            ],
            "has_home": app.has_home,
        }
        for app in state.apps.values()
    ]
    return {
        "team": {"id": state.team_id, "name": state.team_name},
        "me": {
            name: value for name, value in person(me).items() if name in ("id", "name", "real_name", "email")
        },
        "users": [person(user) for user in state.users.values()],
        "apps": apps,
        "usergroups": [usergroup(group) for group in state.usergroups.values()],
        "channels": [channel(c, me.id) for c in state.channels.values() if may_see(c, me.id)],
    }


def _me(state: State, viewer: str) -> User:
    if viewer:
        return state.user(viewer)
    for user in state.users.values():
        if not user.is_bot and not user.deleted:
            return user
    raise WorkspaceError("Nobody is in this workspace.")


def room(state: State, place: Channel, viewer: str, thread_ts: str) -> list[Json]:
    """A channel or one thread as one person sees it, their ephemeral messages among the others."""
    seen = messages.thread(place, thread_ts) if thread_ts else messages.timeline(place)
    aside = [
        message
        for message in messages.whispered(state, viewer, place.id)
        if message.get("thread_ts", "") == thread_ts
    ]
    return sorted([messages.shown(m) for m in seen] + aside, key=lambda message: str(message["ts"]))


def completions(state: State, text: str) -> list[Json]:
    """What the command box proposes: commands, then their first words, then @people and #channels."""
    commands = [one for app in state.apps.values() for one in app.commands]
    start, _, rest = text.partition(" ")
    word = re.search(r"([@#])([\w.-]*)$", text)
    if word and (word.start() == 0 or text[word.start() - 1] == " "):
        return _names(state, word[1], word[2].lower())
    if " " not in text:
        found = [one for one in commands if str(one.get("command", "")).startswith(start)] if start else []
        return [{"text": one["command"], "description": one.get("description", "")} for one in found]
    if " " in rest.lstrip():
        return []
    hints = [str(one.get("usage_hint", "")) for one in commands if one.get("command") == start]
    return [
        {"text": f"{start} {choice}", "description": ""}
        for hint in hints
        for choice in _alternatives(hint)
        if choice.startswith(rest.lstrip())
    ]


def _alternatives(hint: str) -> list[str]:
    """`[declare | list|help] …` → declare, list, help."""
    group = re.search(r"[\[(<{]([^\])>}]*)[\])>}]", hint)
    words = (group[1] if group else hint).split("|")
    return [word.split()[0] for word in words if word.split()] if "|" in hint else []


def _names(state: State, sign: str, start: str) -> list[Json]:
    if sign == "#":
        places = [c for c in state.channels.values() if c.kind == "channel" and c.name.startswith(start)]
        return [{"text": f"#{c.name}", "description": c.purpose} for c in places]
    people = [u for u in state.users.values() if u.name.startswith(start) and not u.deleted]
    groups = [g for g in state.usergroups.values() if g["handle"].startswith(start) and not g["date_delete"]]
    return [{"text": f"@{u.name}", "description": u.real_name} for u in people] + [
        {"text": f"@{g['handle']}", "description": g["name"]} for g in groups
    ]
