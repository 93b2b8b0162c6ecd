"""`views.*`: modals and home tabs."""

from bot.workspace.asking import Ask, Method
from bot.workspace.errors import SlackError, invalid_arguments
from bot.workspace.state import Json


def _trigger(ask: Ask) -> str:
    trigger = ask.text("trigger_id") or ask.text("interactivity_pointer")
    if not trigger:
        raise invalid_arguments("missing required field: trigger_id")
    if ask.json("view") is None:
        raise invalid_arguments("missing required field: view")
    return trigger


def views_open(ask: Ask) -> Json:
    trigger = ask.views.use_trigger(ask.app, _trigger(ask))
    return {"view": ask.views.shown(ask.views.open(ask.app, trigger.user_id, ask.json("view")))}


def views_push(ask: Ask) -> Json:
    trigger = ask.views.use_trigger(ask.app, _trigger(ask))
    if not ask.views.stacks.get(trigger.user_id):
        raise SlackError("invalid_trigger_id")  # only an interaction inside a modal can push
    return {"view": ask.views.shown(ask.views.push(ask.app, trigger.user_id, ask.json("view")))}


def views_update(ask: Ask) -> Json:
    view_id, external_id = ask.text("view_id"), ask.text("external_id")
    if view_id and external_id:
        raise invalid_arguments("Cannot provide both `view_id` and `external_id`")
    if not view_id and not external_id:
        raise invalid_arguments("missing required field: view_id")
    view = ask.views.find(ask.app, view_id=view_id, external_id=external_id)
    if view is None or view.content["type"] != "modal":
        raise SlackError("not_found")  # what Slack's reference says of a view that was closed
    if ask.text("hash") and ask.text("hash") != view.hash:
        raise SlackError("hash_conflict")
    return {"view": ask.views.shown(ask.views.update(view, ask.json("view"), ask.app))}


def views_publish(ask: Ask) -> Json:
    (user_id,) = ask.need("user_id")
    ask.user(user_id)
    if not ask.app.has_home:
        raise SlackError("not_enabled")
    view = ask.views.publish(ask.app, user_id, ask.json("view"), ask.text("hash"))
    return {"view": ask.views.shown(view)}


METHODS: dict[str, Method] = {
    "views.open": views_open,
    "views.push": views_push,
    "views.update": views_update,
    "views.publish": views_publish,
}
