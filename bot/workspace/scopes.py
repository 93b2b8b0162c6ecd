"""Which scope each method needs; those of `conversations.*` depend on the kind of channel."""

from bot.workspace.asking import Ask
from bot.workspace.errors import SlackError

_PLAIN = {
    "chat:write": "chat.postMessage chat.postEphemeral chat.update chat.delete",
    "channels:join": "conversations.join",
    "im:write": "conversations.open",
    "pins:write": "pins.add pins.remove",
    "pins:read": "pins.list",
    "bookmarks:write": "bookmarks.add bookmarks.edit bookmarks.remove",
    "bookmarks:read": "bookmarks.list",
    "reactions:write": "reactions.add reactions.remove",
    "reactions:read": "reactions.get",
    "files:write": "files.getUploadURLExternal files.completeUploadExternal",
    "users:read": "users.info users.list",
    "users:read.email": "users.lookupByEmail",
    "usergroups:read": "usergroups.list usergroups.users.list",
    "usergroups:write": """usergroups.create usergroups.update usergroups.enable usergroups.disable
        usergroups.users.update""",
    "team:read": "team.info",
}
_NEEDED = {method: scope for scope, methods in _PLAIN.items() for method in methods.split()}
_BY_KIND = {
    "read": {"channel": "channels:read", "private": "groups:read", "im": "im:read", "mpim": "mpim:read"},
    "history": {"channel": "channels:history", "private": "groups:history", "im": "im:history"},
    "write": {"channel": "channels:manage", "private": "groups:write", "im": "im:write"},
}
_ACCESS = {
    **dict.fromkeys(("info", "members", "list"), "read"),
    **dict.fromkeys(("history", "replies"), "history"),
    **dict.fromkeys(
        ("create", "invite", "kick", "rename", "archive", "unarchive", "setTopic", "setPurpose"), "write"
    ),
}
_TYPES = {"public_channel": "channel", "private_channel": "private", "im": "im", "mpim": "mpim"}


def needed(ask: Ask) -> list[str]:
    """Every scope this call needs."""
    if ask.method in _NEEDED:
        return [_NEEDED[ask.method]]
    family, _, name = ask.method.partition(".")
    if ask.method == "users.conversations":
        access = "read"
    elif family == "conversations" and name in _ACCESS:
        access = _ACCESS[name]
    else:
        return []
    if ask.method in ("users.conversations", "conversations.list"):
        types = ask.listed("types") or ["public_channel"]
        kinds = [_TYPES[name] for name in types if name in _TYPES]
    elif ask.method == "conversations.create":
        kinds = ["private" if ask.flag("is_private") else "channel"]
    else:
        channel = ask.state.channels.get(str(ask.args.get("channel", "")))
        kinds = [channel.kind if channel else "channel"]
    return [_BY_KIND[access][kind] for kind in kinds]


def enforce(ask: Ask) -> None:
    """Raise `missing_scope` with what is needed and what the app has."""
    missing = [scope for scope in needed(ask) if not ask.app.may(scope)]
    if missing:
        provided = ",".join(ask.app.scopes or [])
        raise SlackError("missing_scope", needed=",".join(missing), provided=provided)
