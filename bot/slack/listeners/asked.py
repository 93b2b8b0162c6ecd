"""What a request of Slack says: who asks, for what, and where."""

import hashlib
import json
from typing import Any

from bot.slack.views.inputs import Metadata

Body = dict[str, Any]

#: What tells a form that stands open from every other.
_FORM = ("id", "callback_id", "private_metadata")


def identity(body: Body) -> str:
    """What tells this request of Slack from every other: the same one may come twice.

    All that was asked counts, not its trigger alone: where a sender gives many requests one and the same,
    nobody's words may vanish. A form whose acknowledgement got lost stays open and is submitted again, with
    another trigger, perhaps with other words.
    """
    if event_id := body.get("event_id"):
        return str(event_id)
    view = body.get("view") or {}
    is_form = body.get("type") == "view_submission" and view.get("id")
    asked = [view.get(part) for part in _FORM] if is_form else body
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def words(body: Body) -> str | None:
    """What tells a form that is submitted again with other words from the same; None of all else."""
    state = (body.get("view") or {}).get("state")
    if body.get("type") != "view_submission" or state is None:
        return None
    return hashlib.sha256(json.dumps(state, sort_keys=True, default=str).encode()).hexdigest()[:16]


def user_of(body: Body) -> tuple[str, str | None]:
    """Slack's id of who asks, and of the workspace they belong to.

    The person's own workspace counts; where Slack does not name it, that in which they acted. Neither stands
    where the app is installed for a whole Enterprise Grid: `team` is null there.
    """
    user = body.get("user")
    if isinstance(user, dict):
        return str(user.get("id", "")), user.get("team_id") or (body.get("team") or {}).get("id")
    if "event" in body:
        return str(body["event"].get("user", "")), body.get("team_id")
    return str(body.get("user_id", "")), body.get("user_team") or body.get("team_id")


def channel_of(body: Body) -> str | None:
    """The Slack channel in which they ask."""
    channel = body.get("channel")
    found = channel.get("id") if isinstance(channel, dict) else body.get("channel_id")
    return str(found) if found else None


def card_url_of(body: Body) -> str | None:
    """Where to put another message in the place of the one they acted in, if only they see that one.

    Every other card is brought up to date by a delivery.
    """
    return body.get("response_url") if (body.get("container") or {}).get("is_ephemeral") else None


def asked_in(body: Body, number: str | None = None) -> Metadata:
    """What a form carries along: its incident, and where it was asked for."""
    return Metadata(number, channel_of(body), card_url_of(body), is_at_home(body))


def is_at_home(body: Body) -> bool:
    """Whether they act in their home tab."""
    return (body.get("view") or {}).get("type") == "home"


def thread_of(body: Body) -> str | None:
    """The thread in which the message stands that they act on; that which it begins, where it is in none."""
    message = body.get("message") or {}
    found = message.get("thread_ts") or message.get("ts")
    return found if isinstance(found, str) else None
