"""Deadlines of a severity, and what becomes of them when the severity changes."""

from datetime import timedelta

import pytest

from bot.domain.incident import Status, change_severity
from bot.domain.sla import DEFAULT_SLAS, Severity, is_breached, warning_at
from tests.domain.samples import NOW, incident

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATER = NOW + 20 * MINUTE


@pytest.mark.parametrize(
    ("severity", "acknowledge", "close"),
    [
        (Severity.SEV0, 5 * MINUTE, HOUR),
        (Severity.SEV1, 15 * MINUTE, 4 * HOUR),
        (Severity.SEV2, 30 * MINUTE, 8 * HOUR),
        (Severity.SEV3, 2 * HOUR, 24 * HOUR),
        (Severity.SEV4, 8 * HOUR, 72 * HOUR),
    ],
)
def test_default_deadlines_are_the_promised_ones(
    severity: Severity, acknowledge: timedelta, close: timedelta
) -> None:
    sla = DEFAULT_SLAS[severity]
    assert sla.acknowledge_by(NOW) == NOW + acknowledge
    assert sla.close_by(NOW) == NOW + close


def test_sev0_is_worse_than_all_others() -> None:
    assert all(Severity.SEV0.is_worse_than(other) for other in list(Severity)[1:])
    assert not Severity.SEV2.is_worse_than(Severity.SEV2)


def test_warning_comes_at_four_fifths() -> None:
    assert warning_at(NOW, NOW + 10 * HOUR) == NOW + 8 * HOUR


def test_exactly_on_time_is_met() -> None:
    assert not is_breached(NOW, done_at=NOW, now=NOW + HOUR)
    assert is_breached(NOW, done_at=NOW + timedelta(microseconds=1), now=NOW + HOUR)


def test_undone_deadline_breaches_once_it_passes() -> None:
    assert not is_breached(LATER, done_at=None, now=NOW)
    assert is_breached(LATER, done_at=None, now=LATER + MINUTE)


def test_raised_severity_counts_from_the_declaration() -> None:
    after = change_severity(incident(level=2), Severity.SEV0, DEFAULT_SLAS[Severity.SEV0], LATER)
    assert (after.acknowledge_by, after.close_by) == (NOW + 5 * MINUTE, NOW + HOUR)
    assert (after.level, after.round) == (0, 2)


def test_raising_what_was_acknowledged_asks_again_from_now() -> None:
    before = incident(status=Status.FIXING, acknowledged_at=NOW, acknowledged_by="Ben", is_exhausted=True)
    after = change_severity(before, Severity.SEV0, DEFAULT_SLAS[Severity.SEV0], LATER)
    assert after.awaits_acknowledgement
    assert not after.is_exhausted
    assert after.acknowledge_by == LATER + 5 * MINUTE
    assert after.close_by == NOW + HOUR


def test_lowered_severity_gives_more_time_without_a_new_round() -> None:
    after = change_severity(incident(level=2), Severity.SEV3, DEFAULT_SLAS[Severity.SEV3], LATER)
    assert (after.acknowledge_by, after.close_by) == (NOW + 2 * HOUR, NOW + 24 * HOUR)
    assert (after.level, after.round) == (2, 1)


def test_severity_that_is_put_back_leaves_who_was_asked_again_their_time() -> None:
    before = incident(severity=Severity.SEV2, acknowledged_at=NOW, acknowledged_by="Ben")
    raised = change_severity(before, Severity.SEV1, DEFAULT_SLAS[Severity.SEV1], NOW + 3 * HOUR)
    after = change_severity(raised, Severity.SEV2, DEFAULT_SLAS[Severity.SEV2], NOW + 3 * HOUR + MINUTE)
    assert after.acknowledge_by == raised.acknowledge_by == NOW + 3 * HOUR + 15 * MINUTE


def test_lowering_keeps_a_met_acknowledge_deadline() -> None:
    before = incident(acknowledged_at=NOW)
    after = change_severity(before, Severity.SEV4, DEFAULT_SLAS[Severity.SEV4], LATER)
    assert after.acknowledge_by == before.acknowledge_by
    assert after.acknowledged_at == NOW


def test_ended_incident_keeps_its_deadlines() -> None:
    before = incident(status=Status.RESOLVED, acknowledged_at=NOW)
    after = change_severity(before, Severity.SEV0, DEFAULT_SLAS[Severity.SEV0], LATER)
    assert (after.severity, after.close_by) == (Severity.SEV0, before.close_by)
    assert (after.acknowledge_by, after.round) == (before.acknowledge_by, before.round)
