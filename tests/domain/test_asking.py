"""Which pages still ask for an answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.asking import is_asking
from bot.domain.incident import Incident, Status
from bot.domain.timeline import (
    TOCSIN,
    ClosureMissed,
    Entry,
    Escalated,
    EscalationExhausted,
    Event,
    Paged,
    Reason,
)
from tests.domain.samples import BEN, NOW, incident

LATER = NOW + timedelta(minutes=1)
OPEN = incident()
TAKEN = incident(status=Status.FIXING, acknowledged_at=LATER)
OVER = incident(status=Status.RESOLVED, acknowledged_at=LATER)
AGAIN = incident(round=2)
EXHAUSTED = EscalationExhausted((BEN,), 1)
MISSED = ClosureMissed((BEN,), 2, OPEN.close_by, 1)


def escalated(reason: Reason) -> Escalated:
    return Escalated(2, (BEN,), reason, None, 1)


#: The incident as it is now, the event that paged, whether before or after the acknowledgement → it asks.
PAGES: list[tuple[Incident, Event, bool, bool]] = [
    (OPEN, escalated(Reason.TIMED_OUT), False, True),
    (AGAIN, escalated(Reason.TIMED_OUT), False, False),
    (TAKEN, escalated(Reason.TIMED_OUT), False, False),
    (TAKEN, escalated(Reason.BY_HAND), False, False),
    (TAKEN, escalated(Reason.BY_HAND), True, True),
    (OVER, escalated(Reason.BY_HAND), True, False),
    (TAKEN, escalated(Reason.UNREACHABLE), False, False),
    (TAKEN, escalated(Reason.UNREACHABLE), True, True),
    (OPEN, EXHAUSTED, False, True),
    (TAKEN, EXHAUSTED, False, False),
    (TAKEN, EXHAUSTED, True, True),
    (OVER, EXHAUSTED, True, False),
    (OPEN, MISSED, False, True),
    (TAKEN, MISSED, True, True),
    (AGAIN, MISSED, False, False),
    (replace(OPEN, close_by=OPEN.close_by + timedelta(hours=1)), MISSED, False, False),
    (OVER, MISSED, True, False),
    (TAKEN, Paged(BEN, None), False, True),
    (OVER, Paged(BEN, None), False, False),
]


@pytest.mark.parametrize(("found", "event", "is_after", "is_asked"), PAGES)
def test_page_asks_until_it_is_answered(
    found: Incident, event: Event, is_after: bool, is_asked: bool
) -> None:
    at = LATER + timedelta(minutes=1) if is_after else NOW
    assert is_asking(found, Entry(found.id, 3, at, TOCSIN, event)) is is_asked
