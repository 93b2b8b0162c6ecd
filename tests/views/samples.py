"""Overviews to lay out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.ids import PersonId, SlackChannelId, SlackUserId
from bot.domain.incident import Status
from bot.domain.organization import LevelRole, Person, Service
from bot.domain.overview import NextLevel, Overview, PageFacts, Place
from bot.domain.postmortem import (
    ActionItem,
    ActionStatus,
    Content,
    Impact,
    Moment,
    Postmortem,
    ResponseTimes,
)
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
    PageRerouted,
    PostmortemCreated,
    Reason,
    Reopened,
    Resolved,
    SeverityChanged,
    StatusChanged,
    TitleChanged,
)
from tests.domain.samples import ADA, BEN, CHECKOUT, NOW, entry, incident
from tests.domain.samples import postmortem as sample

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
        by_hand=replace(following, at=None) if found.is_open else None,
    )


def page_facts(event: Event, text: str | None = None, **changes: Any) -> PageFacts:
    found = overview(**({"title": text} if text else {}), **changes)
    return PageFacts(found, PEOPLE[BEN], entry(event), is_asking=found.incident.awaits_acknowledgement)


def postmortem(text: str, many: int = 3) -> Postmortem:
    """Everything said, with this text wherever people write, and so many lines in its lists."""
    return sample(
        Content(
            summary=text,
            root_cause=text,
            resolution=text,
            impact=Impact(text, text, (text,) * many, text),
            timeline=(Moment("2026-03-10T12:00:00Z", text),) * many,
            action_items=tuple(ActionItem(text, text, text, status) for status in ActionStatus) * many,
            contributing_factors=text,
            detection_path=text,
            monitoring_gaps=text,
            response_timeline=ResponseTimes(text, text, text),
            five_whys=text,
            executive_summary=text,
            prevented_recurrence=text,
        )
    )


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
    yield PageRerouted(BEN, "slack", "email", text)
    yield DeliveryFailed("the creation of the channel", text)
    for reason in Reason:
        yield Escalated(2, (ADA, BEN), reason, NOW, 1, late)
    yield LevelPassed(2, text)
    yield EscalationExhausted((), 1, late)
    yield AcknowledgementMissed(late)
    yield ClosureWarned(None, NOW, late)
    yield ClosureMissed((ADA,), 2, NOW, 1, late)
    yield PostmortemCreated("PM-2026-007")
