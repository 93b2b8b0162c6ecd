"""The one Web API client: a short time-out, and no retries of its own.

slack_sdk posts again after a dropped connection, which doubles messages, and waits thirty seconds for
an answer. Here the outbox decides what is tried again, after it has looked whether it arrived.
"""

import asyncio

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.delivery import InDoubt, Never, TryAgain
from bot.slack.errors import outcome_of

TIMEOUT_SECONDS = 8
#: A question that does not take longer than this (seconds) is an answer too.
PATIENCE_SECONDS = 2.5


def connect(token: str, api_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """A client of the workspace at `api_url` (ends in `/api/`), on a session that its owner closes."""
    return AsyncWebClient(
        token=token,
        base_url=api_url,
        timeout=TIMEOUT_SECONDS,
        session=session,
        retry_handlers=[],
    )


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
