"""The pager goes from one to the next: who was told last, who is told now, and what else follows.

**Who was told that they have the pager is a row, not a memory.** Each schedule has one. Whoever is on call
by the schedule and is not the one in the row takes over, whatever the cause was: the end of a shift, an
override, another organization file, or hours during which nothing ran here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.delivery import Delivery, DeliveryKind
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.override import Stretch
from bot.domain.schedule import Schedule, Shift


@dataclass(frozen=True)
class Holder:
    """Who has the pager of a schedule, as people were last told."""

    schedule_id: ScheduleId
    #: None while nobody is on call.
    primary_id: PersonId | None
    previous_id: PersonId | None
    since: datetime
    #: Counts the handoffs.
    ordinal: int
    #: The Slack user group that was brought into step.
    user_group: str | None


def next_holder(before: Holder | None, schedule: Schedule, shift: Shift | None, now: datetime) -> Holder:
    """Who is to be told as having the pager; the same as before if nobody need be told."""
    primary = shift.primary if shift is not None else None
    if before is None:
        return Holder(schedule.id, primary, None, now, 0, schedule.user_group)
    if before.primary_id != primary:
        return Holder(schedule.id, primary, before.primary_id, now, before.ordinal + 1, schedule.user_group)
    return Holder(schedule.id, primary, before.previous_id, before.since, before.ordinal, schedule.user_group)


def told(before: Holder | None, after: Holder, active: Iterable[PersonId]) -> list[Delivery]:
    """Both people hear of a handoff. Who has the pager when a schedule is new here knows it already."""
    if before is None or before.ordinal == after.ordinal:
        return []
    present = frozenset(active)
    pairs = (
        (DeliveryKind.PAGER_TAKEN, after.primary_id),
        (DeliveryKind.PAGER_GIVEN, after.previous_id),
    )
    return [
        Delivery(
            kind,
            key=f"{kind}:{_handoff(after)}:{person}",
            lane=f"tell:{person}",
            person_id=person,
            subject=after.schedule_id,
        )
        for kind, person in pairs
        if person is not None and person in present
    ]


def synced(holder: Holder, now: datetime) -> list[Delivery]:
    """The user group follows, and once a day it is looked at all the same: people can change it too."""
    if holder.user_group is None:
        return []
    return [
        Delivery(
            DeliveryKind.SYNC_USER_GROUP,
            key=f"sync_user_group:{_handoff(holder)}:{holder.user_group}:{now:%Y-%m-%d}",
            lane=f"user_group:{holder.schedule_id}",
            subject=holder.schedule_id,
        )
    ]


def _handoff(holder: Holder) -> str:
    """Which handoff it was: a schedule that comes back counts from the beginning again."""
    return f"{holder.schedule_id}:{holder.ordinal}:{holder.since:%Y%m%dT%H%M%S}"


def shift_changed(
    found: Stretch, by: PersonId | None, people: Iterable[PersonId], now: datetime
) -> list[Delivery]:
    """Whom an override for later puts on call, or relieves, hears of it at once; who made it knows."""
    return [
        Delivery(
            DeliveryKind.SHIFT_CHANGED,
            key=f"shift_changed:{found}:{person}:{now:%Y-%m-%dT%H:%M:%S.%f}",
            lane=f"tell:{person}",
            person_id=person,
            subject=f"{found} {by or '-'}",
        )
        for person in dict.fromkeys(people)
        if person != by
    ]
