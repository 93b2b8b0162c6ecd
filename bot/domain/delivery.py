"""What is owed to the outside: kinds of deliveries, their lanes and urgency, and their outcomes.

A delivery holds facts (which incident, which event, which person), never a rendered message: what
is sent is looked up and laid out when it is sent, so that nothing stale goes out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Protocol

from bot.domain.contact import Method
from bot.domain.ids import IncidentId, PersonId


class DeliveryKind(StrEnum):
    CREATE_CHANNEL = "create_channel"
    SET_TOPIC = "set_topic"
    POST_CARD = "post_card"
    PIN_CARD = "pin_card"
    BOOKMARK_CARD = "bookmark_card"
    UPDATE_CARD = "update_card"
    ANNOUNCE = "announce"
    UPDATE_ANNOUNCEMENT = "update_announcement"
    INVITE = "invite"
    MIRROR = "mirror"
    #: Tell a person now, expecting an answer.
    PAGE = "page"
    #: Bring a page that was sent up to date: what no longer applies goes away.
    REFRESH_PAGE = "refresh_page"
    #: Tell a person something that needs no answer.
    TELL = "tell"
    FIND_PERSON = "find_person"
    #: Tell who has the pager now, and who has handed it over.
    PAGER_TAKEN = "pager_taken"
    PAGER_GIVEN = "pager_given"
    #: Tell whom an override for later puts on call, or relieves.
    SHIFT_CHANGED = "shift_changed"
    #: Ask for a swap of shifts; tell who asked; take the buttons away.
    SWAP_ASKED = "swap_asked"
    SWAP_ANSWERED = "swap_answered"
    UPDATE_SWAP = "update_swap"
    #: Bring a schedule's Slack user group into step with who is on call.
    SYNC_USER_GROUP = "sync_user_group"
    #: Tell a team that nobody will be on call.
    WARN_GAP = "warn_gap"
    #: See who is in a Slack user group.
    FIND_USER_GROUP = "find_user_group"


#: Kinds that only bring something up to date: of several in a lane, the newest does for all.
COLLAPSING = frozenset(
    {
        DeliveryKind.SET_TOPIC,
        DeliveryKind.UPDATE_CARD,
        DeliveryKind.UPDATE_ANNOUNCEMENT,
        DeliveryKind.REFRESH_PAGE,
        DeliveryKind.SYNC_USER_GROUP,
    }
)


#: Kinds that only furnish the incident's channel: what would first have to be mended by a person fails at
#: once and is told, because the lines of the timeline wait behind it.
ASIDES = frozenset(
    {
        DeliveryKind.SET_TOPIC,
        DeliveryKind.PIN_CARD,
        DeliveryKind.BOOKMARK_CARD,
        DeliveryKind.INVITE,
    }
)


#: Kinds that are no messages: they need not wait until their lane may post again.
UNPACED = frozenset(
    {
        DeliveryKind.CREATE_CHANNEL,
        DeliveryKind.SET_TOPIC,
        DeliveryKind.PIN_CARD,
        DeliveryKind.BOOKMARK_CARD,
        DeliveryKind.INVITE,
        DeliveryKind.FIND_PERSON,
        DeliveryKind.SYNC_USER_GROUP,
        DeliveryKind.FIND_USER_GROUP,
    }
)


#: Kinds that Slack limits by the minute for the whole workspace; messages it limits for each channel.
LIMITED_TOGETHER = frozenset(
    {
        DeliveryKind.CREATE_CHANNEL,
        DeliveryKind.SET_TOPIC,
        DeliveryKind.PIN_CARD,
        DeliveryKind.BOOKMARK_CARD,
        DeliveryKind.UPDATE_CARD,
        DeliveryKind.UPDATE_ANNOUNCEMENT,
        DeliveryKind.INVITE,
        DeliveryKind.REFRESH_PAGE,
        DeliveryKind.FIND_PERSON,
        DeliveryKind.UPDATE_SWAP,
        DeliveryKind.SYNC_USER_GROUP,
        DeliveryKind.FIND_USER_GROUP,
    }
)


class Priority(IntEnum):
    """Lower goes first."""

    URGENT = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


#: How urgent each kind is. That a kind has one priority lets the outbox ask for its heads kind by kind.
PRIORITIES: Mapping[DeliveryKind, Priority] = {
    DeliveryKind.PAGE: Priority.URGENT,
    DeliveryKind.CREATE_CHANNEL: Priority.HIGH,
    DeliveryKind.POST_CARD: Priority.HIGH,
    DeliveryKind.PIN_CARD: Priority.HIGH,
    DeliveryKind.BOOKMARK_CARD: Priority.HIGH,
    DeliveryKind.UPDATE_CARD: Priority.HIGH,
    DeliveryKind.ANNOUNCE: Priority.HIGH,
    DeliveryKind.INVITE: Priority.HIGH,
    DeliveryKind.REFRESH_PAGE: Priority.HIGH,
    DeliveryKind.TELL: Priority.HIGH,
    DeliveryKind.PAGER_TAKEN: Priority.HIGH,
    DeliveryKind.PAGER_GIVEN: Priority.HIGH,
    DeliveryKind.SHIFT_CHANGED: Priority.HIGH,
    DeliveryKind.SWAP_ASKED: Priority.HIGH,
    DeliveryKind.SWAP_ANSWERED: Priority.HIGH,
    DeliveryKind.UPDATE_SWAP: Priority.HIGH,
    DeliveryKind.MIRROR: Priority.NORMAL,
    DeliveryKind.SYNC_USER_GROUP: Priority.NORMAL,
    DeliveryKind.WARN_GAP: Priority.NORMAL,
    DeliveryKind.SET_TOPIC: Priority.LOW,
    DeliveryKind.UPDATE_ANNOUNCEMENT: Priority.LOW,
    DeliveryKind.FIND_PERSON: Priority.LOW,
    DeliveryKind.FIND_USER_GROUP: Priority.LOW,
}


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    #: No longer wanted: newer than it went out, or its reason is gone.
    DROPPED = "dropped"


@dataclass(frozen=True)
class Delivery:
    kind: DeliveryKind
    #: Unique for ever: what is owed once is delivered once.
    key: str
    #: Deliveries of one lane go out one after another, in the order in which they were owed.
    lane: str
    incident_id: IncidentId | None = None
    #: The timeline event it speaks of.
    sequence: int | None = None
    person_id: PersonId | None = None
    #: The page that a REFRESH_PAGE brings up to date.
    page_id: int | None = None
    #: How to reach the person.
    method: Method | None = None
    #: What else it is about: a schedule, a stretch of one, a swap, a gap, a Slack user group.
    subject: str | None = None
    #: It is owed from then on; None is at once.
    not_before: datetime | None = None

    @property
    def priority(self) -> Priority:
        return PRIORITIES[self.kind]


@dataclass(frozen=True)
class ClaimedDelivery:
    """A delivery taken up by a deliverer: it alone sends it until the lease ends."""

    id: int
    owed: Delivery
    #: 1 for the first.
    attempt: int
    #: An earlier attempt may have arrived: look before sending.
    is_in_doubt: bool
    owed_at: datetime
    #: The incident's, for the log.
    number: str | None = None
    #: False when there is no reason for it any more: it is only looked for, not sent.
    is_wanted: bool = True
    #: Whether nobody else can have taken it up: asked right before it is sent, because the process may have
    #: stood still since it took it up.
    is_ours: Callable[[], bool] = field(default=lambda: True, compare=False)


@dataclass(frozen=True)
class Sent:
    """It arrived. What was created on the way comes with it."""

    channel_id: str | None = None
    #: The message's `ts`, or another id that the other side gave.
    receipt: str | None = None
    name: str | None = None
    #: The incident's version that was shown; None where that is not known.
    version: int | None = None
    #: Slack ids of who is in a user group.
    members: tuple[str, ...] = ()
    #: How long the lane rests before its next delivery.
    rest: timedelta = timedelta(0)


@dataclass(frozen=True)
class TryAgain:
    why: str
    #: Not before this long from now; None means the usual backoff.
    after: timedelta | None = None
    #: Whether waiting was the other side's wish (a rate limit) and does not count as an attempt.
    is_wait: bool = False
    #: Whether deliveries of the same kind would be told the same.
    is_rate_limit: bool = False
    #: Whether the other side as a whole takes nothing: nothing is wrong with this delivery.
    is_outage: bool = False


@dataclass(frozen=True)
class Never:
    """It cannot be delivered, however often it is tried."""

    why: str
    #: Whether that is because nobody knows how to reach the person by this method.
    is_unknown_contact: bool = False


@dataclass(frozen=True)
class InDoubt:
    """No answer came: it may have arrived."""

    why: str
    #: Whether the failure was here, and says nothing of the other side.
    is_ours: bool = False


@dataclass(frozen=True)
class Dropped:
    """It did not arrive, and is wanted no more."""


Outcome = Sent | TryAgain | Never | InDoubt | Dropped

#: It was not sent: the process stood still for so long that another one may have taken it up.
LEASE_ENDED = TryAgain("its lease ended before it was sent", timedelta(seconds=1), is_wait=True)


class Deliverer(Protocol):
    """Carries one delivery out. It gives up well within the lease and does not raise."""

    async def __call__(self, delivery: ClaimedDelivery) -> Outcome: ...


_FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=2)
#: A page is tried so often, however long it has been in vain.
LONGEST_PAUSE_OF_PAGES = timedelta(seconds=10)
#: A page that has not arrived after this long, because its method does not answer, goes out by the next.
REROUTE_AFTER = timedelta(seconds=30)
#: How long a delivery is tried before it counts as failed. Pages go on for as long as the incident waits.
GIVE_UP_AFTER = timedelta(hours=24)
#: And at least so often: what only waited for Slack to come back has not been tried.
GIVE_UP_ATTEMPTS = 20


def pause_before(attempt: int, jitter: float, longest: timedelta = LONGEST_PAUSE) -> timedelta:
    """How long to wait before the attempt after the `attempt`-th; `jitter` from 0 to 1."""
    doubled: timedelta = _FIRST_PAUSE * (1 << min(max(attempt - 1, 0), 10))
    return min(doubled, longest) * (0.75 + 0.5 * jitter)
