"""views.*: modals on a stack of three, and the home tab."""

from collections.abc import Callable, Mapping

from bot.workspace import blocks as block_kit
from bot.workspace.api_chat import with_block_ids
from bot.workspace.state import ApiError, App, Json, State, new_id, secret

_DEEPEST_STACK = 3


def open_(state: State, app: App, args: Json) -> Json:
    view = checked(args.get("view"), "modal")
    user_id = state.triggers.use(app, str(args.get("trigger_id")))
    for view_id in state.stacks.pop(user_id, []):
        state.views.pop(view_id, None)
    return {"view": put_on_stack(state, app, user_id, view)}


def push(state: State, app: App, args: Json) -> Json:
    view = checked(args.get("view"), "modal")
    user_id = state.triggers.use(app, str(args.get("trigger_id")))
    if len(state.stacks.get(user_id, ())) >= _DEEPEST_STACK:
        raise ApiError("push_limit_reached")
    return {"view": put_on_stack(state, app, user_id, view)}


def put_on_stack(state: State, app: App, user_id: str, view: Json) -> Json:
    kept = _kept(state, app, view)
    state.views[kept["id"]] = kept
    state.stacks.setdefault(user_id, []).append(kept["id"])
    state.changed({"type": "views", "user": user_id})
    return kept


def update(state: State, app: App, args: Json) -> Json:
    view_id = str(args.get("view_id") or "")
    if view_id not in state.views:
        raise ApiError("view_not_found")
    old = state.views[view_id]
    if args.get("hash") and args["hash"] != old["hash"]:
        raise ApiError("hash_conflict")
    replace_view(state, app, view_id, checked(args.get("view"), old["type"]))
    return {"view": state.views[view_id]}


def replace_view(state: State, app: App, view_id: str, view: Json) -> None:
    state.views[view_id] = {**_kept(state, app, view), "id": view_id}
    for user_id, stack in state.stacks.items():
        if view_id in stack:
            state.changed({"type": "views", "user": user_id})


def publish(state: State, app: App, args: Json) -> Json:
    user_id = state.user(str(args.get("user_id"))).id
    view = checked(args.get("view"), "home")
    old = state.homes.get(user_id)
    kept = _kept(state, app, view) | ({"id": old["id"]} if old else {})
    state.homes[user_id] = kept
    state.views[kept["id"]] = kept
    state.changed({"type": "home", "user": user_id, "app": app.id, "view": kept})
    return {"view": kept}


def checked(view: object, kind: str) -> Json:
    """The view. Raises invalid_arguments with what is wrong."""
    if not isinstance(view, dict) or view.get("type") != kind:
        raise ApiError(
            "invalid_arguments", response_metadata={"messages": [f"[ERROR] view must be a {kind}"]}
        )
    if problems := block_kit.view_problems(view):
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise ApiError("invalid_arguments", response_metadata={"messages": messages})
    return view


def _kept(state: State, app: App, view: Json) -> Json:
    return {
        "callback_id": "",
        "private_metadata": "",
        **view,
        "id": new_id("V"),
        "team_id": state.team_id,
        "app_id": app.id,
        "bot_id": app.bot_id,
        "hash": f"{int(state.clock())}.{secret(8)}",
        "state": {"values": {}},
        "blocks": with_block_ids(view["blocks"]),
    }


def close_top(state: State, user_id: str) -> None:
    """Take the top modal away."""
    if stack := state.stacks.get(user_id):
        state.views.pop(stack.pop(), None)
        state.changed({"type": "views", "user": user_id})


def close_all(state: State, user_id: str) -> None:
    for view_id in state.stacks.pop(user_id, []):
        state.views.pop(view_id, None)
    state.changed({"type": "views", "user": user_id})


METHODS: Mapping[str, Callable[[State, App, Json], Json]] = {
    "views.open": open_,
    "views.push": push,
    "views.update": update,
    "views.publish": publish,
}
