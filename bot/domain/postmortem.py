"""The write-up of an incident, which fields its level requires, and what the incident itself can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bot.domain.incident import Incident, Status, checked_text
from bot.domain.narrative import NameOf, span, told
from bot.domain.timeline import Entry, StatusChanged

TEXT_LIMIT: Final = 20_000
LIST_LIMIT: Final = 200


class PostmortemLevel(StrEnum):
    """How much a postmortem must tell."""

    BASIC = "basic"
    STANDARD = "standard"
    FULL = "full"


class PostmortemStatus(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"


class ActionStatus(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


@dataclass(frozen=True)
class Impact:
    duration: str | None = None
    users_affected: str | None = None
    services_affected: tuple[str, ...] | None = None
    revenue_impact: str | None = None


@dataclass(frozen=True)
class Moment:
    """A line of the postmortem's timeline; `timestamp` is as its author wrote it."""

    timestamp: str
    description: str


@dataclass(frozen=True)
class ActionItem:
    text: str
    owner_email: str | None = None
    due_date: str | None = None
    status: ActionStatus = ActionStatus.PENDING


@dataclass(frozen=True)
class ResponseTimes:
    """How long it took, in words."""

    time_to_acknowledge: str | None = None
    time_to_identify: str | None = None
    time_to_resolve: str | None = None


@dataclass(frozen=True)
class Content:
    """What a postmortem says. None is not said."""

    summary: str | None = None
    root_cause: str | None = None
    resolution: str | None = None
    impact: Impact | None = None
    timeline: tuple[Moment, ...] | None = None
    action_items: tuple[ActionItem, ...] | None = None
    contributing_factors: str | None = None
    detection_path: str | None = None
    monitoring_gaps: str | None = None
    response_timeline: ResponseTimes | None = None
    five_whys: str | None = None
    executive_summary: str | None = None
    prevented_recurrence: str | None = None


@dataclass(frozen=True)
class Postmortem:
    id: str
    #: `PM-2026-001`.
    number: str
    incident_id: str
    level: PostmortemLevel
    status: PostmortemStatus
    created_at: datetime
    created_by: str
    content: Content


#: What the author must tell at each level. Source: the HTTP API's contract.
REQUIRED: Mapping[PostmortemLevel, tuple[str, ...]] = {
    PostmortemLevel.BASIC: ("summary",),
    PostmortemLevel.STANDARD: ("summary", "root_cause", "resolution"),
    PostmortemLevel.FULL: ("summary", "root_cause", "resolution", "impact", "action_items"),
}


def checked(content: Content) -> Content:
    """The content with its texts trimmed, empty ones as if not said. Raises Invalid when one is too long."""
    texts: dict[str, Any] = {
        field.name: checked_text(field.name, value, TEXT_LIMIT)
        for field in fields(content)
        if isinstance(value := getattr(content, field.name), str)
    }
    return replace(content, **texts)


def missing(content: Content, level: PostmortemLevel) -> dict[str, str]:
    """For each required field that says nothing, that it is required."""
    unsaid = (None, (), Impact())
    return {
        name: f"is required at the level {level}"
        for name in REQUIRED[level]
        if getattr(content, name) in unsaid
    }


def filled_in(
    content: Content, incident: Incident, services: Sequence[str], entries: Sequence[Entry], name_of: NameOf
) -> Content:
    """The content with what its author left out and the incident knows. What was said stays as it was."""
    impact = content.impact or Impact()
    times = content.response_timeline or ResponseTimes()
    identified = _identified_at(entries)
    return replace(
        content,
        impact=replace(
            impact,
            duration=impact.duration or _lasted(incident, incident.resolved_at),
            services_affected=tuple(services)
            if impact.services_affected is None
            else impact.services_affected,
        ),
        timeline=_timeline(entries, name_of) if content.timeline is None else content.timeline,
        response_timeline=ResponseTimes(
            times.time_to_acknowledge or _lasted(incident, incident.acknowledged_at),
            times.time_to_identify or _lasted(incident, identified),
            times.time_to_resolve or _lasted(incident, incident.resolved_at),
        ),
    )


def _lasted(incident: Incident, until: datetime | None) -> str | None:
    return span(until - incident.created_at) if until is not None else None


def _identified_at(entries: Sequence[Entry]) -> datetime | None:
    """When the cause was known: the first move to fixing or monitoring."""
    known = (Status.FIXING, Status.MONITORING)
    moves = (one.at for one in entries if isinstance(one.event, StatusChanged) and one.event.to in known)
    return next(moves, None)


def _timeline(entries: Sequence[Entry], name_of: NameOf) -> tuple[Moment, ...]:
    return tuple(Moment(f"{one.at:%Y-%m-%dT%H:%M:%SZ}", told(one.event, name_of).sentence) for one in entries)
