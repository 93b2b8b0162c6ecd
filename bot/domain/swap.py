"""A swap of shifts: one asks, the other accepts or declines."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.delivery import Delivery, DeliveryKind
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.override import Stretch
from bot.domain.schedule import Override


class SwapState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    #: A shift began before anybody answered.
    EXPIRED = "expired"
    #: Meanwhile a shift is no longer theirs who offered it.
    OVERTAKEN = "overtaken"


@dataclass(frozen=True)
class Swap:
    id: str
    asked_by: PersonId
    asked_of: PersonId
    #: The shift that the one who asks wants to give away (UTC).
    schedule_id: ScheduleId
    starts_at: datetime
    ends_at: datetime
    #: The one they take in return.
    return_schedule_id: ScheduleId | None
    return_starts_at: datetime | None
    return_ends_at: datetime | None
    state: SwapState
    asked_at: datetime
    answered_at: datetime | None = None

    @property
    def given(self) -> Stretch:
        return Stretch(self.schedule_id, self.starts_at, self.ends_at)

    @property
    def returned(self) -> Stretch | None:
        if self.return_schedule_id is None or self.return_starts_at is None or self.return_ends_at is None:
            return None
        return Stretch(self.return_schedule_id, self.return_starts_at, self.return_ends_at)

    @property
    def answer_by(self) -> datetime:
        """When the first of its shifts begins."""
        return min(filter(None, (self.starts_at, self.return_starts_at)))

    def overrides(self) -> tuple[tuple[ScheduleId, Override], ...]:
        """What accepting it changes, by schedule."""
        given = (self.schedule_id, Override(self.asked_of, self.starts_at, self.ends_at))
        back = self.returned
        if back is None:
            return (given,)
        return given, (back.schedule, Override(self.asked_by, back.starts_at, back.ends_at))


def asked(swap: Swap) -> Delivery:
    """The question, with its buttons, to whom it is put."""
    return _told(swap, DeliveryKind.SWAP_ASKED, swap.asked_of, f"swap_asked:{swap.id}")


def answered(swap: Swap) -> list[Delivery]:
    """Who asked hears the answer; the question loses its buttons."""
    return [
        _told(swap, DeliveryKind.SWAP_ANSWERED, swap.asked_by, f"swap_answered:{swap.id}"),
        Delivery(
            DeliveryKind.UPDATE_SWAP,
            key=f"update_swap:{swap.id}",
            lane=f"swap:{swap.id}",
            person_id=swap.asked_of,
            subject=swap.id,
        ),
    ]


def _told(swap: Swap, kind: DeliveryKind, person: PersonId, key: str) -> Delivery:
    return Delivery(kind, key, f"tell:{person}", person_id=person, subject=swap.id)
