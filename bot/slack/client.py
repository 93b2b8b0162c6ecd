"""The one Web API client: a short time-out, and no retries of its own.

slack_sdk posts again after a dropped connection, which doubles messages, and waits thirty seconds for
an answer. Here the outbox decides what is tried again, after it has looked whether it arrived.

**Where Slack asked for patience, nothing is asked before its time**, by whichever lane or listener: the
client remembers each `Retry-After`, of a method or, for new messages, of a channel, and answers in Slack's
place with what is left of it.

**Whether something may still go out is asked when it is about to be written.** A process may stand still at
any moment before, and wake up when another one has sent it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.delivery import InDoubt, Never, TryAgain
from bot.domain.time import Now
from bot.slack.errors import outcome_of, retry_after

TIMEOUT_SECONDS = 8
#: A question that does not take longer than this (seconds) is an answer too.
PATIENCE_SECONDS = 2.5


class HeldBack(Exception):
    """It was not sent: it may not go out any more."""


_may_go_out: ContextVar[Callable[[], bool]] = ContextVar("may_go_out")


@contextmanager
def asking(may_go_out: Callable[[], bool]) -> Iterator[None]:
    """What is asked for here goes out only if it may in the last moment; else it raises HeldBack."""
    token = _may_go_out.set(may_go_out)
    try:
        yield
    finally:
        _may_go_out.reset(token)


def session() -> aiohttp.ClientSession:
    """A session that asks in the last moment."""

    async def ask(*_: object) -> None:
        if not _may_go_out.get(lambda: True)():
            raise HeldBack

    watch = aiohttp.TraceConfig()
    watch.on_request_chunk_sent.append(ask)  # before it is written, says the name notwithstanding
    return aiohttp.ClientSession(trace_configs=[watch])


class Patience:
    """Until when Slack wants to hear nothing of what. `now` is the world's time, as Slack counts it."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._until: dict[str, tuple[datetime, timedelta]] = {}

    def asked_for(self, what: str, seconds: float) -> None:
        self._until[what] = (self._now() + timedelta(seconds=seconds), timedelta(seconds=seconds))

    def left(self, what: str) -> float:
        """Seconds for which it may not be asked yet; none once the clock was set back beyond the wish."""
        if what not in self._until:
            return 0.0
        until, wished = self._until[what]
        if timedelta(0) < until - self._now() <= wished:
            return (until - self._now()).total_seconds()
        del self._until[what]
        return 0.0


class PatientClient(AsyncWebClient):
    """Slack's client, which keeps to every `Retry-After` that it was given."""

    patience: Patience

    async def api_call(self, api_method: str, **asked: Any) -> AsyncSlackResponse:
        what = _limited(api_method, asked)
        if left := self.patience.left(what):
            answer = self._in_its_place(api_method, left)
            raise SlackApiError("not asked: it is too early", answer)  # type: ignore[no-untyped-call] # theirs
        try:
            # slack_sdk's own time-out is for sessions that it makes itself, and says nothing on ours.
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await super().api_call(api_method, **asked)
        except aiohttp.ClientConnectionError as error:
            if isinstance(error.__cause__, HeldBack):
                raise error.__cause__ from error
            raise
        except SlackApiError as error:
            if (seconds := retry_after(error)) is not None:
                self.patience.asked_for(what, seconds)
            raise

    def _in_its_place(self, api_method: str, seconds: float) -> AsyncSlackResponse:
        return AsyncSlackResponse(
            client=self,
            http_verb="POST",
            api_url=api_method,
            req_args={},
            data={"ok": False, "error": "ratelimited"},
            headers={"Retry-After": f"{seconds:.3f}"},
            status_code=429,
        )


def _limited(api_method: str, asked: Mapping[str, Any]) -> str:
    """What a limit is for. Source: https://docs.slack.dev/apis/web-api/rate-limits."""
    if api_method != "chat.postMessage":
        return api_method
    arguments = asked.get("json") or asked.get("params") or asked.get("data") or {}
    return f"{api_method} {arguments.get('channel')}"


def connect(
    token: str, api_url: str, session: aiohttp.ClientSession, now: Now, proxy: str | None = None
) -> AsyncWebClient:
    """A client of the workspace at `api_url` (ends in `/api/`), on a session that its owner closes."""
    client = PatientClient(
        token=token,
        base_url=api_url,
        session=session,
        retry_handlers=[],
    )
    client.proxy = proxy  # not what slack_sdk finds in the environment
    client.patience = Patience(now)
    return client


async def trouble(client: AsyncWebClient) -> str | None:
    """Why Slack takes nothing from us now; None when it answers, be it with a refusal."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await client.auth_test()
    except (SlackApiError, SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        match outcome_of(error):
            case InDoubt(why) | TryAgain(why, is_outage=True) | Never(why):
                return why
    return None
