"""Pages that do not arrive: the person's next method takes over, then the next level.

**The first page that arrives is the last.** When a method (Slack, the mail server) does not answer, a page
that was owed 30 seconds ago is owed by the person's next method too. From then on the two are one page
on two ways: at most one goes out by each, and once one has arrived the other is dropped. So somebody who
was woken by a letter at 03:01 is not woken again at 03:09, when Slack is back; the incident's channel, to
which they are invited, and its card are up to date then. One that may have gone out before its method fell
silent is looked for, so that its buttons can be brought up to date, but it is not sent again. To send
it nevertheless was considered (a letter wakes fewer people than a telephone that rings for Slack): who
sleeps through the letter is what escalation levels are for, and nobody is paged twice for one reason.

People who are to be paged by both methods are paged by both: there, neither takes the place of the other.
Where their rules have another method follow later, that page is put forward instead of one more being owed.
A page by hand whose methods were named keeps to them, and falls to no other: who sent it is told.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row

from bot.domain import consequences, escalation
from bot.domain.asking import is_asking, may_fall
from bot.domain.contact import USUAL, Method
from bot.domain.delivery import REROUTE_AFTER, DeliveryState
from bot.domain.ids import PersonId
from bot.domain.incident import Incident
from bot.domain.timeline import (
    TOCSIN,
    ClosureMissed,
    Entry,
    Escalated,
    EscalationExhausted,
    Event,
    LevelPassed,
    PageRerouted,
    Reason,
)
from bot.operations import look_up, rows
from bot.operations.record import owe, record
from storage import locks, pages, timeline

#: Pages that are looked at in one transaction.
_MOST = 100
#: How long a page waits for the one that took its place and is just being sent.
TURN = timedelta(seconds=2)
#: While pages wait for a method that does not answer, those that join them are looked for so often.
LOOK_AGAIN = timedelta(seconds=5)
_UNSETTLED = (DeliveryState.PENDING, DeliveryState.SENDING)


class Wish(Enum):
    """What is to be done with a page whose turn has come."""

    SEND = auto()
    #: It may have arrived: look, but do not send it.
    LOOK = auto()
    #: The one that took its place is being sent.
    WAIT = auto()
    DROP = auto()
    #: It was put forward for one that has arrived after all: its own time will come.
    PUT_BACK = auto()


@dataclass(frozen=True)
class Rerouted:
    """A page that went another way."""

    was: Method
    to: Method


def wish(tx: Connection, now: datetime, page: Row[Any]) -> Wish:
    """What is to be done with this page; one whose acknowledgement was committed before is not sent."""
    cause = look_up.entry(tx, page.incident_id, page.sequence)
    if not may_fall(cause):
        return Wish.SEND
    over = Wish.LOOK if page.is_in_doubt else Wish.DROP
    incident = look_up.glance(tx, page.incident_id)
    if not is_asking(incident, cause):
        return over
    if look_up.is_paged_again(tx, incident, cause, page.person_id):
        return over
    planned_at = _later(cause).get(page.key)
    if planned_at is not None and _is_joined(tx, now, incident, page):
        return over
    is_early = planned_at is None and page.last_error is None and now - page.owed_at < REROUTE_AFTER
    if is_early and not _is_stand_in(cause, page):
        return Wish.SEND
    twins = _twins(tx, cause, page)
    arrived = [twin for twin in twins if twin.state == DeliveryState.SENT]
    if arrived and planned_at is not None and now < planned_at:
        return Wish.PUT_BACK
    if arrived and planned_at is not None and all(twin.method != page.method for twin in arrived):
        return Wish.SEND  # its own time has come: it is wanted besides what came by another method
    if arrived:
        return over
    is_sending = any(twin.state == DeliveryState.SENDING for twin in twins)
    return Wish.WAIT if is_sending and not _is_stand_in(cause, page) else Wish.SEND


def over_at(tx: Connection, now: datetime, page: Row[Any]) -> datetime:
    """When a page that is wanted no more is over: not before it was answered.

    Who answered may have been asked later than this transaction, and have written first.
    """
    incident = look_up.glance(tx, page.incident_id)
    return max(now, incident.acknowledged_at or now, incident.resolved_at or now)


def _is_joined(tx: Connection, now: datetime, incident: Incident, page: Row[Any]) -> bool:
    """Whether what a later event owes the person goes out by the same method at this page's time, or after.

    Two levels that both waited for the end of a person's quiet hours are one page then: the newer one.
    """
    return any(
        is_asking(incident, look_up.entry(tx, incident.id, newer.sequence))
        for newer in pages.newer(tx, page)
        if newer.owed_at <= now
        and (
            newer.state in _UNSETTLED
            or (newer.state == DeliveryState.SENT and newer.settled_at >= page.owed_at)
        )
    )


def put_back(tx: Connection, page: Row[Any]) -> None:
    """The page is owed from its own time again: what it was put forward for has arrived after all."""
    cause = look_up.entry(tx, page.incident_id, page.sequence)
    pages.put_off(tx, page.id, _later(cause)[page.key])


def owe_instead(tx: Connection, now: datetime, cause: Entry, person_id: PersonId, to: Method) -> None:
    """The person is owed the page by this method now: the one that was to follow later, if there is one."""
    owed = [
        page
        for page in pages.for_event(tx, cause.incident_id, cause.sequence)
        if page.person_id == person_id and page.method == to
    ]
    if not owed:
        owe(tx, now, [consequences.page(cause.incident_id, cause.sequence, person_id, to)])
    elif all(page.owed_at > now for page in owed):
        pages.put_forward(tx, min(owed, key=attrgetter("owed_at")).id, now)


def reroute(
    tx: Connection, now: datetime, methods: Sequence[Method], away: Collection[Method]
) -> tuple[list[Rerouted], datetime | None]:
    """Late pages are owed by the next method; a level that can be reached by none is passed.

    What was rerouted, and when to look again: None when no page waits for a method that does not answer.
    `methods` are those by which people can be reached here; `away` those that are known not to answer.
    """
    if len(methods) < 2:
        return [], None
    if not locks.attempt(tx, "reroute"):  # another process is at it
        return [], now + LOOK_AGAIN
    alone = pages.waiting(tx, now, away, _MOST, is_alone=True)
    beside_failed = pages.waiting(tx, now, away, _MOST, is_alone=False)
    rerouted: list[Rerouted] = []
    for late in _by_event(page for page in alone if _is_late(page, now)):
        rerouted += _take_over(tx, now, late, methods)
    for late in _by_event(page for page in beside_failed if _is_late(page, now)):
        incident = look_up.incident_by_id(tx, late[0].incident_id)
        after, events = passed(tx, now, incident, late[0].sequence)
        if events:
            record(tx, now, TOCSIN, incident, after, *events)
    waiting = [page.owed_at + REROUTE_AFTER for page in alone if not _is_late(page, now)]
    is_waiting = bool(alone or beside_failed)
    return rerouted, min([*waiting, now + LOOK_AGAIN]) if is_waiting else None


def passed(tx: Connection, now: datetime, incident: Incident, sequence: int) -> tuple[Incident, list[Event]]:
    """The incident at its next level, if nobody of the level that this event paged can be reached."""
    cause = look_up.entry(tx, incident.id, sequence)
    if not _is_out_of_reach(tx, now, incident, cause):
        return incident, []
    organization = look_up.organization(tx)
    reached = _has_reached(tx, incident)
    after, escalations = escalation.climb(organization, incident, now, Reason.UNREACHABLE, is_reached=reached)
    return after, [LevelPassed(incident.level, "could not be reached"), *escalations]


def _is_out_of_reach(tx: Connection, now: datetime, incident: Incident, cause: Entry) -> bool:
    """For each of the level's people: a page has failed, and each other one has too, or is late.

    Where every page is late, and none has failed, the methods do not answer: they would not answer for
    the next level either, which is paged when its time has come.
    """
    event = cause.event
    if not isinstance(event, Escalated) or not is_asking(incident, cause):
        return False
    if (event.level, event.repeat) != (incident.level, incident.repeats):
        return False
    of_event = sorted(pages.for_event(tx, incident.id, cause.sequence), key=attrgetter("person_id"))
    for _, found in groupby(of_event, key=attrgetter("person_id")):
        own = [*found]
        failed = [page for page in own if page.state == DeliveryState.FAILED]
        lost = {page.method for page in failed}
        own = [page for page in own if page.owed_at <= now or page.method not in lost]
        stuck = [page for page in own if page.state in _UNSETTLED and _is_late(page, now)]
        if not failed or len(failed) + len(stuck) < len(own):
            return False
    return True


def _has_reached(tx: Connection, incident: Incident) -> bool:
    """Whether a page has arrived since the policy began, or last began again, long ago as that may be."""
    for row in timeline.of_kinds(tx, incident.id, [Escalated.__name__]):
        entry = rows.entry(row)
        assert isinstance(entry.event, Escalated)  # noqa: S101 - for the type checker
        is_of_now = (entry.event.round, entry.event.repeat) == (incident.round, incident.repeats)
        found = pages.for_event(tx, incident.id, entry.sequence) if is_of_now else ()
        if any(page.state == DeliveryState.SENT for page in found):
            return True
    return False


def _is_late(page: Row[Any], now: datetime) -> bool:
    return bool(now - page.owed_at >= REROUTE_AFTER)


def _take_over(
    tx: Connection, now: datetime, late: Sequence[Row[Any]], methods: Sequence[Method]
) -> list[Rerouted]:
    """The same pages, each by the next method; but for those that are not wanted any more."""
    incident = look_up.incident_by_id(tx, late[0].incident_id)
    cause = look_up.entry(tx, incident.id, late[0].sequence)
    rerouted: list[Rerouted] = []
    events: list[Event] = []
    for page in late:
        if wish(tx, now, page) is not Wish.SEND:
            continue
        was = Method(page.method)
        to = next(method for method in methods if method is not was)
        owe_instead(tx, now, cause, page.person_id, to)
        events.append(PageRerouted(page.person_id, was, to, page.last_error or "no answer"))
        rerouted.append(Rerouted(was, to))
    if events:
        record(tx, now, TOCSIN, incident, incident, *events)
    return rerouted


def _by_event(found: Iterable[Row[Any]]) -> list[list[Row[Any]]]:
    of_event = attrgetter("incident_id", "sequence")
    return [[*of_one] for _, of_one in groupby(sorted(found, key=of_event), key=of_event)]


def _twins(tx: Connection, cause: Entry, page: Row[Any]) -> list[Row[Any]]:
    """The pages that do for this one too, or for which it does.

    1. Those that go another way in its place, or in whose place it goes.
    2. Those by the same method that went out when this one was owed already: it had waited for so long.
    """
    found = []
    for twin in pages.for_event(tx, page.incident_id, page.sequence):
        if twin.person_id != page.person_id or twin.id == page.id:
            continue
        if twin.method == page.method:
            is_twin = twin.state != DeliveryState.SENT or twin.settled_at >= page.owed_at
        else:
            is_twin = _is_stand_in(cause, page) or (
                _is_stand_in(cause, twin) and page.key not in _later(cause)
            )
        if is_twin:
            found.append(twin)
    return found


def _is_stand_in(cause: Entry, page: Row[Any]) -> bool:
    """Whether the page goes out in the place of one by another method."""
    planned_at = _later(cause).get(page.key)
    if planned_at is not None:
        return bool(page.owed_at < planned_at)
    match cause.event:
        case Escalated() | EscalationExhausted() | ClosureMissed():
            return page.method not in cause.event.methods.get(page.person_id, USUAL)
        case _:
            return page.method not in USUAL


def _later(cause: Entry) -> Mapping[str, datetime]:
    """The keys of the event's pages that are owed later, and from when."""
    match cause.event:
        case Escalated() | EscalationExhausted() | ClosureMissed():
            return {
                consequences.later_page(cause.incident_id, cause.sequence, person_id, one).key: one.at
                for person_id, later in cause.event.later.items()
                for one in later
            }
        case _:
            return {}
