"""auth.test, users.*, team.info"""

from collections.abc import Callable, Mapping

from bot.workspace.state import ApiError, App, Json, State, User


def auth_test(state: State, app: App, args: Json) -> Json:
    return {
        "url": f"https://{state.team_name.lower().split()[0]}.slack.com/",
        "team": state.team_name,
        "team_id": state.team_id,
        "user": state.users[app.bot_user_id].name,
        "user_id": app.bot_user_id,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }


def described(user: User, *, with_email: bool) -> Json:
    profile = {"real_name": user.real_name, "display_name": user.name}
    return {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.deleted,
        "is_bot": user.is_bot,
        "is_restricted": user.is_restricted,
        "profile": profile | ({"email": user.email} if with_email else {}),
    }


def info(state: State, app: App, args: Json) -> Json:
    user = state.user(str(args.get("user")))
    return {"user": described(user, with_email="users:read.email" in app.scopes)}


def list_(state: State, app: App, args: Json) -> Json:
    with_email = "users:read.email" in app.scopes
    found = [described(user, with_email=with_email) for user in state.users.values()]
    return {"members": found, "response_metadata": {"next_cursor": ""}}


def by_email(state: State, app: App, args: Json) -> Json:
    email = str(args.get("email") or "").casefold()
    for user in state.users.values():
        if user.email.casefold() == email and email and not user.deleted and user.team_id == state.team_id:
            return {"user": described(user, with_email=True)}
    raise ApiError("users_not_found")


def team_info(state: State, app: App, args: Json) -> Json:
    return {"team": {"id": state.team_id, "name": state.team_name}}


METHODS: Mapping[str, Callable[[State, App, Json], Json]] = {
    "auth.test": auth_test,
    "users.info": info,
    "users.list": list_,
    "users.lookupByEmail": by_email,
    "team.info": team_info,
}
