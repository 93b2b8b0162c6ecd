"""`auth.test`, `team.info`, `users.*` and `usergroups.*`."""

from bot.workspace import shapes
from bot.workspace.api_conversations import kinds
from bot.workspace.asking import Ask, Method, paged
from bot.workspace.errors import SlackError
from bot.workspace.state import Json, User

SLACKBOT = User(
    "USLACKBOT", "slackbot", "Slackbot", ""
)  #: listed in every workspace, and not marked as a bot


def auth_test(ask: Ask) -> Json:
    bot = ask.state.users[ask.bot]
    return {
        "url": f"{ask.state.url}/",
        "team": ask.state.team_name,
        "user": bot.name,
        "team_id": ask.state.team_id,
        "user_id": bot.id,
        "bot_id": ask.app.bot_id,
        "is_enterprise_install": False,
    }


def team_info(ask: Ask) -> Json:
    state = ask.state
    return {"team": {"id": state.team_id, "name": state.team_name, "domain": state.team_domain, "icon": {}}}


def _user(ask: Ask, user: User) -> Json:
    shown = shapes.user(ask.state, user)
    if not ask.app.may("users:read.email") or not user.email:
        shown["profile"].pop("email")
    return shown


def users_info(ask: Ask) -> Json:
    (user_id,) = ask.need("user")
    return {"user": _user(ask, ask.state.users[ask.user(user_id)])}


def users_list(ask: Ask) -> Json:
    page, cursor = paged([SLACKBOT, *ask.state.users.values()], ask, 1000, 1000)
    return {
        "members": [_user(ask, user) for user in page],
        "cache_ts": int(ask.state.clock()),
        "response_metadata": {"next_cursor": cursor},
    }


def users_lookup_by_email(ask: Ask) -> Json:
    (email,) = ask.need("email")
    for user in ask.state.users.values():
        if user.email and user.email.lower() == email.lower() and not user.deleted:
            return {"user": _user(ask, user)}
    raise SlackError("users_not_found")


def users_conversations(ask: Ask) -> Json:
    user_id, wanted = ask.user(ask.text("user") or ask.bot), kinds(ask)
    live = ask.flag("exclude_archived")
    seen = [
        channel
        for channel in ask.state.channels.values()
        if user_id in channel.members
        and channel.kind in wanted
        and not (live and channel.is_archived)
        and (channel.kind == "channel" or ask.bot in channel.members)
    ]
    page, cursor = paged(seen, ask, 100, 999)
    channels = [shapes.channel(ask.state, channel, ask.bot) for channel in page]
    return {"channels": channels, "response_metadata": {"next_cursor": cursor}}


def _group(ask: Ask) -> Json:
    (group_id,) = ask.need("usergroup")
    if group_id not in ask.state.usergroups:
        raise SlackError("no_such_subteam")
    return ask.state.usergroups[group_id]


def _shown(ask: Ask, group: Json) -> Json:
    with_users = ask.flag("include_users") or ask.method.startswith("usergroups.users")
    return {key: value for key, value in group.items() if key != "users" or with_users}


def _free(ask: Ask, field: str, but: str = "") -> str:
    """A name or handle that no other group has. Raises `name_already_exists` or `handle_already_exists`."""
    value = ask.text(field)
    if value and any(g[field] == value and g["id"] != but for g in ask.state.usergroups.values()):
        raise SlackError(f"{field}_already_exists")
    return value


def groups_list(ask: Ask) -> Json:
    groups = ask.state.usergroups.values()
    live = [group for group in groups if ask.flag("include_disabled") or not group["date_delete"]]
    return {"usergroups": [_shown(ask, group) for group in live]}


def groups_create(ask: Ask) -> Json:
    ask.need("name")
    name = _free(ask, "name")
    handle = _free(ask, "handle") or name.lower().replace(" ", "-")
    group = shapes.user_group(ask.state, name, handle, ask.bot, ask.text("description"))
    group["prefs"]["channels"] = ask.listed("channels")
    ask.state.usergroups[str(group["id"])] = group
    ask.state.tell("usergroup", content=group)
    return {"usergroup": _shown(ask, group)}


def _changed(ask: Ask, group: Json, **fields: object) -> Json:
    group.update(fields, date_update=int(ask.state.clock()), updated_by=ask.bot)
    ask.state.tell("usergroup", content=group)
    return {"usergroup": _shown(ask, group)}


def groups_update(ask: Ask) -> Json:
    group = _group(ask)
    fields = {name: _free(ask, name, group["id"]) for name in ("name", "handle") if ask.text(name)}
    if "description" in ask.args:
        fields["description"] = ask.text("description")
    return _changed(ask, group, **fields)


def groups_enable(ask: Ask) -> Json:
    return _changed(ask, _group(ask), date_delete=0)


def groups_disable(ask: Ask) -> Json:
    return _changed(ask, _group(ask), date_delete=int(ask.state.clock()))


def groups_users_update(ask: Ask) -> Json:
    group, users = _group(ask), ask.listed("users")
    if not users:
        raise SlackError("no_users_provided")
    for user_id in users:
        user = ask.state.users[ask.user(user_id, "invalid_users")]
        if user.deleted or user.is_bot:
            raise SlackError("invalid_users")
    users = list(dict.fromkeys(users))
    return _changed(ask, group, users=users, user_count=len(users))


def groups_users_list(ask: Ask) -> Json:
    return {"users": _group(ask)["users"]}


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "team.info": team_info,
    "users.info": users_info,
    "users.list": users_list,
    "users.lookupByEmail": users_lookup_by_email,
    "users.conversations": users_conversations,
    "usergroups.list": groups_list,
    "usergroups.create": groups_create,
    "usergroups.update": groups_update,
    "usergroups.enable": groups_enable,
    "usergroups.disable": groups_disable,
    "usergroups.users.update": groups_users_update,
    "usergroups.users.list": groups_users_list,
}
