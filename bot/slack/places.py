"""Where an incident lives in Slack: its channel is created, its card pinned, its people invited."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.delivery import ClaimedDelivery, Never, Outcome, Sent, TryAgain
from bot.domain.overview import Overview
from bot.slack.errors import error_of
from bot.slack.views import card

#: How many names are tried when a channel's name is taken.
NAMES = 20
#: How far Slack's clock and ours may be apart.
_CLOCKS_APART = timedelta(minutes=5)
_WAIT_FOR_ANNOUNCEMENT = timedelta(seconds=2)
#: Slack says these when the workspace does not let the bot create channels.
_NO_CHANNELS = frozenset({"restricted_action", "user_is_restricted", "no_permission"})
_ALREADY_IN = frozenset({"already_in_channel", "cant_invite_self"})


async def create_channel(
    client: AsyncWebClient,
    delivery: ClaimedDelivery,
    overview: Overview,
    owed_at: datetime,
    *,
    is_announcing: bool,
) -> Outcome:
    """The incident's channel, or, where channels may not be created, the announcement's thread.

    `owed_at` is the world's time; `is_announcing` says whether the announcement is still to be made.
    """
    if overview.place.channel_id is not None:
        return Sent(overview.place.channel_id, overview.place.thread_ts, overview.place.channel_name)
    if delivery.is_in_doubt and (found := await _own_channel(client, owed_at, overview)):
        return Sent(found["id"], name=found["name"])
    for attempt in range(1, NAMES + 1):
        name = card.channel_name(overview, attempt)
        try:
            created = await client.conversations_create(name=name)
        except SlackApiError as error:
            if error_of(error) in _NO_CHANNELS:
                return _in_thread(overview, error_of(error), is_announcing=is_announcing)
            if error_of(error) != "name_taken":
                raise
        else:
            channel: dict[str, Any] = created["channel"]
            return Sent(channel["id"], name=channel.get("name", name))
    return Never(f"{NAMES} channel names like {name} are taken")


def _in_thread(overview: Overview, why: str, *, is_announcing: bool) -> Outcome:
    place = overview.place
    if place.announcement_channel_id is not None and place.announcement_ts is not None:
        return Sent(place.announcement_channel_id, place.announcement_ts)
    if is_announcing:
        return TryAgain("no channel may be created; waiting for the announcement", _WAIT_FOR_ANNOUNCEMENT)
    return Never(f"{why}, and there is no announcement whose thread could serve")


async def _own_channel(
    client: AsyncWebClient, owed_at: datetime, overview: Overview
) -> dict[str, Any] | None:
    """The channel that an attempt without an answer may have created; not one of an earlier installation."""
    earliest = (owed_at - _CLOCKS_APART).timestamp()
    names = {card.channel_name(overview, attempt) for attempt in range(1, NAMES + 1)}
    own_id = (await client.auth_test())["user_id"]
    async for channel in channels(client):
        is_ours = channel.get("creator") == own_id and channel.get("created", 0) >= earliest
        if is_ours and channel.get("name") in names:
            return channel
    return None


async def channels(client: AsyncWebClient) -> AsyncIterator[dict[str, Any]]:
    """Every public channel that is not archived."""
    cursor = ""
    while True:
        answer = await client.conversations_list(
            types="public_channel", exclude_archived=True, limit=1000, cursor=cursor or None
        )
        for channel in answer["channels"]:
            yield channel
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return


async def join(client: AsyncWebClient, overview: Overview) -> None:
    """The bot is in the incident's channel (again)."""
    if overview.place.channel_id is not None:
        await client.conversations_join(channel=overview.place.channel_id)


async def set_topic(client: AsyncWebClient, overview: Overview) -> Outcome:
    place = overview.place
    if place.channel_id is None or place.thread_ts is not None:
        return Sent()
    await client.conversations_setTopic(channel=place.channel_id, topic=card.topic(overview))
    return Sent()


async def pin_card(client: AsyncWebClient, overview: Overview) -> Outcome:
    place = overview.place
    if place.channel_id is None or place.card_ts is None or place.thread_ts is not None:
        return Sent()
    try:
        await client.pins_add(channel=place.channel_id, timestamp=place.card_ts)
    except SlackApiError as error:
        if error_of(error) != "already_pinned":
            raise
    return Sent()


async def bookmark_card(client: AsyncWebClient, delivery: ClaimedDelivery, overview: Overview) -> Outcome:
    place = overview.place
    if place.channel_id is None or place.card_ts is None or place.thread_ts is not None:
        return Sent()
    title = card.bookmark_title(overview)
    if delivery.is_in_doubt:
        listed = await client.bookmarks_list(channel_id=place.channel_id)
        if any(bookmark["title"] == title for bookmark in listed["bookmarks"]):
            return Sent()
    link = await client.chat_getPermalink(channel=place.channel_id, message_ts=place.card_ts)
    await client.bookmarks_add(
        channel_id=place.channel_id, title=title, type="link", link=link["permalink"], emoji=":bell:"
    )
    return Sent()


async def invite(client: AsyncWebClient, overview: Overview, slack_id: str) -> Outcome:
    place = overview.place
    if place.channel_id is None or place.thread_ts is not None:
        return Sent()
    try:
        await client.conversations_invite(channel=place.channel_id, users=slack_id)
    except SlackApiError as error:
        if error_of(error) not in _ALREADY_IN:
            raise
    return Sent()
