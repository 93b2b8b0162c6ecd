"""Carry out one Slack delivery: look the facts up, lay them out, send, and say what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.delivery import (
    ClaimedDelivery,
    Deliverer,
    DeliveryKind,
    Dropped,
    Never,
    Outcome,
    Sent,
    TryAgain,
)
from bot.domain.errors import NotFound
from bot.domain.ids import SlackUserId
from bot.domain.organization import Person
from bot.domain.overview import Overview
from bot.domain.rota import HandoffFacts, SwapFacts
from bot.domain.time import Now
from bot.domain.timeline import PostmortemCreated
from bot.operations import look_up, outages, rota, write_up
from bot.slack import errors, places, user_groups
from bot.slack.views import card, duty, page, postmortem, timeline
from bot.slack.views.kit import Message
from storage.database import Connection, Database

#: Slack allows about one message a second in a channel.
MESSAGE_REST = timedelta(seconds=1)
#: And about fifty updates a minute in all; a card that changes often shows the newest state only.
UPDATE_REST = timedelta(seconds=1.2)
METADATA_TYPE = "tocsin_delivery"
_UNSETTLED = ("pending", "sending")
_WAIT_FOR_PAGE = timedelta(seconds=1)

Carry = Callable[[ClaimedDelivery], Awaitable[Outcome]]


class SlackDeliverer:
    """One for the process. Every message carries its delivery's key, by which it is found again."""

    def __init__(self, client: AsyncWebClient, database: Database, now: Now) -> None:
        self._client = client
        self._database = database
        self._now = now
        self._direct_messages: dict[str, str] = {}
        self._announcement_channels: dict[str, str] = {}
        self._carry: Mapping[DeliveryKind, Carry] = {
            DeliveryKind.CREATE_CHANNEL: self._create_channel,
            DeliveryKind.SET_TOPIC: self._set_topic,
            DeliveryKind.POST_CARD: self._post_card,
            DeliveryKind.PIN_CARD: self._pin_card,
            DeliveryKind.BOOKMARK_CARD: self._bookmark_card,
            DeliveryKind.UPDATE_CARD: self._update_card,
            DeliveryKind.ANNOUNCE: self._announce,
            DeliveryKind.UPDATE_ANNOUNCEMENT: self._update_announcement,
            DeliveryKind.INVITE: self._invite,
            DeliveryKind.MIRROR: self._mirror,
            DeliveryKind.PAGE: self._page,
            DeliveryKind.REFRESH_PAGE: self._refresh_page,
            DeliveryKind.TELL: self._tell,
            DeliveryKind.FIND_PERSON: self._find_person,
            DeliveryKind.PAGER_TAKEN: self._pager_taken,
            DeliveryKind.PAGER_GIVEN: self._pager_given,
            DeliveryKind.SHIFT_CHANGED: self._shift_changed,
            DeliveryKind.SWAP_ASKED: self._swap_asked,
            DeliveryKind.SWAP_ANSWERED: self._swap_answered,
            DeliveryKind.UPDATE_SWAP: self._update_swap,
            DeliveryKind.SYNC_USER_GROUP: self._sync_user_group,
            DeliveryKind.WARN_GAP: self._warn_gap,
            DeliveryKind.FIND_USER_GROUP: self._find_user_group,
        }

    def kinds(self) -> dict[DeliveryKind, Deliverer]:
        """For each kind that Slack carries, this deliverer."""
        return dict.fromkeys(self._carry, self)

    async def __call__(self, delivery: ClaimedDelivery) -> Outcome:
        try:
            return await self._carry[delivery.owed.kind](delivery)
        except NotFound as refusal:
            return Never(refusal.sentence)
        except (SlackApiError, SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return errors.outcome_of(error)

    # The incident's channel

    async def _create_channel(self, delivery: ClaimedDelivery) -> Outcome:
        return await places.create_channel(self._client, delivery, await self._overview(delivery))

    async def _set_topic(self, delivery: ClaimedDelivery) -> Outcome:
        return await places.set_topic(self._client, await self._overview(delivery))

    async def _pin_card(self, delivery: ClaimedDelivery) -> Outcome:
        return await places.pin_card(self._client, await self._overview(delivery))

    async def _bookmark_card(self, delivery: ClaimedDelivery) -> Outcome:
        return await places.bookmark_card(self._client, delivery, await self._overview(delivery))

    async def _invite(self, delivery: ClaimedDelivery) -> Outcome:
        overview, person = await self._overview(delivery), await self._person(delivery)
        return await places.invite(self._client, overview, await self._slack_id(person))

    # Cards

    async def _post_card(self, delivery: ClaimedDelivery) -> Outcome:
        overview = await self._overview(delivery)
        shown = await self._card(overview)
        return await self._post_in_place(delivery, overview, shown, version=overview.incident.version)

    async def _update_card(self, delivery: ClaimedDelivery) -> Outcome:
        overview = await self._overview(delivery)
        place = overview.place
        if place.card_ts is None or place.channel_id is None:
            return Sent()
        return await self._update(place.channel_id, place.card_ts, await self._card(overview))

    async def _card(self, overview: Overview) -> Message:
        now = self._now()
        told = await self._database.read(lambda tx: outages.told(tx, overview.incident, now))
        return card.card(overview, now, told)

    async def _announce(self, delivery: ClaimedDelivery) -> Outcome:
        overview = await self._overview(delivery)
        organization = await self._database.read(look_up.organization)
        if organization.announcement_channel is None:
            return Sent()
        channel = await self._announcement_channel(organization.announcement_channel)
        if channel is None:
            return Never(f"there is no public channel #{organization.announcement_channel}")
        shown = card.announcement(overview, self._now())
        return await self._post(delivery, channel, shown, version=overview.incident.version)

    async def _update_announcement(self, delivery: ClaimedDelivery) -> Outcome:
        overview = await self._overview(delivery)
        place = overview.place
        if place.announcement_ts is None or place.announcement_channel_id is None:
            return Sent()
        shown = card.announcement(overview, self._now())
        return await self._update(place.announcement_channel_id, place.announcement_ts, shown)

    # Messages

    async def _mirror(self, delivery: ClaimedDelivery) -> Outcome:
        overview = await self._overview(delivery)

        def query(tx: Connection) -> Message:
            entry = look_up.entry(tx, overview.incident.id, delivery.owed.sequence or 0)
            if isinstance(entry.event, PostmortemCreated):
                written = write_up.postmortem(tx, entry.event.postmortem_number)
                return postmortem.shown(written, overview, entry.by.name)
            return timeline.mirrored(entry, overview)

        return await self._post_in_place(delivery, overview, await self._database.read(query))

    async def _page(self, delivery: ClaimedDelivery) -> Outcome:
        shown, person = await self._page_message(delivery, delivery.owed.sequence or 0)
        return await self._post(delivery, await self._direct_message(person), shown)

    async def _refresh_page(self, delivery: ClaimedDelivery) -> Outcome:
        page_id = delivery.owed.page_id or 0
        state, channel, ts, sequence = await self._database.read(lambda tx: look_up.page_receipt(tx, page_id))
        if state in _UNSETTLED:
            return TryAgain("its page is still on the way", _WAIT_FOR_PAGE, is_wait=True)
        if channel is None or ts is None or sequence is None:
            return Sent()
        shown, _ = await self._page_message(delivery, sequence)
        return await self._update(channel, ts, shown)

    async def _tell(self, delivery: ClaimedDelivery) -> Outcome:
        overview, person = await self._overview(delivery), await self._person(delivery)
        entry = await self._database.read(
            lambda tx: look_up.entry(tx, overview.incident.id, delivery.owed.sequence or 0)
        )
        shown = page.told(entry, overview)
        return await self._post(delivery, await self._direct_message(person), shown)

    async def _find_person(self, delivery: ClaimedDelivery) -> Outcome:
        person = await self._person(delivery)
        found = await self._client.users_lookupByEmail(email=person.email)
        return Sent(receipt=found["user"]["id"])

    # Who is on call

    async def _pager_taken(self, delivery: ClaimedDelivery) -> Outcome:
        facts, person = await self._handoff(delivery), await self._person(delivery)
        is_theirs = facts.primary is not None and facts.primary.id == person.id
        return await self._direct(delivery, person, duty.pager_taken(facts), is_so=is_theirs)

    async def _pager_given(self, delivery: ClaimedDelivery) -> Outcome:
        facts, person = await self._handoff(delivery), await self._person(delivery)
        is_theirs = facts.primary is not None and facts.primary.id == person.id
        return await self._direct(delivery, person, duty.pager_given(facts), is_so=not is_theirs)

    async def _handoff(self, delivery: ClaimedDelivery) -> HandoffFacts:
        now = self._now()
        return await self._database.read(lambda tx: rota.handoff(tx, now, delivery.owed.subject or ""))

    async def _shift_changed(self, delivery: ClaimedDelivery) -> Outcome:
        subject, person = delivery.owed.subject or "", await self._person(delivery)
        change = await self._database.read(lambda tx: rota.shift_change(tx, subject))
        if change is None:
            return Dropped()
        return await self._direct(delivery, person, duty.shift_changed(change, person.id))

    async def _swap_asked(self, delivery: ClaimedDelivery) -> Outcome:
        facts = await self._swap(delivery)
        return await self._direct(delivery, await self._person(delivery), duty.swap(facts))

    async def _swap_answered(self, delivery: ClaimedDelivery) -> Outcome:
        facts = await self._swap(delivery)
        return await self._direct(delivery, await self._person(delivery), duty.swap_answered(facts))

    async def _update_swap(self, delivery: ClaimedDelivery) -> Outcome:
        swap_id = delivery.owed.subject or ""
        state, channel, ts = await self._database.read(lambda tx: rota.question(tx, swap_id))
        if state in _UNSETTLED:
            return TryAgain("its question is still on the way", _WAIT_FOR_PAGE, is_wait=True)
        if channel is None or ts is None:
            return Sent()
        return await self._update(channel, ts, duty.swap(await self._swap(delivery)))

    async def _swap(self, delivery: ClaimedDelivery) -> SwapFacts:
        return await self._database.read(lambda tx: rota.swap_facts(tx, delivery.owed.subject or ""))

    async def _sync_user_group(self, delivery: ClaimedDelivery) -> Outcome:
        now, subject = self._now(), delivery.owed.subject or ""
        schedule, person = await self._database.read(lambda tx: rota.user_group(tx, now, subject))
        slack_id = await self._slack_id(person) if person is not None else None
        return await user_groups.sync(self._client, schedule, slack_id)

    async def _warn_gap(self, delivery: ClaimedDelivery) -> Outcome:
        now, subject = self._now(), delivery.owed.subject or ""
        facts, organization = await self._database.read(
            lambda tx: (rota.gaps(tx, now, subject), look_up.organization(tx))
        )
        if facts is None:
            return Dropped()
        name = facts.team.channel or organization.announcement_channel
        channel = await self._announcement_channel(name) if name is not None else None
        if channel is None:
            return Never(f"there is no public channel #{name}")
        return await self._post(delivery, channel, duty.gaps(facts))

    async def _direct(
        self, delivery: ClaimedDelivery, person: Person, shown: Message, *, is_so: bool = True
    ) -> Outcome:
        """A direct message; what is no longer so is only looked for."""
        wanted = delivery if is_so else replace(delivery, is_wanted=False)
        return await self._post(wanted, await self._direct_message(person), shown)

    async def _find_user_group(self, delivery: ClaimedDelivery) -> Outcome:
        groups = (await self._client.usergroups_list())["usergroups"]
        found = [group["id"] for group in groups if group["handle"] == delivery.owed.subject]
        if not found:
            return Never(f"there is no user group @{delivery.owed.subject}")
        answer = await self._client.usergroups_users_list(usergroup=found[0])
        return Sent(members=tuple(answer["users"]))

    async def _page_message(self, delivery: ClaimedDelivery, sequence: int) -> tuple[Message, Person]:
        person = await self._person(delivery)
        now = self._now()

        def query(tx: Connection) -> Message:
            facts = look_up.page_facts(tx, delivery.owed.incident_id or "", sequence, person.id, now)
            return page.page(facts, now)

        return await self._database.read(query), person

    # How it is sent

    async def _post_in_place(
        self, delivery: ClaimedDelivery, overview: Overview, shown: Message, version: int | None = None
    ) -> Outcome:
        place = overview.place
        if place.channel_id is None:
            return Never("the incident has no channel")
        return await self._post(delivery, place.channel_id, shown, place.thread_ts, version)

    async def _post(
        self,
        delivery: ClaimedDelivery,
        channel: str,
        shown: Message,
        thread_ts: str | None = None,
        version: int | None = None,
    ) -> Outcome:
        """Post it, unless an attempt whose answer was lost did."""
        ts = await self._find_sent(delivery, channel, thread_ts) if delivery.is_in_doubt else None
        if ts is None and not delivery.is_wanted:
            return Dropped()
        if ts is None:
            answer = await self._client.chat_postMessage(
                channel=channel,
                text=shown.text,
                blocks=list(shown.blocks),
                thread_ts=thread_ts,
                metadata={"event_type": METADATA_TYPE, "event_payload": {"delivery": delivery.owed.key}},
                unfurl_links=False,
                unfurl_media=False,
            )
            ts = str(answer["ts"])
        return Sent(channel, ts, version=version, rest=MESSAGE_REST)

    async def _find_sent(self, delivery: ClaimedDelivery, channel: str, thread_ts: str | None) -> str | None:
        """The `ts` of the message that carries this delivery's key."""
        oldest = f"{(delivery.owed_at - timedelta(minutes=5)).timestamp():.6f}"
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

    async def _update(self, channel: str, ts: str, shown: Message) -> Outcome:
        await self._client.chat_update(channel=channel, ts=ts, text=shown.text, blocks=list(shown.blocks))
        return Sent(channel, ts, rest=UPDATE_REST)

    # Facts

    async def _overview(self, delivery: ClaimedDelivery) -> Overview:
        now = self._now()

        def query(tx: Connection) -> Overview:
            return look_up.overview(tx, look_up.incident_by_id(tx, delivery.owed.incident_id or ""), now)

        return await self._database.read(query)

    async def _person(self, delivery: ClaimedDelivery) -> Person:
        organization = await self._database.read(look_up.organization)
        person = organization.person(delivery.owed.person_id)
        if person is None or not person.is_active:
            raise NotFound("they are not in the organization any more")
        return person

    async def _slack_id(self, person: Person) -> SlackUserId:
        if person.slack_id is not None:
            return person.slack_id
        found = await self._client.users_lookupByEmail(email=person.email)
        return SlackUserId(found["user"]["id"])

    async def _direct_message(self, person: Person) -> str:
        slack_id = await self._slack_id(person)
        if slack_id not in self._direct_messages:
            opened = await self._client.conversations_open(users=slack_id)
            self._direct_messages[slack_id] = opened["channel"]["id"]
        return self._direct_messages[slack_id]

    async def _announcement_channel(self, name: str) -> str | None:
        """The channel's id; the bot joins it, so that it can look whether an announcement arrived."""
        if name not in self._announcement_channels:
            async for channel in places.channels(self._client):
                if name.lstrip("#") in (channel["name"], channel["id"]):
                    if not channel["is_member"]:
                        await self._client.conversations_join(channel=channel["id"])
                    self._announcement_channels[name] = channel["id"]
        return self._announcement_channels.get(name)
