"""Postmortems: read, create, export. Source: the HTTP API's contract, postmortems."""

from datetime import datetime
from typing import Annotated, Any

from bot.api.envelope import Answer, answer
from bot.api.fields import Email, IncidentNumber, Most, PostmortemNumber, Shape, Stamp, Words, example
from bot.api.front import Call, Front
from bot.domain.errors import NotFound
from bot.domain.markdown import markdown
from bot.domain.postmortem import (
    DAY_LIMIT,
    FACT_LIMIT,
    LINE_LIMIT,
    LIST_LIMIT,
    TEXT_LIMIT,
    ActionItem,
    ActionStatus,
    Content,
    Impact,
    Moment,
    Postmortem,
    PostmortemLevel,
    PostmortemStatus,
    ResponseTimes,
)
from bot.domain.timeline import Actor
from bot.operations import look_up, write_up
from storage.database import Connection

Long = Annotated[str, Words(0, TEXT_LIMIT)]
Short = Annotated[str, Words(0, FACT_LIMIT)]
Something = Annotated[str, Words(1, LINE_LIMIT)]


class PostmortemQuery(Shape):
    incident_number: IncidentNumber


class PostmortemPath(Shape):
    number: PostmortemNumber


class ImpactShape(Shape):
    duration: Short | None = None
    users_affected: Short | None = None
    services_affected: Annotated[tuple[Short, ...], Most(LIST_LIMIT)] | None = None
    revenue_impact: Short | None = None


class MomentShape(Shape):
    timestamp: Stamp
    description: Something


class ActionShape(Shape):
    text: Something
    owner_email: Email | None = None
    due_date: Annotated[str, Words(0, DAY_LIMIT)] | None = None
    status: ActionStatus = ActionStatus.PENDING


class TimesShape(Shape):
    time_to_acknowledge: Short | None = None
    time_to_identify: Short | None = None
    time_to_resolve: Short | None = None


class ContentShape(Shape):
    summary: Long | None = None
    root_cause: Long | None = None
    resolution: Long | None = None
    impact: ImpactShape | None = None
    timeline: Annotated[tuple[MomentShape, ...], Most(LIST_LIMIT)] | None = None
    action_items: Annotated[tuple[ActionShape, ...], Most(LIST_LIMIT)] | None = None
    contributing_factors: Long | None = None
    detection_path: Long | None = None
    monitoring_gaps: Long | None = None
    response_timeline: TimesShape | None = None
    five_whys: Long | None = None
    executive_summary: Long | None = None
    prevented_recurrence: Long | None = None


class NewPostmortem(ContentShape):
    """Besides the incident, the organization's level says what is required."""

    model_config = example(
        incident_number="INC-2026-044",
        summary="A deploy halved the connection pool",
        root_cause="The new default was not reviewed",
        resolution="Rolled back the deploy",
        action_items=[{"text": "Alert on the free connections", "owner_email": "jane@example.com"}],
    )

    incident_number: IncidentNumber
    status: PostmortemStatus = PostmortemStatus.DRAFT


class PostmortemItem(ContentShape):
    postmortem_number: str
    incident_number: str
    level: PostmortemLevel
    status: PostmortemStatus
    impact_html: str | None = None
    timeline_html: str | None = None
    action_items_html: str | None = None
    response_timeline_html: str | None = None
    created_at: datetime


async def show(front: Front, call: Call) -> Answer:
    """The postmortem of an incident."""
    query: PostmortemQuery = call.query

    def run(tx: Connection, now: datetime, actor: Actor) -> Answer:
        incident = look_up.incident(tx, query.incident_number)
        found = write_up.postmortem_of(tx, incident)
        if found is None:
            raise NotFound(f"{incident.number} has no postmortem yet.", {"incident_number": "has none"})
        return answer(_item(found, incident.number))

    return await front.read(call, run)


async def create(front: Front, call: Call) -> Answer:
    wanted: NewPostmortem = call.body

    def operation(tx: Connection, now: datetime, actor: Actor) -> Answer:
        content = _content(wanted)
        made = write_up.write_up(tx, now, actor, wanted.incident_number, content, wanted.status)
        return answer(_item(made, look_up.incident(tx, wanted.incident_number).number), 201)

    return await front.write(call, "write_up", operation)


async def export(front: Front, call: Call) -> Answer:
    """The postmortem as Markdown."""
    path: PostmortemPath = call.path

    def run(tx: Connection, now: datetime, actor: Actor) -> Answer:
        found = write_up.postmortem(tx, path.number)
        return Answer(markdown(found, look_up.incident_by_id(tx, found.incident_id)))

    return await front.read(call, run)


def _content(given: NewPostmortem) -> Content:
    impact, times = given.impact, given.response_timeline
    return Content(
        summary=given.summary,
        root_cause=given.root_cause,
        resolution=given.resolution,
        impact=Impact(**impact.model_dump()) if impact is not None else None,
        timeline=_each(Moment, given.timeline),
        action_items=_each(ActionItem, given.action_items),
        contributing_factors=given.contributing_factors,
        detection_path=given.detection_path,
        monitoring_gaps=given.monitoring_gaps,
        response_timeline=ResponseTimes(**times.model_dump()) if times is not None else None,
        five_whys=given.five_whys,
        executive_summary=given.executive_summary,
        prevented_recurrence=given.prevented_recurrence,
    )


def _each(kind: Any, shapes: tuple[Shape, ...] | None) -> Any:
    return None if shapes is None else tuple(kind(**one.model_dump()) for one in shapes)


def _item(postmortem: Postmortem, incident_number: str) -> PostmortemItem:
    content = postmortem.content
    return PostmortemItem.model_validate(
        {
            **{name: getattr(content, name) for name in ContentShape.model_fields},
            "postmortem_number": postmortem.number,
            "incident_number": incident_number,
            "level": postmortem.level,
            "status": postmortem.status,
            "created_at": postmortem.created_at,
        },
        from_attributes=True,
    )
