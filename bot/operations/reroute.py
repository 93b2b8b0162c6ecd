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
A page by hand names its methods, and falls to no other: who sent it is told.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row

from bot.domain import consequences, escalation
from bot.domain.contact import USUAL, Method
from bot.domain.delivery import REROUTE_AFTER, DeliveryState
from bot.domain.ids import PersonId
from bot.domain.incident import Incident
from bot.domain.timeline import (
    TOCSIN,
    ClosureMissed,
    Escalated,
    EscalationExhausted,
    Event,
    LevelPassed,
    Paged,
    PageRerouted,
    Reason,
)
from bot.operations import look_up
from bot.operations.record import owe, record
from storage import locks, outbox

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


@dataclass(frozen=True)
class Rerouted:
    """A page that went another way."""

    was: Method
    to: Method


def wish(tx: Connection, now: datetime, page: Row[Any]) -> Wish:
    """What is to be done with this page; one whose acknowledgement was committed before is not sent."""
    cause = look_up.entry(tx, page.incident_id, page.sequence)
    if isinstance(cause.event, Paged):
        return Wish.SEND
    over = Wish.LOOK if page.is_in_doubt else Wish.DROP
    if not look_up.is_asking(look_up.glance(tx, page.incident_id), cause):
        return over
    if page.last_error is None and now - page.owed_at < REROUTE_AFTER:
        return Wish.SEND
    first = _methods(cause.event, page.person_id)
    pages = outbox.pages_for_event(tx, page.incident_id, page.sequence)
    twins = [
        twin.state
        for twin in pages
        if twin.person_id == page.person_id
        and twin.id != page.id
        and not (twin.method in first and page.method in first)
    ]
    if DeliveryState.SENT in twins:
        return over
    return Wish.WAIT if DeliveryState.SENDING in twins and page.method in first else Wish.SEND


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
    alone = outbox.waiting_pages(tx, away, _MOST, is_alone=True)
    beside_failed = outbox.waiting_pages(tx, away, _MOST, is_alone=False)
    rerouted: list[Rerouted] = []
    for pages in _by_event(page for page in alone if _is_late(page, now)):
        rerouted += _take_over(tx, now, pages, methods)
    for pages in _by_event(page for page in beside_failed if _is_late(page, now)):
        incident = look_up.incident_by_id(tx, pages[0].incident_id)
        after, events = passed(tx, now, incident, pages[0].sequence)
        if events:
            record(tx, now, TOCSIN, incident, after, *events)
    waiting = [page.owed_at + REROUTE_AFTER for page in alone if not _is_late(page, now)]
    is_waiting = bool(alone or beside_failed)
    return rerouted, min([*waiting, now + LOOK_AGAIN]) if is_waiting else None


def passed(tx: Connection, now: datetime, incident: Incident, sequence: int) -> tuple[Incident, list[Event]]:
    """The incident at its next level, if nobody of the level that this event paged can be reached."""
    cause = look_up.entry(tx, incident.id, sequence).event
    if not _is_out_of_reach(tx, now, incident, cause, sequence):
        return incident, []
    organization = look_up.organization(tx)
    after, escalations = escalation.climb(organization, incident, now, Reason.UNREACHABLE)
    return after, [LevelPassed(incident.level, "could not be reached"), *escalations]


def _is_out_of_reach(tx: Connection, now: datetime, incident: Incident, cause: Event, sequence: int) -> bool:
    """For each of the level's people: a page has failed, and each other one has too, or is late.

    Where every page is late, and none has failed, the methods do not answer: they would not answer for
    the next level either, which is paged when its time has come.
    """
    if not isinstance(cause, Escalated) or not incident.awaits_acknowledgement:
        return False
    if (cause.level, cause.round) != (incident.level, incident.round):
        return False
    pages = sorted(outbox.pages_for_event(tx, incident.id, sequence), key=attrgetter("person_id"))
    for _, found in groupby(pages, key=attrgetter("person_id")):
        own = [*found]
        failed = [page for page in own if page.state == DeliveryState.FAILED]
        stuck = [page for page in own if page.state in _UNSETTLED and _is_late(page, now)]
        if not failed or len(failed) + len(stuck) < len(own):
            return False
    return True


def _is_late(page: Row[Any], now: datetime) -> bool:
    return bool(now - page.owed_at >= REROUTE_AFTER)


def _take_over(
    tx: Connection, now: datetime, pages: Sequence[Row[Any]], methods: Sequence[Method]
) -> list[Rerouted]:
    """The same pages, each by the next method."""
    incident = look_up.incident_by_id(tx, pages[0].incident_id)
    rerouted: list[Rerouted] = []
    events: list[Event] = []
    for page in pages:
        was = Method(page.method)
        to = next(method for method in methods if method is not was)
        owe(tx, now, [consequences.page(incident.id, page.sequence, page.person_id, to)])
        events.append(PageRerouted(page.person_id, was, to, page.last_error or "no answer"))
        rerouted.append(Rerouted(was, to))
    record(tx, now, TOCSIN, incident, incident, *events)
    return rerouted


def _by_event(pages: Iterable[Row[Any]]) -> list[list[Row[Any]]]:
    of_event = attrgetter("incident_id", "sequence")
    return [[*found] for _, found in groupby(sorted(pages, key=of_event), key=of_event)]


def _methods(cause: Event, person_id: PersonId) -> Collection[Method]:
    """By which methods the event meant the person to be paged."""
    match cause:
        case Escalated() | EscalationExhausted() | ClosureMissed():
            return cause.methods.get(person_id) or USUAL
        case _:
            return USUAL
