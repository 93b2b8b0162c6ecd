"""Deliveries: claim what is owed, write down what came of it and what follows from that."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from bot.domain import consequences
from bot.domain.asking import may_fall
from bot.domain.contact import USUAL, Method
from bot.domain.delivery import (
    COLLAPSING,
    GIVE_UP_AFTER,
    GIVE_UP_ATTEMPTS,
    PRIORITIES,
    UNPACED,
    ClaimedDelivery,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Dropped,
    InDoubt,
    Never,
    Outcome,
    Priority,
    Sent,
    TryAgain,
)
from bot.domain.ids import PersonId
from bot.domain.incident import Incident
from bot.domain.timeline import TOCSIN, DeliveryFailed, Entry, Paged, PageFailed
from bot.operations import look_up, reorganize, reroute, rows
from bot.operations.record import owe, record, refresh_pages
from bot.operations.reroute import Wish
from storage import incidents, locks, organizations, outbox, pages, touched

#: Why a delivery failed, in the words of the API.
NO_CONTACT_DETAILS = "NO_CONTACT_DETAILS"
PROVIDER_FAILED = "EXTERNAL_API_ERROR"
#: Pages that were laid out already, perhaps before there was a channel to open.
_UNDER_WAY = (DeliveryState.SENDING, DeliveryState.SENT)
#: What is found changes the organization as it is looked up.
_FINDINGS = (DeliveryKind.FIND_PERSON, DeliveryKind.FIND_USER_GROUP)
#: Nothing goes out, whatever is written down of it.
_IDLE = (Wish.DROP, Wish.WAIT, Wish.PUT_BACK)
#: Whose failure the timeline mentions: people rely on them, and saying so does not fail the same way.
_MENTIONED = frozenset(
    {
        DeliveryKind.CREATE_CHANNEL,
        DeliveryKind.POST_CARD,
        DeliveryKind.ANNOUNCE,
        DeliveryKind.INVITE,
        DeliveryKind.TELL,
    }
)
#: Whose failure it mentions once, until it is reopened: nobody has to do anything about it.
_MENTIONED_ONCE = frozenset({DeliveryKind.SET_TOPIC, DeliveryKind.PIN_CARD, DeliveryKind.BOOKMARK_CARD})


@dataclass(frozen=True)
class Room:
    """What may be taken up now."""

    #: Deliveries of any urgency, and how many of them may be ordinary.
    all: int
    ordinary: int
    #: Lanes that have just been served: only what is no message may follow at once.
    resting: Collection[str] = ()
    #: Kinds of which the other side wants no more for now.
    resting_kinds: Collection[DeliveryKind] = ()
    #: Whether Slack takes nothing now: only what goes out by other methods is taken up.
    is_slack_held: bool = False
    #: How many deliveries by each method there is room for; where it says nothing, for as many as in all.
    by_method: Mapping[Method, int] = field(default_factory=dict)
    #: Deliveries that are in hand: what is written down of them may be older.
    held: Collection[int] = ()
    #: Those that have arrived, although that could not be written down, and their lanes.
    arrived: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lease:
    """Who sends a delivery, and for how long it is theirs alone; they may prolong it."""

    holder: str
    span: timedelta


def claim(tx: Connection, now: datetime, lease: Lease, room: Room) -> list[ClaimedDelivery]:
    """The most urgent heads of lanes, now being sent; what is no longer wanted is dropped on the way."""
    if not locks.may_claim(tx):
        return []
    while (choice := _chosen(tx, now, room)).heads:
        free = outbox.free(tx, [head.id for head in choice.heads], now)
        of_urgency = [free[head.id] for head in choice.heads if head.id in free]
        claimed = [one for row in of_urgency if (one := _taken(tx, row, now, lease))]
        if claimed and (choice.leaves_some or len(claimed) < len(free)):
            touched.mark(tx, touched.OUTBOX)  # what was hidden behind these is looked for
        if claimed or not free:
            return claimed
    return []


def pages_due(tx: Connection, now: datetime, room: Room, lost: Lease | None = None) -> list[ClaimedDelivery]:
    """Pages that may go out now, not claimed: only for who cannot write, and keeps in mind what it holds.

    `lost`: what is claimed by this lease, and not in hand, was claimed unheard and is sent by nobody.
    """
    choice = _chosen(tx, now, room, outbox.behind(tx, now, room.arrived))
    heads = [head for head in choice.heads if head.kind == DeliveryKind.PAGE]
    found = [*outbox.with_ids(tx, [head.id for head in heads]).values()]
    if lost is not None:
        unheard = outbox.held_by(tx, lost.holder, room.held)
        found += [row for row in unheard if row.kind == DeliveryKind.PAGE][: max(room.all - len(found), 0)]
    wishes = [(row, reroute.wish(tx, now, row)) for row in found]
    return [rows.claimed(row, is_wanted=wish is Wish.SEND) for row, wish in wishes if wish not in _IDLE]


def give_back(tx: Connection, lease: Lease, but: Collection[int]) -> None:
    """What was claimed, and nobody has heard of it, waits as before: all that is claimed but these."""
    outbox.give_back(tx, lease.holder, but)


def keep(tx: Connection, delivery_ids: Sequence[int], lease: Lease) -> Sequence[int]:
    """Prolong the leases of deliveries that are still being sent; those that nobody else had taken up."""
    return outbox.keep(tx, delivery_ids, lease.holder, lease.span)


def next_attempt(tx: Connection, now: datetime, resting_kinds: Collection[DeliveryKind]) -> datetime | None:
    """When the next delivery that waits for its time may go out, kinds that rest aside."""
    return outbox.next_attempt(tx, now, _kinds(resting_kinds))


@dataclass(frozen=True)
class _Choice:
    heads: list[outbox.Head]
    #: Whether more may be due than there is room for.
    leaves_some: bool


def _chosen(tx: Connection, now: datetime, room: Room, others: Sequence[outbox.Head] = ()) -> _Choice:
    """The most urgent heads that there is room for, these others among them."""
    most = room.all + len(room.resting) + len(room.held)
    full = {method for method, left in room.by_method.items() if left <= 0}
    if room.is_slack_held or Method.SLACK in full:
        heads = outbox.heads(tx, now, [_of_urgency(DeliveryKind.PAGE)], most, by=Method.EMAIL)
        others = [head for head in others if head.method == Method.EMAIL]
    else:
        # Those that there is no room for must not hide the others behind them.
        but = Method.EMAIL if Method.EMAIL in full else None
        kinds = _kinds(room.resting_kinds) if room.ordinary > 0 else [_of_urgency(DeliveryKind.PAGE)]
        heads = outbox.heads(tx, now, kinds, most, but=but)
    free = [head for head in [*heads, *others] if head.lane not in room.resting or head.kind in UNPACED]
    free = [head for head in free if head.id not in room.held]
    free.sort(key=lambda head: (head.priority, head.id))
    fitting = _that_fit(free, room.by_method)
    urgent = [head for head in fitting if head.priority == Priority.URGENT][: room.all]
    ordinary = [head for head in fitting if head.priority != Priority.URGENT]
    chosen = urgent + ordinary[: max(min(room.all - len(urgent), room.ordinary), 0)]
    return _Choice(chosen, len(chosen) < len(free) or len(heads) >= most)


def _that_fit(heads: list[outbox.Head], by_method: Mapping[Method, int]) -> list[outbox.Head]:
    """No method takes more places than it may: one that hangs leaves some to the others."""
    left = dict(by_method)
    fitting = []
    for head in heads:
        method = Method.EMAIL if head.method == Method.EMAIL else Method.SLACK
        if left.get(method, 1) > 0:
            fitting.append(head)
            if method in left:
                left[method] -= 1
    return fitting


def _kinds(resting: Collection[DeliveryKind]) -> list[outbox.Kind]:
    return [_of_urgency(kind) for kind in DeliveryKind if kind not in resting]


def _of_urgency(kind: DeliveryKind) -> outbox.Kind:
    return PRIORITIES[kind].value, kind.value


def _taken(tx: Connection, head: Row[Any], now: datetime, lease: Lease) -> ClaimedDelivery | None:
    row = _newest(tx, head, now) if head.kind in COLLAPSING else head
    wish = reroute.wish(tx, now, row) if row.kind == DeliveryKind.PAGE else Wish.SEND
    if wish is Wish.DROP:
        dropped = {"state": DeliveryState.DROPPED, "settled_at": reroute.over_at(tx, now, row)}
        outbox.settle(tx, row.id, row.lane, dropped)
        return None
    if wish is Wish.PUT_BACK:
        reroute.put_back(tx, row)
        return None
    if wish is Wish.WAIT:
        outbox.change(tx, row.id, {"next_attempt_at": now + reroute.TURN})
        return None
    outbox.take(tx, row.id, lease.holder, lease.span)
    return rows.claimed(row, is_wanted=wish is Wish.SEND)


def take_back(tx: Connection, now: datetime) -> int:
    """What was being sent by a process that died is pending again, in doubt; how many."""
    return outbox.take_back(tx, now) if locks.may_claim(tx) else 0


def settle(
    tx: Connection,
    now: datetime,
    delivery: ClaimedDelivery,
    outcome: Outcome,
    known_at: datetime,
    retry_at: datetime,
    holder: str,
    methods: Collection[Method] = USUAL,
    *,
    is_unwritten: bool = False,
) -> None:
    """What came of a delivery, and all that follows from it, in one transaction.

    `known_at` is when it arrived, which is earlier than `now` where the database kept it waiting.
    `methods` are those by which people can be reached here: a page that fails falls to the next one.
    Whose lease has ended meanwhile has a say only if it was sent: then it need not be sent again.
    `is_unwritten`: its sender does not know what is written down of it, neither that it was claimed nor that
    it was not; it has a say as long as nobody else has claimed it.
    """
    if delivery.owed.incident_id is not None:
        locks.incident(tx, delivery.owed.incident_id)
    elif delivery.owed.kind in _FINDINGS:
        organizations.hold(tx)
    if isinstance(outcome, Sent):
        is_due = outbox.is_unsettled(tx, delivery.id)
    elif is_unwritten:
        is_due = outbox.is_not_taken(tx, delivery.id, holder)
    else:
        is_due = outbox.is_held(tx, delivery.id, holder)
    if not is_due:
        return
    match outcome:
        case Sent():
            _sent(tx, now, delivery, outcome, known_at)
        case Never():
            _failed(tx, now, delivery, outcome, methods)
        case Dropped():
            dropped = {"state": DeliveryState.DROPPED, "settled_at": now, "leased_until": None}
            outbox.settle(tx, delivery.id, delivery.owed.lane, dropped)
        case TryAgain() | InDoubt() if _is_given_up(now, delivery, outcome):
            why = f"given up after {delivery.attempt} attempts: {outcome.why}"
            _failed(tx, now, delivery, Never(why), methods)
        case TryAgain() | InDoubt():
            _again(tx, delivery, outcome, retry_at)
    if delivery.owed.kind is DeliveryKind.PAGE:
        touched.mark(tx, touched.PAGES)


def _is_given_up(now: datetime, delivery: ClaimedDelivery, outcome: TryAgain | InDoubt) -> bool:
    is_wait = isinstance(outcome, TryAgain) and outcome.is_wait
    is_old = now - delivery.owed_at > GIVE_UP_AFTER and delivery.attempt >= GIVE_UP_ATTEMPTS
    return is_old and not is_wait


def _newest(tx: Connection, head: Row[Any], now: datetime) -> Row[Any]:
    newest = outbox.newest_in_lane(tx, head.lane, head.kind)
    outbox.drop_older(tx, newest, now)
    return newest


def _sent(tx: Connection, now: datetime, delivery: ClaimedDelivery, sent: Sent, arrived_at: datetime) -> None:
    outbox.settle(
        tx,
        delivery.id,
        delivery.owed.lane,
        {
            "state": DeliveryState.SENT,
            "attempt": delivery.attempt,
            "channel_id": sent.channel_id,
            "receipt": sent.receipt,
            "settled_at": arrived_at,
            "leased_until": None,
            "leased_by": None,
        },
    )
    owed = delivery.owed
    if owed.kind is DeliveryKind.FIND_PERSON:
        _found(tx, now, owed, sent)
    elif owed.kind is DeliveryKind.FIND_USER_GROUP and owed.subject is not None:
        organizations.found_group(tx, owed.subject, sent.members, now)
    elif owed.incident_id is not None:
        _placed(tx, now, owed, owed.incident_id, sent)


def _found(tx: Connection, now: datetime, owed: Delivery, sent: Sent) -> None:
    person = look_up.organization(tx).person(owed.person_id)
    if person is not None and sent.receipt is not None:
        reorganize.keep_account(tx, now, person, sent.receipt)


def _placed(tx: Connection, now: datetime, owed: Delivery, incident_id: str, sent: Sent) -> None:
    """Keep where things are in Slack; what changed while they were being sent is owed anew."""
    incident = look_up.incident_by_id(tx, incident_id)
    is_stale = sent.version != incident.version
    match owed.kind:
        case DeliveryKind.CREATE_CHANNEL:
            columns = {"channel_id": sent.channel_id, "channel_name": sent.name, "thread_ts": sent.receipt}
            incidents.settle_place(tx, incident_id, columns)
            owe(tx, now, consequences.of_channel(incident))
            underway = [page for page in pages.of_incident(tx, incident_id, now) if page.state in _UNDER_WAY]
            refresh_pages(tx, now, incident, underway, "channel")
        case DeliveryKind.POST_CARD:
            incidents.settle_place(tx, incident_id, {"card_ts": sent.receipt})
            update = [consequences.update_card(incident, f"version-{incident.version}")] if is_stale else []
            owe(tx, now, [*update, *consequences.of_card(incident)])
        case DeliveryKind.ANNOUNCE:
            columns = {"announcement_channel_id": sent.channel_id, "announcement_ts": sent.receipt}
            incidents.settle_place(tx, incident_id, columns)
            owe(tx, now, [consequences.update_announcement(incident, "announced")])
        case _:
            return


def _again(
    tx: Connection, delivery: ClaimedDelivery, outcome: TryAgain | InDoubt, retry_at: datetime
) -> None:
    is_wait = isinstance(outcome, TryAgain) and outcome.is_wait
    is_in_doubt = delivery.is_in_doubt or isinstance(outcome, InDoubt)
    outbox.change(
        tx,
        delivery.id,
        {
            "state": DeliveryState.PENDING,
            "attempt": delivery.attempt - 1 if is_wait else delivery.attempt,
            "next_attempt_at": retry_at,
            "last_error": outcome.why,
            "leased_until": None,
            "leased_by": None,
            # Only that it arrived ends a doubt, and another attempt may have raised it.
            **({"is_in_doubt": True} if is_in_doubt else {}),
        },
    )


def _failed(
    tx: Connection, now: datetime, delivery: ClaimedDelivery, failure: Never, methods: Collection[Method]
) -> None:
    why = failure.why
    outbox.settle(
        tx,
        delivery.id,
        delivery.owed.lane,
        {
            "state": DeliveryState.FAILED,
            "attempt": delivery.attempt,
            "last_error": why,
            "error_code": NO_CONTACT_DETAILS if failure.is_unknown_contact else PROVIDER_FAILED,
            "settled_at": now,
            "leased_until": None,
            "leased_by": None,
        },
    )
    owed = delivery.owed
    if owed.incident_id is None:
        return
    incident = look_up.incident_by_id(tx, owed.incident_id)
    if owed.kind is DeliveryKind.PAGE and owed.person_id is not None:
        _page_failed(tx, now, incident, owed, owed.person_id, why, methods)
        return
    failed = DeliveryFailed(look_up.owed_in_words(tx, owed.kind, owed.person_id), why)
    is_first = owed.kind not in _MENTIONED and not look_up.has_failed(tx, incident, failed)
    if owed.kind in _MENTIONED or (owed.kind in _MENTIONED_ONCE and is_first):
        record(tx, now, TOCSIN, incident, incident, failed)
    elif owed.kind is DeliveryKind.MIRROR and incident.is_open and is_first:
        _line_failed(tx, now, incident, owed, failed)


def _line_failed(
    tx: Connection, now: datetime, incident: Incident, owed: Delivery, failed: DeliveryFailed
) -> None:
    """Whoever acts on an incident whose channel is archived, or gone, is told so: there they read nothing."""
    cause = look_up.entry(tx, incident.id, owed.sequence or 0)
    after = record(tx, now, TOCSIN, incident, incident, failed)
    if person_id := cause.by.person_id or incident.assignee_id:
        told = look_up.entry(tx, incident.id, after.sequence)
        owe(tx, now, [consequences.tell(told, person_id)])


def _page_failed(
    tx: Connection,
    now: datetime,
    incident: Incident,
    owed: Delivery,
    person_id: PersonId,
    why: str,
    methods: Collection[Method],
) -> None:
    """The timeline says so; the next method is tried; a level that nobody can be reached at is passed.

    A page by hand whose methods were named falls to no other. Whoever paged by hand was told that somebody is
    being paged, perhaps elsewhere than in the channel: they are told when no method is left.
    """
    cause = look_up.entry(tx, incident.id, owed.sequence or 0)
    if may_fall(cause):
        for other in methods:
            if other is not owed.method:
                reroute.owe_instead(tx, now, cause, person_id, other)
    after, passed = reroute.passed(tx, now, incident, cause.sequence)
    record(tx, now, TOCSIN, incident, after, PageFailed(person_id, owed.method or "", why), *passed)
    if isinstance(cause.event, Paged) and cause.by.person_id and _is_out_of_reach(tx, cause, person_id):
        failed = look_up.entry(tx, incident.id, incident.sequence + 1)
        owe(tx, now, [consequences.tell(failed, cause.by.person_id)])


def _is_out_of_reach(tx: Connection, cause: Entry, person_id: PersonId) -> bool:
    """Whether the page for this has failed by every method."""
    of_person = [
        one for one in pages.for_event(tx, cause.incident_id, cause.sequence) if one.person_id == person_id
    ]
    return all(one.state == DeliveryState.FAILED for one in of_person)
