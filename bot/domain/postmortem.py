"""The write-up of an incident, which fields its level requires, and what the incident itself can tell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from bot.domain.errors import Invalid
from bot.domain.incident import Incident, Status, checked_text
from bot.domain.narrative import NameOf, span, told
from bot.domain.timeline import Acknowledged, Entry, StatusChanged

#: Characters of a section, of an item of a list, of a fact about the impact, of a day. Whichever door it
#: was written through, what is kept must fit what the HTTP API promises to answer.
TEXT_LIMIT: Final = 20_000
LINE_LIMIT: Final = 5000
FACT_LIMIT: Final = 1000
DAY_LIMIT: Final = 100
LIST_LIMIT: Final = 200

T = TypeVar("T")


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
    return replace(
        content,
        **texts,
        timeline=_each("timeline", content.timeline, _checked_moment),
        action_items=_each("action_items", content.action_items, _checked_item),
        impact=_checked_impact(content.impact) if content.impact else None,
        response_timeline=_checked_times(content.response_timeline) if content.response_timeline else None,
    )


def missing(content: Content, level: PostmortemLevel) -> dict[str, str]:
    """For each required field that says nothing, that it is required."""
    return {
        name: f"is required at the level {level}"
        for name in REQUIRED[level]
        if _says_nothing(getattr(content, name))
    }


def response_times(incident: Incident, turns: Sequence[Entry]) -> ResponseTimes:
    """How long it took since the declaration; `turns` are its acknowledgements and moves, oldest first.

    The first acknowledgement counts: reopening, or raising the severity, asks for another one, but
    somebody had answered by then.
    """
    acknowledged = [one.at for one in turns if isinstance(one.event, Acknowledged)]
    known = (Status.FIXING, Status.MONITORING)
    identified = [one.at for one in turns if isinstance(one.event, StatusChanged) and one.event.to in known]
    return ResponseTimes(
        _lasted(incident, next(iter(acknowledged), None)),
        _lasted(incident, next(iter(identified), None)),
        _lasted(incident, incident.resolved_at),
    )


def timeline(entries: Sequence[Entry], name_of: NameOf) -> tuple[Moment, ...]:
    """The newest of the entries in plain words, oldest first."""
    return tuple(
        Moment(f"{one.at:%Y-%m-%dT%H:%M:%SZ}", _fitting(told(one.event, name_of).sentence))
        for one in entries[-LIST_LIMIT:]
    )


def filled_in(
    content: Content,
    incident: Incident,
    services: Sequence[str],
    moments: tuple[Moment, ...],
    known: ResponseTimes,
) -> Content:
    """The content with what its author left out and the incident knows. What was said stays as it was."""
    impact = content.impact or Impact()
    said = content.response_timeline or ResponseTimes()
    return replace(
        content,
        impact=replace(
            impact,
            duration=impact.duration or _lasted(incident, incident.resolved_at),
            services_affected=tuple(services)
            if impact.services_affected is None
            else impact.services_affected,
        ),
        timeline=moments if content.timeline is None else content.timeline,
        response_timeline=ResponseTimes(
            said.time_to_acknowledge or known.time_to_acknowledge,
            said.time_to_identify or known.time_to_identify,
            said.time_to_resolve or known.time_to_resolve,
        ),
    )


def _each(field: str, items: Sequence[T] | None, check: Callable[[T], T]) -> tuple[T, ...] | None:
    if items is None:
        return None
    if len(items) > LIST_LIMIT:
        raise Invalid(**{field: f"must have at most {LIST_LIMIT} items, has {len(items)}"})
    return tuple(map(check, items))


def _checked_moment(moment: Moment) -> Moment:
    return Moment(
        _something("timeline", moment.timestamp, DAY_LIMIT),
        _something("timeline", moment.description, LINE_LIMIT),
    )


def _checked_item(item: ActionItem) -> ActionItem:
    return replace(
        item,
        text=_something("action_items", item.text, LINE_LIMIT),
        owner_email=checked_text("action_items", item.owner_email, FACT_LIMIT),
        due_date=checked_text("action_items", item.due_date, DAY_LIMIT),
    )


def _checked_impact(impact: Impact) -> Impact:
    services = _each("impact", impact.services_affected, lambda one: _something("impact", one, FACT_LIMIT))
    return Impact(
        checked_text("impact", impact.duration, FACT_LIMIT),
        checked_text("impact", impact.users_affected, FACT_LIMIT),
        services,
        checked_text("impact", impact.revenue_impact, FACT_LIMIT),
    )


def _checked_times(times: ResponseTimes) -> ResponseTimes:
    return ResponseTimes(
        checked_text("response_timeline", times.time_to_acknowledge, FACT_LIMIT),
        checked_text("response_timeline", times.time_to_identify, FACT_LIMIT),
        checked_text("response_timeline", times.time_to_resolve, FACT_LIMIT),
    )


def _something(field: str, text: str, limit: int) -> str:
    found = checked_text(field, text, limit)
    if found is None:
        raise Invalid(**{field: "must say something in each item"})
    return found


def _says_nothing(value: object) -> bool:
    if isinstance(value, Impact):
        return not any(getattr(value, field.name) for field in fields(value))
    return not value


def _lasted(incident: Incident, until: datetime | None) -> str | None:
    return span(until - incident.created_at) if until is not None else None


def _fitting(sentence: str) -> str:
    return sentence if len(sentence) <= LINE_LIMIT else f"{sentence[: LINE_LIMIT - 1]}…"
