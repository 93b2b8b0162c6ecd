"""How messages are sent: each carries its delivery's key, by which it is found again."""

from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.delivery import LEASE_ENDED, ClaimedDelivery, Dropped, Never, Outcome, Sent
from bot.domain.errors import NotFound
from bot.domain.ids import SlackUserId
from bot.domain.organization import Person
from bot.domain.time import Now
from bot.operations import look_up
from bot.slack import places
from bot.slack.client import HeldBack, asking
from bot.slack.errors import error_of
from bot.slack.views import kit
from bot.slack.views.kit import Message
from storage.database import Database

#: Slack allows about one message a second in a channel.
MESSAGE_REST = timedelta(seconds=1)
#: And about fifty updates a minute in all; a card that changes often shows the newest state only.
UPDATE_REST = timedelta(seconds=1.2)
#: Slack says these of a channel whose name another one may have now.
_GONE = frozenset({"is_archived", "channel_not_found"})
METADATA_TYPE = "tocsin_delivery"


class Posting:
    """One for the process."""

    def __init__(self, client: AsyncWebClient, database: Database, now: Now, world: Now) -> None:
        self._client = client
        self._database = database
        self._now = now
        self._world = world
        self._direct_messages: dict[str, str] = {}
        self._channels: dict[str, str] = {}

    async def post(
        self,
        delivery: ClaimedDelivery,
        channel: str,
        shown: Message,
        thread_ts: str | None = None,
        version: int | None = None,
    ) -> Outcome:
        """Post it, unless an attempt whose answer was lost did."""
        ts = await self._find_sent(delivery, channel, thread_ts) if delivery.is_in_doubt else None
        if ts is not None:
            version = None  # it shows what was so when it was posted
        if ts is None and not delivery.is_wanted:
            return Dropped()
        if ts is None:
            asked: dict[str, Any] = {
                "channel": channel,
                "text": shown.text,
                "blocks": kit.posted(shown.blocks),
                "thread_ts": thread_ts,
                "metadata": {"event_type": METADATA_TYPE, "event_payload": {"delivery": delivery.owed.key}},
                "unfurl_links": False,
                "unfurl_media": False,
            }
            try:
                with asking(delivery.is_ours):
                    ts = str((await self._client.chat_postMessage(**asked))["ts"])
            except HeldBack:
                return LEASE_ENDED
        return Sent(channel, ts, version=version, rest=MESSAGE_REST)

    async def _find_sent(self, delivery: ClaimedDelivery, channel: str, thread_ts: str | None) -> str | None:
        """The `ts` of the message that carries this delivery's key."""
        oldest = f"{(self.owed_at(delivery) - timedelta(minutes=5)).timestamp():.6f}"
        cursor = None
        while True:
            asked: dict[str, Any] = {"channel": channel, "include_all_metadata": True, "limit": 200}
            if thread_ts is None:
                answer = await self._client.conversations_history(**asked, oldest=oldest, cursor=cursor)
            else:
                answer = await self._client.conversations_replies(**asked, ts=thread_ts, cursor=cursor)
            for message in answer["messages"]:
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                if payload.get("delivery") == delivery.owed.key:
                    return str(message["ts"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None

    def owed_at(self, delivery: ClaimedDelivery) -> datetime:
        """As the world counts, and Slack with it: our clock stays ahead when the wall clock is set back."""
        return self._world() - (self._now() - delivery.owed_at)

    async def update(self, channel: str, ts: str, shown: Message) -> Outcome:
        blocks = kit.posted(shown.blocks)
        await self._client.chat_update(channel=channel, ts=ts, text=shown.text, blocks=blocks)
        return Sent(channel, ts, rest=UPDATE_REST)

    async def person(self, delivery: ClaimedDelivery) -> Person:
        organization = await self._database.read_in_turn(look_up.organization)
        person = organization.person(delivery.owed.person_id)
        if person is None or not person.is_active:
            raise NotFound("they are not in the organization any more")
        return person

    async def slack_id(self, person: Person) -> SlackUserId:
        if person.slack_id is not None:
            return person.slack_id
        found = await self._client.users_lookupByEmail(email=person.email)
        return SlackUserId(found["user"]["id"])

    async def direct_message(self, person: Person) -> str:
        slack_id = await self.slack_id(person)
        if slack_id not in self._direct_messages:
            opened = await self._client.conversations_open(users=slack_id)
            self._direct_messages[slack_id] = opened["channel"]["id"]
        return self._direct_messages[slack_id]

    async def post_in(self, delivery: ClaimedDelivery, name: str, shown: Message) -> Outcome:
        """Post it in the public channel that has this name now; the one that had it may be archived."""
        was_known = name in self._channels
        channel = await self.channel(name)
        if channel is None:
            return Never(f"there is no public channel #{name}")
        try:
            return await self.post(delivery, channel, shown)
        except SlackApiError as error:
            if error_of(error) not in _GONE:
                raise
            self._channels.pop(name, None)
            if not was_known:
                raise
        return await self.post_in(delivery, name, shown)

    async def channel(self, name: str) -> str | None:
        """The channel's id; the bot joins it, so that it can look whether an announcement arrived."""
        if name not in self._channels:
            async for channel in places.channels(self._client):
                if name.lstrip("#") in (channel.get("name"), channel["id"]):
                    if not channel.get("is_member"):  # to join twice does no harm
                        await self._client.conversations_join(channel=channel["id"])
                    self._channels[name] = channel["id"]
        return self._channels.get(name)
