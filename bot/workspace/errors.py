"""How the imitation refuses: `SlackError` to the app, `WorkspaceError` to whoever plays a person."""

from typing import Any


class SlackError(Exception):
    """A Web API answer with `ok: false`; `more` holds further fields of that answer."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more

    def answer(self) -> dict[str, Any]:
        return {"ok": False, "error": self.code, **self.more}


def invalid_arguments(*messages: str) -> SlackError:
    """`invalid_arguments` with a line for each thing that is wrong, worded as Slack words it."""
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {m}" for m in messages]})


class WorkspaceError(Exception):
    """Something a person cannot do in Slack; the sentence says why."""


class InputsRefused(WorkspaceError):
    """A modal that Slack's own client refuses to send; `errors` maps block_id to a sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{block}: {sentence}" for block, sentence in errors.items()))
        self.errors = errors
