"""People filling in modals: submitting, and closing."""

from typing import Any

from bot.workspace.blocks import view_problems
from bot.workspace.errors import SlackError, WorkspaceError
from bot.workspace.inputs import fill, refuse_incomplete
from bot.workspace.interactions import Interactions
from bot.workspace.reaching import Ack
from bot.workspace.state import Json
from bot.workspace.views import View


class Modals:
    def __init__(self, acting: Interactions) -> None:
        self.acting = acting
        self.views = acting.views
        self.state = acting.state

    async def submit(self, user_id: str, view_id: str, values: Json | None = None) -> Ack:
        """Send a modal; what the app answers becomes of it, errors included.

        Raises InputsRefused when a required input is empty: Slack's client does not send such a modal.
        """
        view = self.acting.view(user_id, view_id)
        if view.content["type"] != "modal" or not view.content.get("submit"):
            raise WorkspaceError(f"The view {view_id} cannot be submitted.")
        blocks = view.content["blocks"]
        view.values = fill(blocks, view.values, values or {})
        view.errors = {}
        refuse_incomplete(blocks, view.values)
        app = self.state.apps[view.app_id]
        payload = {
            **self.acting.envelope("view_submission", app, user_id),
            "trigger_id": self.views.new_trigger(app, user_id, view.id),
            "view": self.views.shown(view),
            "response_urls": [],
        }
        ack = await self.acting.line.send(app, "interaction", payload)
        if ack.ok:
            self._answered(view, ack.fields)
        return ack

    def _answered(self, view: View, answer: Json) -> None:
        """Do to the stack what the acknowledgement says. Raises WorkspaceError when it says nonsense."""
        app = self.state.apps[view.app_id]
        match answer.get("response_action"):
            case None:
                self.views.close(view)
            case "clear":
                self.views.close_all(view.user_id)
            case "errors":
                view.errors = self._errors(view, answer.get("errors"))
                self.views.tell(view.user_id)
            case "update":
                self._checked(answer.get("view"))
                self.views.update(view, answer["view"], app)
            case "push":
                self._checked(answer.get("view"))
                try:
                    self.views.push(app, view.user_id, answer["view"])
                except SlackError as error:
                    raise WorkspaceError(f"The app pushed one view too many: {error.code}.") from error
            case other:
                raise WorkspaceError(f"The app acknowledged with an unknown response_action {other!r}.")

    def _checked(self, content: Any) -> None:
        problems = view_problems(content, "modal")
        if problems:
            raise WorkspaceError(
                f"The app acknowledged with a view that Slack refuses: {'; '.join(problems)}."
            )

    def _errors(self, view: View, errors: Any) -> dict[str, str]:
        inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
            raise WorkspaceError(
                f"The app sent errors that belong to no input: {errors!r}; inputs: {sorted(inputs)}."
            )
        return {block_id: str(sentence) for block_id, sentence in errors.items()}

    async def close(self, user_id: str, view_id: str) -> Ack | None:
        """Close a modal, and tell the app when it asked for that; None when it did not."""
        view = self.acting.view(user_id, view_id)
        if view.content["type"] != "modal":
            raise WorkspaceError("A home tab cannot be closed.")
        cleared = bool(view.content.get("clear_on_close"))
        shown = self.views.shown(view)
        if cleared:
            self.views.close_all(user_id)
        else:
            self.views.close(view)
        if not shown["notify_on_close"]:
            return None
        app = self.state.apps[view.app_id]
        payload = {**self.acting.envelope("view_closed", app, user_id), "view": shown, "is_cleared": cleared}
        return await self.acting.line.send(app, "interaction", payload)
