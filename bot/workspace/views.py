"""Modals and home tabs: the stack a person sees, trigger ids, and what stands in the inputs."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from bot.workspace.blocks import checked_view, interactive
from bot.workspace.errors import SlackError
from bot.workspace.inputs import carried, initial
from bot.workspace.state import App, Json, State

TRIGGER_SECONDS = 3
STACK = 3
VIEW_BYTES = 250_000


@dataclass
class Trigger:
    app_id: str
    user_id: str
    at: float
    view_id: str = ""  #: the modal in which the person acted
    used: bool = False


@dataclass
class View:
    id: str
    app_id: str
    user_id: str
    content: Json  #: type, title, blocks, … as the app sent them
    root: str
    previous: str | None
    hash: str = ""
    values: Json = field(default_factory=dict)  #: block_id → action_id → what stands in it
    errors: dict[str, str] = field(default_factory=dict)


class Views:
    def __init__(self, state: State) -> None:
        self.state = state
        self.triggers: dict[str, Trigger] = {}
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[tuple[str, str], View] = {}

    # triggers
    def new_trigger(self, app: App, user_id: str, view_id: str = "") -> str:
        trigger_id = f"{len(self.triggers) + 1}.{self.state.team_id[1:]}.{secrets.token_hex(16)}"
        self.triggers[trigger_id] = Trigger(app.id, user_id, self.state.clock(), view_id)
        return trigger_id

    def use_trigger(self, app: App, trigger_id: str) -> Trigger:
        trigger = self.triggers.get(trigger_id)
        if trigger is None or trigger.app_id != app.id:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.state.clock() - trigger.at > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    # what the app does
    def open(self, app: App, user_id: str, content: Any) -> View:
        checked = self._checked(app, content, "modal")
        view = self._new(app, user_id, checked, previous=None)
        self.stacks[user_id] = [view]
        self.tell(user_id)
        return view

    def push(self, app: App, user_id: str, content: Any) -> View:
        stack = self.stacks.get(user_id, [])
        if len(stack) >= STACK:
            raise SlackError("push_limit_reached")
        checked = self._checked(app, content, "modal")
        view = self._new(app, user_id, checked, previous=stack[-1] if stack else None)
        self.stacks.setdefault(user_id, []).append(view)
        self.tell(user_id)
        return view

    def update(self, view: View, content: Any, app: App) -> View:
        """New content; what a person typed stays in the blocks that keep their ids."""
        view.content = self._checked(app, content, "modal", instead_of=view)
        view.values = carried(initial(view.content["blocks"]), view.values)
        view.hash, view.errors = self._hash(), {}
        self.tell(view.user_id)
        return view

    def publish(self, app: App, user_id: str, content: Any, wanted_hash: str) -> View:
        old = self.homes.get((user_id, app.id))
        if wanted_hash and old and wanted_hash != old.hash:
            raise SlackError("hash_conflict")
        checked = self._checked(app, content, "home", instead_of=old)
        view = self._new(app, user_id, checked, previous=None)
        if old is not None:
            view.id = view.root = old.id
        self.homes[(user_id, app.id)] = view
        self.state.tell("home", user=user_id, content=(app.id, self.shown(view)))
        return view

    def find(self, app: App, *, view_id: str = "", external_id: str = "") -> View | None:
        """An open modal or a home tab of this app."""
        for view in self.all():
            same = view.id == view_id if view_id else view.content.get("external_id") == external_id
            if same and view.app_id == app.id:
                return view
        return None

    # what a person does
    def close(self, view: View) -> None:
        stack = self.stacks.get(view.user_id, [])
        if view in stack:
            del stack[stack.index(view) :]
        self.tell(view.user_id)

    def close_all(self, user_id: str) -> list[View]:
        closed = self.stacks.pop(user_id, [])
        self.tell(user_id)
        return closed

    def tell(self, user_id: str) -> None:
        self.state.tell("views", user=user_id, content=[self.shown(v) for v in self.stacks.get(user_id, [])])

    def all(self) -> list[View]:
        return [v for stack in self.stacks.values() for v in stack] + list(self.homes.values())

    def shown(self, view: View) -> Json:
        """The view object that Slack sends and returns."""
        app, content = self.state.apps[view.app_id], view.content
        optional = {name: content.get(name) for name in ("title", "submit", "close")}
        return {
            "id": view.id,
            "team_id": self.state.team_id,
            "type": content["type"],
            "blocks": content["blocks"],
            **optional,
            "private_metadata": content.get("private_metadata") or "",
            "callback_id": content.get("callback_id") or "",
            "external_id": content.get("external_id") or "",
            "state": {"values": view.values},
            "hash": view.hash,
            "clear_on_close": bool(content.get("clear_on_close")),
            "notify_on_close": bool(content.get("notify_on_close")),
            "root_view_id": view.root,
            "previous_view_id": view.previous,
            "app_id": app.id,
            "app_installed_team_id": self.state.team_id,
            "bot_id": app.bot_id,
        }

    def _checked(self, app: App, content: Any, kind: str, instead_of: View | None = None) -> Json:
        checked = checked_view(self.state, content, kind)
        if len(repr(checked)) > VIEW_BYTES:
            raise SlackError("view_too_large")
        external_id = checked.get("external_id")
        if external_id:
            other = self.find(app, external_id=external_id)
            if other is not None and other is not instead_of:
                raise SlackError("duplicate_external_id")
        return checked

    def _new(self, app: App, user_id: str, content: Json, previous: View | None) -> View:
        view_id = f"V0{secrets.token_hex(4).upper()}"  # no other workspace, opened later, has it
        root = previous.root if previous else view_id
        view = View(view_id, app.id, user_id, content, root, previous.id if previous else None, self._hash())
        view.values = initial(content["blocks"])
        return view

    def _hash(self) -> str:
        return f"{int(self.state.clock())}.{secrets.token_hex(4)}"


def element_at(blocks: list[Json], action_id: str, block_id: str | None) -> list[tuple[Json, Json]]:
    """Every block and element with this action_id."""
    return [
        (block, element)
        for block in blocks
        if block_id in (None, block.get("block_id"))
        for element in interactive(block)
        if element.get("action_id") == action_id
    ]
