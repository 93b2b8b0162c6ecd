"""People acting on the app: slash commands, buttons and menus, shortcuts. Modals stand in `modals.py`."""

import re
from typing import Any

from bot.workspace import messages
from bot.workspace.blocks import checked_content
from bot.workspace.errors import SlackError, WorkspaceError
from bot.workspace.hooks import Hook, Hooks
from bot.workspace.inputs import carried, entered, fill, initial
from bot.workspace.reaching import Ack, Line
from bot.workspace.state import App, Channel, Json, State
from bot.workspace.views import View, Views, element_at


class Interactions:
    def __init__(self, state: State, views: Views, line: Line, hooks: Hooks) -> None:
        self.state = state
        self.views = views
        self.line = line
        self.hooks = hooks

    # slash commands
    async def command(
        self, user_id: str, channel_id: str, command: str, text: str = "", thread_ts: str | None = None
    ) -> Ack:
        """What the app acknowledged; its text or blocks are shown, and so is Slack's word of a failure."""
        user, channel = self.state.user(user_id), self._place(user_id, channel_id)
        if user.deleted or user.team_id != self.state.team_id:
            raise WorkspaceError(f"{user.name} cannot use the commands of this workspace.")
        if thread_ts:
            raise WorkspaceError(f"{command} is not supported in threads. Sorry!")
        app, escaped = self._app_of(command)
        text = messages.as_typed(self.state, text, named=True) if escaped else text
        payload = self._command_payload(app, user_id, channel, command, text)
        ack = await self.line.send(app, "command", payload)
        self._show_ack(Hook(app, user_id, channel.id, self.state.clock()), command, ack)
        return ack

    def _app_of(self, command: str) -> tuple[App, bool]:
        """The app that has this command, and whether it wants names escaped."""
        for app in self.state.apps.values():
            for one in app.commands:
                if one.get("command") == command:
                    return app, bool(one.get("should_escape"))
            if app.manifest is None:
                return app, False
        raise WorkspaceError(f"{command} is not a valid command.")

    def _command_payload(self, app: App, user_id: str, channel: Channel, command: str, text: str) -> Json:
        user = self.state.user(user_id)
        return {
            "token": "workspace",
            "team_id": self.state.team_id,
            "team_domain": self.state.team_domain,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.is_im else channel.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": app.id,
            "is_enterprise_install": "false",
            "response_url": self.hooks.new(app, user_id, channel.id),
            "trigger_id": self.views.new_trigger(app, user_id),
        }

    def _show_ack(self, hook: Hook, command: str, ack: Ack) -> None:
        failure = ""
        if ack.timed_out:
            failure = "operation_timeout"
        elif not ack.ok:
            failure = "dispatch_failed" if ack.status == 0 else "http_service_error"
        elif ack.fields.get("text") or ack.fields.get("blocks") or ack.fields.get("attachments"):
            try:
                given = (ack.fields.get(name) for name in ("text", "blocks", "attachments"))
                fields = checked_content(self.state, *given)
                self.hooks.show(hook, fields, ack.fields)
            except SlackError as error:
                failure = error.code
        if failure:
            self._slackbot(hook.user_id, hook.channel_id, f"{command} failed with the error {failure}")

    def _slackbot(self, user_id: str, channel_id: str, text: str) -> None:
        messages.whisper(self.state, channel_id, user_id, {"user": "USLACKBOT", "text": text})

    # buttons and menus
    async def press(
        self,
        user_id: str,
        channel_id: str,
        ts: str,
        action_id: str,
        value: str | None = None,
        block_id: str | None = None,
        selected: Any = None,
        seen: Json | None = None,
        state: Json | None = None,
    ) -> Ack:
        """Act on a message; `seen` is how one's client still shows it, when that is older than it is now.

        `state` is what else stands in its inputs: block_id → action_id → a value.
        """
        channel = self._place(user_id, channel_id)
        whispered = messages.whispered_at(self.state, user_id, channel.id, ts)
        message = seen or whispered or messages.message_at(channel, ts)
        block, element = _pick(_all_blocks(message), action_id, block_id, value)
        app = self._author(message)
        action = self._action(block, element, value, selected)
        values = self._chosen((channel.id, ts, user_id), message, state or {})
        _keep(values, action, element)
        container: Json = {"type": "message", "message_ts": ts, "channel_id": channel.id}
        thread = {"thread_ts": message["thread_ts"]} if message.get("thread_ts") else {}
        payload = {
            **self.envelope("block_actions", app, user_id),
            "container": {**container, "is_ephemeral": bool(whispered), **thread},
            "trigger_id": self.views.new_trigger(app, user_id),
            "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
            **({} if whispered else {"message": messages.shown(message, metadata=True)}),
            "state": {"values": values},
            "response_url": self.hooks.new(app, user_id, channel.id, ts),
            "actions": [action],
        }
        return await self.line.send(app, "interaction", payload)

    def _chosen(self, place: tuple[str, str, str], message: Json, state: Json) -> Json:
        """What stands in the menus of a message for one person."""
        blocks = _all_blocks(message)
        values = carried(initial(blocks), self.state.message_state.get(place, {}))
        values = self.state.message_state[place] = fill(blocks, values, _still_there(blocks, state))
        return values

    async def press_in_view(
        self,
        user_id: str,
        view_id: str,
        action_id: str,
        value: str | None = None,
        block_id: str | None = None,
        selected: Any = None,
        state: Json | None = None,
    ) -> Ack:
        """Act inside a modal or a home tab; `state` is what stands in the inputs meanwhile."""
        view = self.view(user_id, view_id)
        block, element = _pick(view.content["blocks"], action_id, block_id, value)
        blocks = view.content["blocks"]
        view.values = fill(blocks, view.values, _still_there(blocks, state or {}))
        action = self._action(block, element, value, selected)
        _keep(view.values, action, element)
        app = self.state.apps[view.app_id]
        payload = {
            **self.envelope("block_actions", app, user_id),
            "container": {"type": "view", "view_id": view.id},
            "trigger_id": self.views.new_trigger(app, user_id, view.id),
            "view": self.views.shown(view),
            "actions": [action],
        }
        return await self.line.send(app, "interaction", payload)

    def _action(self, block: Json, element: Json, value: str | None, selected: Any) -> Json:
        action: Json = {
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "type": element["type"],
            "action_ts": self.state.new_ts(),
        }
        if element["type"] == "button":
            action["text"] = element["text"]
            shown = {"value": element.get("value"), "style": element.get("style")}
            return {**action, **{name: item for name, item in shown.items() if item is not None}}
        if element.get("placeholder"):
            action["placeholder"] = element["placeholder"]
        return {**action, **entered(element, selected if selected is not None else value)}

    # shortcuts
    async def shortcut(self, user_id: str, callback_id: str) -> Ack:
        app = self._app_with(callback_id, "global")
        payload = {
            **self.envelope("shortcut", app, user_id),
            "callback_id": callback_id,
            "trigger_id": self.views.new_trigger(app, user_id),
            "action_ts": self.state.new_ts(),
        }
        return await self.line.send(app, "interaction", payload)

    async def message_shortcut(self, user_id: str, channel_id: str, ts: str, callback_id: str) -> Ack:
        app, channel = self._app_with(callback_id, "message"), self._place(user_id, channel_id)
        payload = {
            **self.envelope("message_action", app, user_id),
            "callback_id": callback_id,
            "trigger_id": self.views.new_trigger(app, user_id),
            "action_ts": self.state.new_ts(),
            "message_ts": ts,
            "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
            "message": messages.shown(messages.message_at(channel, ts)),
            "response_url": self.hooks.new(app, user_id, channel.id),
        }
        return await self.line.send(app, "interaction", payload)

    def _app_with(self, callback_id: str, kind: str) -> App:
        for app in self.state.apps.values():
            known = [one for one in app.shortcuts if one.get("callback_id") == callback_id]
            if app.manifest is None or any(one.get("type") == kind for one in known):
                return app
        raise WorkspaceError(f"No app has a {kind} shortcut {callback_id}.")

    async def options(
        self, user_id: str, place: Json, block_id: str, action_id: str, value: str
    ) -> list[Json]:
        """What the app offers in an external select; `place` names a view_id, or a channel and a ts."""
        if place.get("view_id"):
            view = self.view(user_id, place["view_id"])
            app, rest = self.state.apps[view.app_id], {"view": self.views.shown(view)}
        else:
            channel = self._place(user_id, place["channel"])
            message = messages.message_at(channel, place["ts"])
            app, rest = (
                self._author(message),
                {"message": messages.shown(message), "channel": {"id": channel.id}},
            )
        asked = {"block_id": block_id, "action_id": action_id, "value": value}
        ack = await self.line.send(
            app, "interaction", {**self.envelope("block_suggestion", app, user_id), **asked, **rest}
        )
        groups = ack.fields.get("option_groups") or []
        found: list[Json] = (ack.fields.get("options") or []) + [
            o for g in groups for o in g.get("options") or []
        ]
        return found

    # what all of them share
    def envelope(self, kind: str, app: App, user_id: str) -> Json:
        """What every interaction payload carries."""
        user = self.state.user(user_id)
        return {
            "type": kind,
            "token": "workspace",
            "api_app_id": app.id,
            "team": {"id": self.state.team_id, "domain": self.state.team_domain},
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def view(self, user_id: str, view_id: str) -> View:
        """A view that this person has before them."""
        self.state.user(user_id)
        for view in self.views.all():
            if view.id == view_id and view.user_id == user_id:
                return view
        raise WorkspaceError(f"{user_id} has no open view {view_id}.")

    def _author(self, message: Json) -> App:
        for app in self.state.apps.values():
            if app.bot_id == message.get("bot_id"):
                return app
        raise WorkspaceError("No app wrote this message.")

    def _place(self, user_id: str, channel_id: str) -> Channel:
        """A channel that this person can open."""
        user, channel = self.state.user(user_id), self.state.channel(channel_id)
        if channel.kind != "channel" and user.id not in channel.members:
            raise WorkspaceError(f"{user.name} is not in {channel.name or channel.id}.")
        return channel


def _all_blocks(message: Json) -> list[Json]:
    inside = [block for one in message.get("attachments") or [] for block in one.get("blocks") or []]
    return [*(message.get("blocks") or []), *inside]


def _pick(blocks: list[Json], action_id: str, block_id: str | None, value: str | None) -> tuple[Json, Json]:
    """The one element that is meant; among several with one action_id the value decides."""
    found = element_at(blocks, action_id, block_id)
    buttons = [one for one in found if one[1]["type"] == "button"]
    if value is not None and buttons:
        found = [one for one in buttons if one[1].get("value") == value]
    if not found:
        there = sorted(set(re.findall(r"'action_id': '([^']*)'", str(blocks))))
        raise WorkspaceError(
            f"There is no {action_id} to press ({value or 'any value'}), only: {', '.join(there)}."
        )
    return found[0]


def _still_there(blocks: list[Json], state: Json) -> Json:
    """What stands in inputs that still exist: a page may know a block that has just been replaced."""
    known = initial(blocks)
    return {
        block_id: {action_id: value for action_id, value in actions.items() if action_id in known[block_id]}
        for block_id, actions in state.items()
        if block_id in known
    }


def _keep(values: Json, action: Json, element: Json) -> None:
    """Let a choice stand in `state.values`."""
    if element["type"] in ("button", "overflow"):
        return
    kept = {
        key: item for key, item in action.items() if key == "type" or key.startswith(("selected", "value"))
    }
    values.setdefault(action["block_id"], {})[action["action_id"]] = kept


def home_event(state: State, views: Views, app: App, user_id: str, channel: Channel) -> Json:
    """`app_home_opened`, with the view that is already published."""
    event: Json = {
        "type": "app_home_opened",
        "user": user_id,
        "channel": channel.id,
        "tab": "home",
        "event_ts": state.new_ts(),
    }
    home = views.homes.get((user_id, app.id))
    return {**event, "view": views.shown(home)} if home else event
