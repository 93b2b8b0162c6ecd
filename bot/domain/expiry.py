"""A deadline that fell due: whether it still counts, and what it stands for."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bot.domain import escalation
from bot.domain.deadline import DeadlineKind
from bot.domain.incident import Incident
from bot.domain.organization import Organization
from bot.domain.timeline import (
    AcknowledgementMissed,
    ClosureMissed,
    ClosureWarned,
    Escalated,
    Event,
    Reason,
)


def expire(
    organization: Organization,
    incident: Incident,
    kind: DeadlineKind,
    armed: Collection[DeadlineKind],
    now: datetime,
    late: timedelta | None = None,
) -> tuple[Incident, list[Event]] | None:
    """The incident after the deadline, and what happened; None if it no longer counts.

    `armed` are the kinds that still run besides the one that fell due.
    """
    match kind:
        case DeadlineKind.CLOSURE | DeadlineKind.CLOSURE_WARNING:
            is_overtaken = kind is DeadlineKind.CLOSURE_WARNING and now >= incident.close_by
            if not incident.is_open or is_overtaken:
                return None
            return incident, [_closure(organization, incident, kind, now, late)]
        case DeadlineKind.ACKNOWLEDGE | DeadlineKind.LEVEL_TIMEOUT:
            if not incident.awaits_acknowledgement:
                return None
            return _unanswered(organization, incident, kind, armed, now, late)


def runs_out_at(armed: Mapping[DeadlineKind, datetime]) -> datetime | None:
    """When the time to answer is over, as these deadlines run: a level's own time comes first, as it does
    when one of them falls due."""
    return armed.get(DeadlineKind.LEVEL_TIMEOUT) or armed.get(DeadlineKind.ACKNOWLEDGE)


def _unanswered(
    organization: Organization,
    incident: Incident,
    kind: DeadlineKind,
    armed: Collection[DeadlineKind],
    now: datetime,
    late: timedelta | None,
) -> tuple[Incident, list[Event]]:
    """Nobody acknowledged in time: the next level, unless a later level has time of its own."""
    if kind is DeadlineKind.LEVEL_TIMEOUT:
        return escalation.climb(organization, incident, now, Reason.TIMED_OUT, late)
    if DeadlineKind.LEVEL_TIMEOUT in armed:
        return incident, [AcknowledgementMissed(late)]
    return escalation.climb(organization, incident, now, Reason.UNACKNOWLEDGED, late)


def _closure(
    organization: Organization,
    incident: Incident,
    kind: DeadlineKind,
    now: datetime,
    late: timedelta | None,
) -> Event:
    if kind is DeadlineKind.CLOSURE_WARNING:
        return ClosureWarned(incident.assignee_id, incident.close_by, late)
    # As by hand: a policy does not begin again because of it.
    _, events = escalation.climb(organization, incident, now, Reason.BY_HAND)
    reached = next((event for event in events if isinstance(event, Escalated)), None)
    if reached is not None:
        people, level, methods, later = reached.people, reached.level, reached.methods, reached.later
    else:
        people, level = organization.admins(), None
        methods, later = organization.pages(people, organization.urgencies[incident.severity], now)
    return ClosureMissed(people, level, incident.close_by, incident.round, late, methods, later)
