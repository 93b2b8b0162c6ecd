"""Slack's errors → what came of a delivery."""

from datetime import timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.delivery import InDoubt, Never, Outcome, TryAgain

#: The work may have been done although an error came back.
_DOUBTFUL = frozenset({"internal_error", "fatal_error", "request_timeout"})
#: Slack is not well, or asks for patience; it did nothing.
_PASSING = frozenset({"ratelimited", "rate_limited"})
#: Slack is not well, and did nothing.
_UNWELL = frozenset({"service_unavailable", "team_added_to_org"})
#: Slack takes nothing from us until somebody mends it. That is an outage of ours: what is owed waits.
_FATAL = frozenset(
    {
        "token_revoked",
        "token_expired",
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "ekm_access_denied",
        "org_login_required",
    }
)
#: Wrong for now, because of a person who can mend it; what is only an aside does not wait for that.
_MENDABLE = frozenset({"missing_scope"})
#: Slack knows nobody, or nobody who can be written to, by what we know of the person.
_UNKNOWN_PERSON = frozenset(
    {"users_not_found", "user_not_found", "user_disabled", "user_not_visible", "cannot_dm_bot"}
)
#: How long to wait for somebody to mend it.
_MEND_PAUSE = timedelta(seconds=30)
#: What people read in place of Slack's words; these follow in brackets, for who looks after the app.
_WORDS = {
    # A person
    "cannot_dm_bot": "their Slack account is a bot",
    "cant_invite": "Slack lets nobody invite their account",
    "messages_tab_disabled": "the app takes no direct messages until its Messages tab is switched on",
    "ura_max_channels": "they are a guest who may be in no further channel",
    "user_disabled": "their Slack account is deactivated",
    "user_is_restricted": "they are a guest, or may not do this in Slack",
    "user_not_found": "Slack does not know their account",
    "user_not_visible": "Slack does not show their account to the app",
    "users_not_found": "nobody in Slack has their e-mail address",
    # A channel, a message
    "cant_update_message": "Slack does not let the app change the message",
    "channel_not_found": "the channel was deleted, or is private and the app is not in it",
    "edit_window_closed": "the workspace lets nobody change a message that is so old",
    "is_archived": "the channel is archived; what happens from then on arrives once it is unarchived",
    "message_not_found": "the message was deleted",
    "method_not_supported_for_channel_type": "the channel is private and the app is not in it",
    "not_in_channel": "the app is not in the channel",
    # The workspace
    "access_denied": "the workspace does not let the app do this",
    "no_permission": "the workspace does not let the app do this",
    "restricted_action": "the workspace does not let the app do this",
    # Slack itself
    "service_unavailable": "Slack is not well",
    "team_added_to_org": "Slack is moving the workspace",
}


def error_of(error: SlackApiError) -> str:
    """Slack's word for what went wrong, such as `channel_not_found`."""
    answer = _answer(error)
    return str(answer.get("error") or "an answer that is not Slack's")


def in_words(name: str) -> str:
    """What Slack's word means, and the word itself."""
    return f"{_WORDS[name]} ({name})" if name in _WORDS else f"Slack says {name}"


def _in_need(scope: str | None) -> str:
    """That the app may not do something, and what would let it."""
    lacks = f"the app lacks the scope {scope}" if scope else "the app lacks a scope"
    is_private = scope is not None and scope.startswith("groups:")
    return f"{lacks}{', which private channels need' if is_private else ''} (missing_scope)"


def _answer(error: SlackApiError) -> dict[str, Any]:
    """What Slack answered; empty when that was no JSON, such as a proxy's page."""
    content = getattr(error.response, "data", None)
    return content if isinstance(content, dict) else {}


def outcome_of(error: Exception, with_setting: str = "SLACK_BOT_TOKEN", *, is_aside: bool = False) -> Outcome:
    """Whether to try again, when, and whether it may have arrived. Slack was asked `with_setting`."""
    match error:
        case SlackApiError():
            return _outcome_of_answer(error, with_setting, is_aside)
        case aiohttp.ClientConnectorError():
            return TryAgain("Slack cannot be reached", is_outage=True)
        case TimeoutError():
            return InDoubt("Slack did not answer in time")
        case aiohttp.ClientError() | SlackClientError() | OSError():
            return InDoubt(f"the connection to Slack broke: {type(error).__name__}")
        case _:
            raise error


def _outcome_of_answer(error: SlackApiError, with_setting: str, is_aside: bool) -> Outcome:
    name, answer = error_of(error), _answer(error)
    if (seconds := retry_after(error)) is not None:
        why = f"Slack asks to wait {seconds:.3g} s"
        return TryAgain(why, timedelta(seconds=seconds), is_wait=True, is_rate_limit=True)
    status = _status(error)
    if not answer or status >= 500 or name in _DOUBTFUL:
        return InDoubt(f"Slack failed ({name})" if answer else f"Slack failed: {name}")
    if name in _UNWELL:
        return TryAgain(in_words(name), is_outage=True)
    if name in _FATAL:
        return TryAgain(f"Slack does not accept {with_setting}: {name}", is_outage=True)
    if name in _MENDABLE:
        why = _in_need(answer.get("needed"))
        return Never(why) if is_aside else TryAgain(why, _MEND_PAUSE)
    return Never(in_words(name), is_unknown_contact=name in _UNKNOWN_PERSON)


def retry_after(error: SlackApiError) -> float | None:
    """For how many seconds Slack asks for patience; None when it asks for none."""
    if _status(error) != 429 and error_of(error) not in _PASSING:
        return None
    return _seconds(getattr(error.response, "headers", {}).get("Retry-After"))


def _status(error: SlackApiError) -> int:
    return int(getattr(error.response, "status_code", 500))


def _seconds(text: str | None) -> float:
    """The wish of a `Retry-After` header; a second when it says none, and never more than an hour."""
    try:
        return min(max(1.0, float(text or 1)), 3600.0)
    except ValueError:
        return 1.0
