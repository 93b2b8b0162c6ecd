"""Carry out what is owed because of who is on call: handoffs, overrides, swaps, user groups, gaps."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.delivery import ClaimedDelivery, DeliveryKind, Dropped, Never, Outcome, Sent, TryAgain
from bot.domain.organization import Person
from bot.domain.rota import HandoffFacts, SwapFacts
from bot.domain.time import Now
from bot.operations import look_up, rota
from bot.slack import user_groups
from bot.slack.posting import Posting
from bot.slack.views import duty
from bot.slack.views.kit import Message
from storage.database import Database

_UNSETTLED = ("pending", "sending")
_WAIT_FOR_QUESTION = timedelta(seconds=1)


class DutyDeliverer:
    """A part of the deliverer; each kind says what carries it out."""

    def __init__(self, client: AsyncWebClient, database: Database, now: Now, posting: Posting) -> None:
        self._client = client
        self._database = database
        self._now = now
        self._posting = posting
        self.carry: Mapping[DeliveryKind, Callable[[ClaimedDelivery], Awaitable[Outcome]]] = {
            DeliveryKind.PAGER_TAKEN: self._pager_taken,
            DeliveryKind.PAGER_GIVEN: self._pager_given,
            DeliveryKind.SHIFT_CHANGED: self._shift_changed,
            DeliveryKind.SWAP_ASKED: self._swap_asked,
            DeliveryKind.SWAP_ANSWERED: self._swap_answered,
            DeliveryKind.UPDATE_SWAP: self._update_swap,
            DeliveryKind.SYNC_USER_GROUP: self._sync_user_group,
            DeliveryKind.WARN_GAP: self._warn_gap,
        }

    async def _pager_taken(self, delivery: ClaimedDelivery) -> Outcome:
        facts, person = await self._handoff(delivery), await self._posting.person(delivery)
        is_theirs = facts.primary is not None and facts.primary.id == person.id
        return await self._direct(delivery, person, duty.pager_taken(facts), is_so=is_theirs)

    async def _pager_given(self, delivery: ClaimedDelivery) -> Outcome:
        facts, person = await self._handoff(delivery), await self._posting.person(delivery)
        is_theirs = facts.primary is not None and facts.primary.id == person.id
        return await self._direct(delivery, person, duty.pager_given(facts), is_so=not is_theirs)

    async def _handoff(self, delivery: ClaimedDelivery) -> HandoffFacts:
        now = self._now()
        return await self._database.read_in_turn(
            lambda tx: rota.handoff(tx, now, delivery.owed.subject or "")
        )

    async def _shift_changed(self, delivery: ClaimedDelivery) -> Outcome:
        subject, person = delivery.owed.subject or "", await self._posting.person(delivery)
        change = await self._database.read_in_turn(lambda tx: rota.shift_change(tx, subject))
        if change is None:
            return Dropped()
        return await self._direct(delivery, person, duty.shift_changed(change, person.id))

    async def _swap_asked(self, delivery: ClaimedDelivery) -> Outcome:
        facts = await self._swap(delivery)
        return await self._direct(delivery, await self._posting.person(delivery), duty.swap(facts))

    async def _swap_answered(self, delivery: ClaimedDelivery) -> Outcome:
        facts = await self._swap(delivery)
        return await self._direct(delivery, await self._posting.person(delivery), duty.swap_answered(facts))

    async def _update_swap(self, delivery: ClaimedDelivery) -> Outcome:
        swap_id = delivery.owed.subject or ""
        state, channel, ts = await self._database.read_in_turn(lambda tx: rota.question(tx, swap_id))
        if state in _UNSETTLED:
            return TryAgain("its question is still on the way", _WAIT_FOR_QUESTION, is_wait=True)
        if channel is None or ts is None:
            return Sent()
        return await self._posting.update(channel, ts, duty.swap(await self._swap(delivery)))

    async def _swap(self, delivery: ClaimedDelivery) -> SwapFacts:
        return await self._database.read_in_turn(lambda tx: rota.swap_facts(tx, delivery.owed.subject or ""))

    async def _sync_user_group(self, delivery: ClaimedDelivery) -> Outcome:
        now, subject = self._now(), delivery.owed.subject or ""
        schedule, person = await self._database.read_in_turn(lambda tx: rota.user_group(tx, now, subject))
        slack_id = await self._posting.slack_id(person) if person is not None else None
        return await user_groups.sync(self._client, schedule, slack_id)

    async def _warn_gap(self, delivery: ClaimedDelivery) -> Outcome:
        now, subject = self._now(), delivery.owed.subject or ""
        facts, organization = await self._database.read_in_turn(
            lambda tx: (rota.gaps(tx, now, subject), look_up.organization(tx))
        )
        if facts is None:
            return Dropped()
        name = facts.team.channel or organization.announcement_channel
        if name is None:
            return Never("there is no channel to warn in")
        return await self._posting.post_in(delivery, name, duty.gaps(facts))

    async def _direct(
        self, delivery: ClaimedDelivery, person: Person, shown: Message, *, is_so: bool = True
    ) -> Outcome:
        """A direct message; what is no longer so is only looked for."""
        wanted = delivery if is_so else replace(delivery, is_wanted=False)
        return await self._posting.post(wanted, await self._posting.direct_message(person), shown)
