"""Carry out one Slack delivery: look the facts up, lay them out, send, and say what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.delivery import (
    ASIDES,
    ClaimedDelivery,
    Deliverer,
    DeliveryKind,
    Never,
    Outcome,
    Sent,
    TryAgain,
)
from bot.domain.errors import NotFound
from bot.domain.organization import Person
from bot.domain.overview import Overview, PageFacts
from bot.domain.time import Now
from bot.domain.timeline import PostmortemCreated
from bot.operations import look_up, outages, write_up
from bot.slack import errors, places
from bot.slack.duty_deliverer import DutyDeliverer
from bot.slack.posting import Posting
from bot.slack.views import card, page, postmortem, timeline
from bot.slack.views.kit import Message
from storage.database import Connection, Database

_UNSETTLED = ("pending", "sending")
_WAIT_FOR_PAGE = timedelta(seconds=1)

Carry = Callable[[ClaimedDelivery], Awaitable[Outcome]]


class SlackDeliverer:
    """One for the process. Every message carries its delivery's key, by which it is found again."""

    def __init__(self, client: AsyncWebClient, database: Database, now: Now, world: Now) -> None:
        self._client = client
        self._database = database
        self._now = now
        self._posting = Posting(client, database, now, world)
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
            DeliveryKind.FIND_USER_GROUP: self._find_user_group,
            **DutyDeliverer(client, database, now, self._posting).carry,
        }

    def kinds(self) -> dict[DeliveryKind, Deliverer]:
        """For each kind that Slack carries, this deliverer."""
        return dict.fromkeys(self._carry, self)

    async def __call__(self, delivery: ClaimedDelivery) -> Outcome:
        try:
            return await self._carried(delivery)
        except NotFound as refusal:
            return Never(refusal.sentence)
        except (SlackApiError, SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return errors.outcome_of(error, is_aside=delivery.owed.kind in ASIDES)

    async def _carried(self, delivery: ClaimedDelivery) -> Outcome:
        """What came of it; who was removed from the incident's channel joins it again first."""
        carry = self._carry[delivery.owed.kind]
        try:
            return await carry(delivery)
        except SlackApiError as error:
            if errors.error_of(error) != "not_in_channel" or delivery.owed.incident_id is None:
                raise
            await places.join(self._client, await self._overview(delivery))
            return await carry(delivery)

    # The incident's channel

    async def _create_channel(self, delivery: ClaimedDelivery) -> Outcome:
        now, owed_at = self._now(), self._posting.owed_at(delivery)

        def query(tx: Connection) -> tuple[Overview, bool]:
            found = look_up.incident_by_id(tx, delivery.owed.incident_id or "")
            return look_up.overview(tx, found, now), look_up.is_announcing(tx, found)

        overview, is_announcing = await self._database.read_in_turn(query)
        return await places.create_channel(
            self._client, delivery, overview, owed_at, is_announcing=is_announcing
        )

    async def _set_topic(self, delivery: ClaimedDelivery) -> Outcome:
        return await places.set_topic(self._client, await self._overview(delivery))

    async def _pin_card(self, delivery: ClaimedDelivery) -> Outcome:
        return await places.pin_card(self._client, await self._overview(delivery))

    async def _bookmark_card(self, delivery: ClaimedDelivery) -> Outcome:
        return await places.bookmark_card(self._client, delivery, await self._overview(delivery))

    async def _invite(self, delivery: ClaimedDelivery) -> Outcome:
        overview, person = await self._overview(delivery), await self._posting.person(delivery)
        return await places.invite(self._client, overview, await self._posting.slack_id(person))

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
        return await self._posting.update(place.channel_id, place.card_ts, await self._card(overview))

    async def _card(self, overview: Overview) -> Message:
        now = self._now()
        told = await self._database.read_in_turn(lambda tx: outages.told(tx, overview.incident, now))
        return card.card(overview, now, told)

    async def _announce(self, delivery: ClaimedDelivery) -> Outcome:
        overview = await self._overview(delivery)
        organization = await self._database.read_in_turn(look_up.organization)
        if organization.announcement_channel is None:
            return Sent()
        shown = card.announcement(overview, self._now())
        return await self._posting.post_in(delivery, organization.announcement_channel, shown)

    async def _update_announcement(self, delivery: ClaimedDelivery) -> Outcome:
        overview = await self._overview(delivery)
        place = overview.place
        if place.announcement_ts is None or place.announcement_channel_id is None:
            return Sent()
        shown = card.announcement(overview, self._now())
        return await self._posting.update(place.announcement_channel_id, place.announcement_ts, shown)

    # Messages

    async def _mirror(self, delivery: ClaimedDelivery) -> Outcome:
        overview = await self._overview(delivery)

        def query(tx: Connection) -> Message:
            entry = look_up.entry(tx, overview.incident.id, delivery.owed.sequence or 0)
            if isinstance(entry.event, PostmortemCreated):
                written = write_up.postmortem(tx, entry.event.postmortem_number)
                return postmortem.shown(written, overview, entry.by.name)
            return timeline.mirrored(entry, overview)

        return await self._post_in_place(delivery, overview, await self._database.read_in_turn(query))

    async def _page(self, delivery: ClaimedDelivery) -> Outcome:
        person = await self._posting.person(delivery)
        channel = await self._posting.direct_message(person)
        facts, shown = await self._page_message(delivery, person, delivery.owed.sequence or 0)
        # It may have been answered since it was taken up.
        wanted = replace(delivery, is_wanted=delivery.is_wanted and facts.is_wanted)
        return await self._posting.post(wanted, channel, shown)

    async def _refresh_page(self, delivery: ClaimedDelivery) -> Outcome:
        page_id = delivery.owed.page_id or 0
        state, channel, ts, sequence = await self._database.read_in_turn(
            lambda tx: look_up.page_receipt(tx, page_id)
        )
        if state in _UNSETTLED:
            return TryAgain("its page is still on the way", _WAIT_FOR_PAGE, is_wait=True)
        if channel is None or ts is None or sequence is None:
            return Sent()
        person = await self._posting.person(delivery)
        _, shown = await self._page_message(delivery, person, sequence)
        return await self._posting.update(channel, ts, shown)

    async def _tell(self, delivery: ClaimedDelivery) -> Outcome:
        overview, person = await self._overview(delivery), await self._posting.person(delivery)
        entry = await self._database.read_in_turn(
            lambda tx: look_up.entry(tx, overview.incident.id, delivery.owed.sequence or 0)
        )
        shown = page.told(entry, overview)
        return await self._posting.post(delivery, await self._posting.direct_message(person), shown)

    async def _find_person(self, delivery: ClaimedDelivery) -> Outcome:
        person = await self._posting.person(delivery)
        found = await self._client.users_lookupByEmail(email=person.email)
        return Sent(receipt=found["user"]["id"])

    async def _find_user_group(self, delivery: ClaimedDelivery) -> Outcome:
        groups = (await self._client.usergroups_list())["usergroups"]
        found = [group["id"] for group in groups if group["handle"] == delivery.owed.subject]
        if not found:
            return Never(f"there is no user group @{delivery.owed.subject}")
        answer = await self._client.usergroups_users_list(usergroup=found[0])
        return Sent(members=tuple(answer["users"]))

    async def _page_message(
        self, delivery: ClaimedDelivery, person: Person, sequence: int
    ) -> tuple[PageFacts, Message]:
        now = self._now()

        def query(tx: Connection) -> tuple[PageFacts, Message]:
            facts = look_up.page_facts(tx, delivery.owed.incident_id or "", sequence, person.id, now)
            return facts, page.page(facts, now)

        return await self._database.read_in_turn(query)

    # How it is sent

    async def _post_in_place(
        self, delivery: ClaimedDelivery, overview: Overview, shown: Message, version: int | None = None
    ) -> Outcome:
        place = overview.place
        if place.channel_id is None:
            return Never("the incident has no channel")
        return await self._posting.post(delivery, place.channel_id, shown, place.thread_ts, version)

    # Facts

    async def _overview(self, delivery: ClaimedDelivery) -> Overview:
        now = self._now()

        def query(tx: Connection) -> Overview:
            return look_up.overview(tx, look_up.incident_by_id(tx, delivery.owed.incident_id or ""), now)

        return await self._database.read_in_turn(query)
