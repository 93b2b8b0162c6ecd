"""What people do: commands, buttons, forms, shortcuts, the home tab. Payloads as Slack sends them."""

from typing import Any

from bot.workspace import api_views, completion, forms
from bot.workspace.api_chat import add_message, checked_message, show_privately
from bot.workspace.delivery import Ack, Delivery
from bot.workspace.state import ApiError, App, Channel, Json, State, User, new_id, secret

RESPONSE_SECONDS = 30 * 60
RESPONSES = 5


class WorkspaceError(Exception):
    """A person tried what Slack's client would not let them do."""


class Hook:
    """A `response_url`: five answers in thirty minutes."""

    def __init__(self, app: App, user_id: str, channel_id: str, message: Json | None, made_at: float) -> None:
        self.app = app
        self.user_id = user_id
        self.channel_id = channel_id
        self.message = message
        self.made_at = made_at
        self.uses = 0


class Interactions:
    def __init__(self, state: State, delivery: Delivery) -> None:
        self._state = state
        self._delivery = delivery
        self.hooks: dict[str, Hook] = {}

    # Commands

    async def command(self, user_id: str, channel_id: str, command: str, text: str) -> Ack:
        """Type a slash command; what the app answers is shown to the person alone."""
        user, channel = self._state.users[user_id], self._state.channels[channel_id]
        app = self._app_of_command(command)
        payload = {
            "token": "unused",
            "command": command,
            "text": completion.with_mentions(self._state, text),
            "user_id": user.id,
            "user_name": user.name,
            "team_id": user.team_id,
            "team_domain": self._state.team_name.lower(),
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.is_im else channel.name,
            "api_app_id": app.id,
            "is_enterprise_install": "false",
            "response_url": self._response_url(app, user.id, channel.id, None),
            "trigger_id": self._state.triggers.make(app, user.id),
        }
        ack = await self._delivery.hand_over(app, "slash_commands", payload)
        if not ack.is_ok:
            error = "operation_timeout" if ack.timed_out else f"http_status_{ack.status}"
            self._show(app, user, channel, {"text": f"{command} failed with the error “{error}”"})
        elif ack.body.get("text") or ack.body.get("blocks"):
            self._answer(app, user.id, channel.id, ack.body)
        return ack

    def _app_of_command(self, command: str) -> App:
        for app in self._state.apps:
            if any(one["command"] == command for one in app.commands):
                return app
        raise WorkspaceError(f"{command} is not a valid command")

    def _answer(self, app: App, user_id: str, channel_id: str, body: Json) -> None:
        content = checked_message(body)
        if body.get("response_type") == "in_channel":
            message = {**content, "ts": self._state.new_ts(), "user": app.bot_user_id, "bot_id": app.bot_id}
            add_message(self._state, self._state.channels[channel_id], message)
        else:
            show_privately(self._state, app, channel_id, user_id, content)

    def _show(self, app: App, user: User, channel: Channel, content: Json) -> None:
        show_privately(self._state, app, channel.id, user.id, content)

    # Answers by response_url

    def _response_url(self, app: App, user_id: str, channel_id: str, message: Json | None) -> str:
        token = secret()
        self.hooks[token] = Hook(app, user_id, channel_id, message, self._state.clock())
        return f"{self._delivery.base_url}/hooks/{token}"

    def respond(self, token: str, body: Json) -> None:
        """Raises ApiError when the address is used up, too old or unknown."""
        hook = self.hooks.get(token)
        if hook is None:
            raise ApiError("invalid_token")
        if self._state.clock() - hook.made_at > RESPONSE_SECONDS:
            raise ApiError("expired_url")
        if hook.uses >= RESPONSES:
            raise ApiError("used_url")
        hook.uses += 1
        if body.get("delete_original") and hook.message is not None:
            self._forget(hook.message)
        elif body.get("replace_original") and hook.message is not None:
            hook.message.pop("blocks", None)
            hook.message.update(checked_message(body))
            self._state.changed(self._about(hook.message, hook.channel_id))
        else:
            self._answer(hook.app, hook.user_id, hook.channel_id, body)

    def _forget(self, message: Json) -> None:
        if message in self._state.ephemerals:
            self._state.ephemerals.remove(message)
        self._state.changed(
            {"type": "message_deleted", "channel": message.get("channel"), "message": message}
        )

    def _about(self, message: Json, channel_id: str) -> Json:
        kind = "ephemeral" if message.get("is_ephemeral") else "message_changed"
        return {"type": kind, "channel": channel_id, "message": message, "user": message.get("to")}

    # Buttons and menus

    async def press(
        self,
        user_id: str,
        channel_id: str,
        ts: str,
        action_id: str,
        chosen: Json,
        block_id: str | None = None,
    ) -> Ack:
        """Press what has this action id in a message; `chosen` is what a menu or button says."""
        channel = self._state.channels[channel_id]
        message = next((one for one in self._state.ephemerals if one["ts"] == ts), None) or channel.message(
            ts
        )
        app = self._app_of(message)
        block, element = find_element(message.get("blocks", []), action_id, block_id)
        payload = self._action_payload(app, user_id, block, element, chosen)
        ephemeral = bool(message.get("is_ephemeral"))
        container = {"type": "message", "message_ts": ts, "channel_id": channel_id, "is_ephemeral": ephemeral}
        shown: Json = {} if ephemeral else {"message": message}
        named = {"id": channel_id, "name": "directmessage" if channel.is_im else channel.name}
        where: Json = {
            "container": container,
            "channel": named,
            **shown,
            "response_url": self._response_url(app, user_id, channel_id, message),
        }
        payload |= where
        return await self._delivery.hand_over(app, "interactive", payload)

    async def press_in_view(self, user_id: str, view_id: str, action_id: str, chosen: Json) -> Ack:
        """Press what has this action id in a modal or the home tab."""
        view = self._state.views[view_id]
        app = next(app for app in self._state.apps if app.id == view["app_id"])
        block, element = find_element(view["blocks"], action_id, None)
        payload = self._action_payload(app, user_id, block, element, chosen)
        payload |= {"container": {"type": "view", "view_id": view_id}, "view": view}
        return await self._delivery.hand_over(app, "interactive", payload)

    def _app_of(self, message: Json) -> App:
        return next(app for app in self._state.apps if app.bot_id == message.get("bot_id"))

    def _action_payload(self, app: App, user_id: str, block: Json, element: Json, chosen: Json) -> Json:
        action: Json = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "action_ts": self._state.new_ts(),
            **{key: element[key] for key in ("value", "text", "style") if key in element},
            **chosen,
        }
        return {**self._common(app, "block_actions", user_id), "actions": [action], "state": {"values": {}}}

    def _common(self, app: App, kind: str, user_id: str) -> Json:
        user = self._state.users[user_id]
        return {
            "type": kind,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
            "team": {"id": self._state.team_id, "domain": self._state.team_name.lower()},
            "api_app_id": app.id,
            "token": "unused",
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self._state.triggers.make(app, user_id),
        }

    # Forms

    async def submit(self, user_id: str, view_id: str, given: Json) -> Ack:
        """Submit a modal. Slack itself refuses required inputs that are empty, without asking the app."""
        view = self._state.views[view_id]
        values = forms.filled_in(view, given)
        if wrong := forms.missing(view, values):
            return Ack(200, {"response_action": "errors", "errors": wrong})
        app = next(app for app in self._state.apps if app.id == view["app_id"])
        submitted = {**view, "state": {"values": values}}
        payload = {**self._common(app, "view_submission", user_id), "view": submitted, "response_urls": []}
        ack = await self._delivery.hand_over(app, "interactive", payload)
        if ack.is_ok:
            self._after_submission(app, user_id, view_id, ack.body)
        return ack

    def _after_submission(self, app: App, user_id: str, view_id: str, body: Json) -> None:
        match body.get("response_action"):
            case "errors":
                return
            case "update":
                api_views.replace_view(self._state, app, view_id, api_views.checked(body["view"], "modal"))
            case "push":
                view = api_views.checked(body["view"], "modal")
                api_views.put_on_stack(self._state, app, user_id, view)
            case "clear":
                api_views.close_all(self._state, user_id)
            case _:
                api_views.close_top(self._state, user_id)

    async def close_view(self, user_id: str, view_id: str) -> None:
        view = self._state.views[view_id]
        app = next(app for app in self._state.apps if app.id == view["app_id"])
        api_views.close_top(self._state, user_id)
        if view.get("notify_on_close"):
            payload = {**self._common(app, "view_closed", user_id), "view": view, "is_cleared": False}
            await self._delivery.hand_over(app, "interactive", payload)

    # Shortcuts, the home tab, events

    async def shortcut(self, user_id: str, callback_id: str, channel_id: str = "", ts: str = "") -> Ack:
        app = next(
            app for app in self._state.apps if any(one["callback_id"] == callback_id for one in app.shortcuts)
        )
        kind = "message_action" if ts else "shortcut"
        payload: Json = {
            **self._common(app, kind, user_id),
            "callback_id": callback_id,
            "action_ts": self._state.new_ts(),
        }
        if ts:
            channel = self._state.channels[channel_id]
            payload |= {
                "channel": {"id": channel.id, "name": channel.name},
                "message": channel.message(ts),
                "message_ts": ts,
                "response_url": self._response_url(app, user_id, channel_id, None),
            }
        return await self._delivery.hand_over(app, "interactive", payload)

    async def open_home(self, user_id: str, app: App) -> Ack | None:
        event: Json = {"type": "app_home_opened", "user": user_id, "tab": "home", "channel": ""}
        if view := self._state.homes.get(user_id):
            event["view"] = view
        return await self.event(app, event)

    async def event(self, app: App, event: Json) -> Ack | None:
        """Send an event to an app that subscribed to it."""
        if event["type"] not in app.events:
            return None
        payload = {
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": int(self._state.clock()),
            "team_id": self._state.team_id,
            "api_app_id": app.id,
            "authorizations": [{"team_id": self._state.team_id, "user_id": app.bot_user_id, "is_bot": True}],
            "event": {**event, "event_ts": self._state.new_ts()},
        }
        return await self._delivery.hand_over(app, "events_api", payload)

    def say(self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None) -> str:
        """Write a message as a person; its `ts`."""
        channel = self._state.channels[channel_id]
        if user_id not in channel.members or channel.is_archived:
            raise WorkspaceError("you are not in this channel, or it is archived")
        message: Json = {"type": "message", "text": text, "user": user_id, "ts": self._state.new_ts()}
        if thread_ts:
            message["thread_ts"] = thread_ts
        add_message(self._state, channel, message)
        return str(message["ts"])


def find_element(blocks: list[Json], action_id: str, block_id: str | None) -> tuple[Json, Json]:
    """The block and the element with this action id. Raises WorkspaceError when there is none to press."""
    for block in blocks:
        if block_id is not None and block["block_id"] != block_id:
            continue
        for element in [*block.get("elements", ()), block.get("accessory"), block.get("element")]:
            if isinstance(element, dict) and element.get("action_id") == action_id:
                return block, element
    raise WorkspaceError(f"there is nothing to press with the action id {action_id!r}")


def chosen_in(element: Json, value: Any) -> Json:
    """What Slack says of a choice in this element."""
    if value is None:
        return {}
    if element["type"] in ("overflow", "static_select", "radio_buttons"):
        option = next((one for one in element.get("options", ()) if one["value"] == value), None)
        return {"selected_option": option or {"text": {"type": "plain_text", "text": value}, "value": value}}
    if element["type"] == "users_select":
        return {"selected_user": value}
    return {"value": value}
