"""Overviews to lay out."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from bot.domain.ids import PersonId, SlackChannelId, SlackUserId
from bot.domain.incident import Status
from bot.domain.organization import LevelRole, Person, Service
from bot.domain.overview import NextLevel, Overview, PageFacts, Place
from bot.domain.sla import Severity
from bot.domain.timeline import (
    Acknowledged,
    AcknowledgementMissed,
    Assigned,
    Closed,
    ClosureMissed,
    ClosureWarned,
    Declared,
    DeliveryFailed,
    DescriptionChanged,
    Escalated,
    EscalationExhausted,
    Event,
    LevelPassed,
    Noted,
    Paged,
    PageFailed,
    Reason,
    Reopened,
    Resolved,
    SeverityChanged,
    StatusChanged,
    TitleChanged,
)
from tests.domain.samples import ADA, BEN, CHECKOUT, NOW, entry, incident

PEOPLE = {
    ADA: Person(ADA, "Ada Okafor", "ada@example.com", slack_id=SlackUserId("U0ADA")),
    BEN: Person(BEN, "Ben Li", "ben@example.com"),
}


def overview(**changes: Any) -> Overview:
    """A SEV1 in its channel, with level 1 of 3 paged; `changes` are the incident's."""
    found = incident(**{"level": 1, **changes})
    following = NextLevel(2, LevelRole.SECONDARY, (PEOPLE[ADA],), NOW + timedelta(minutes=15))
    return Overview(
        incident=found,
        assignee=PEOPLE[BEN],
        team=None,
        services=(Service(CHECKOUT, "svc_CHECKQTX22", "Checkout"),),
        place=Place(SlackChannelId("C1"), "inc-2026-044-checkout-down", card_ts="1.1"),
        levels=3,
        next_level=following if found.is_open else None,
        admins_at=None,
        people=PEOPLE,
    )


def page_facts(event: Event, text: str | None = None, **changes: Any) -> PageFacts:
    found = overview(**({"title": text} if text else {}), **changes)
    return PageFacts(found, PEOPLE[BEN], entry(event), is_asking=found.incident.awaits_acknowledgement)


def events(text: str) -> Iterator[Event]:
    """One event of every kind, with this text wherever people write."""
    stranger = PersonId("gone")
    late = timedelta(minutes=3)
    yield Declared(text, Severity.SEV1, (CHECKOUT,))
    yield Acknowledged(timedelta(minutes=4), is_late=True)
    yield StatusChanged(Status.NEW, Status.FIXING, text)
    yield Resolved(Status.FIXING, text)
    yield Closed(Status.RESOLVED, text)
    yield Reopened(Status.CLOSED, text)
    yield SeverityChanged(Severity.SEV3, Severity.SEV1, is_restart=True)
    yield TitleChanged("before", text)
    yield DescriptionChanged(None, text)
    yield Assigned(BEN, None, is_automatic=True)
    yield Assigned(stranger, BEN, is_automatic=False)
    yield Noted(text)
    yield Paged(BEN, text)
    yield PageFailed(BEN, "slack", text)
    yield DeliveryFailed("create channel", text)
    for reason in Reason:
        yield Escalated(2, (ADA, BEN), reason, NOW, 1, late)
    yield LevelPassed(2, text)
    yield EscalationExhausted((), 1, late)
    yield AcknowledgementMissed(late)
    yield ClosureWarned(None, NOW, late)
    yield ClosureMissed((ADA,), 2, NOW, 1, late)
