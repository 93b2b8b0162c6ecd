"""Slack's errors: what is tried again, what is over, and how either is told to people."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.delivery import InDoubt, Never, Outcome, TryAgain
from bot.slack.errors import outcome_of

LACKS = "the app lacks the scope groups:write, which private channels need (missing_scope)"


def refusal(
    name: str, status: int = 200, headers: Mapping[str, str] | None = None, **more: Any
) -> SlackApiError:
    answer = AsyncSlackResponse(
        client=AsyncWebClient(),
        http_verb="POST",
        api_url="x",
        req_args={},
        data={"ok": False, "error": name, **more},
        headers=dict(headers or {}),
        status_code=status,
    )
    return SlackApiError("refused", answer)  # type: ignore[no-untyped-call] # theirs


def said(outcome: Outcome) -> tuple[type[Outcome], str]:
    assert isinstance(outcome, Never | TryAgain | InDoubt)
    return type(outcome), outcome.why


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (refusal("user_disabled"), Never, "their Slack account is deactivated (user_disabled)"),
        (refusal("a_new_word"), Never, "Slack says a_new_word"),
        (refusal("internal_error"), InDoubt, "Slack failed (internal_error)"),
        (refusal("anything", 503), InDoubt, "Slack failed (anything)"),
        (refusal("service_unavailable"), TryAgain, "Slack is not well (service_unavailable)"),
        (refusal("missing_scope", needed="groups:write"), TryAgain, LACKS),
        (refusal("missing_scope"), TryAgain, "the app lacks a scope (missing_scope)"),
    ],
)
def test_people_read_what_slack_means(error: SlackApiError, kind: type[Outcome], words: str) -> None:
    assert said(outcome_of(error)) == (kind, words)


def test_what_is_only_an_aside_does_not_wait_for_a_scope() -> None:
    assert said(outcome_of(refusal("missing_scope", needed="groups:write"), is_aside=True)) == (Never, LACKS)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 1),
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "-5"}, 1),
        ({"Retry-After": "86400"}, 3600),
        ({"Retry-After": "inf"}, 3600),
        ({"Retry-After": "nan"}, 1),
        ({"Retry-After": "Fri, 27 Nov 2026 12:00:00 GMT"}, 1),
    ],
)
def test_patience_that_slack_asks_for_is_understood_and_bounded(
    headers: Mapping[str, str], seconds: int
) -> None:
    outcome = outcome_of(refusal("ratelimited", 429, headers))
    assert isinstance(outcome, TryAgain)
    assert outcome.after == timedelta(seconds=seconds)
