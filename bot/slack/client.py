"""The one Web API client: a short time-out, and no retries of its own.

slack_sdk posts again after a dropped connection, which doubles messages, and waits thirty seconds for
an answer. Here the outbox decides what is tried again, after it has looked whether it arrived.
"""

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

TIMEOUT_SECONDS = 8


def connect(token: str, api_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """A client of the workspace at `api_url` (ends in `/api/`), on a session that its owner closes."""
    return AsyncWebClient(
        token=token,
        base_url=api_url,
        timeout=TIMEOUT_SECONDS,
        session=session,
        retry_handlers=[],
    )
