"""Schedules in the file ↔ `domain.schedule`.

A schedule of one rotation may be written without `layers`: its keys then stand in the schedule itself.
Moments are local time, of the layer's zone or the schedule's. One that local time cannot say (the second
of two, or a second within a minute) is written with its offset.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from bot.domain import zone
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.rotation import Rotation
from bot.domain.schedule import CalendarSource, Layer, Override, Schedule
from bot.organization_file.fields import (
    CalendarAddress,
    CalendarFile,
    Day,
    Interval,
    Moment,
    Name,
    Reference,
    TimeOfDay,
    TimeZone,
    UserGroup,
)
from bot.organization_file.hours import HoursPart, hours_part
from bot.organization_file.part import Part
from bot.organization_file.spans import Every

#: What the one layer of a schedule without `layers` is called.
USUAL_LAYER: Final = "rotation"
_ROTATION: Final = ("every", "handoff", "starts_on", "participants")


class CalendarPart(Part):
    url: CalendarAddress | None = None
    file: CalendarFile | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "CalendarPart":
        if (self.url is None) == (self.file is None):
            raise ValueError("needs either a url or a file")
        return self


class RotatingPart(Part):
    """The keys of a rotation, in a layer or in the schedule itself."""

    name: Name
    time_zone: TimeZone | None = None
    every: Interval | None = None
    handoff: TimeOfDay | None = None
    starts_on: Day | None = None
    participants: tuple[Reference, ...] = Field(default=(), min_length=1, max_length=200)

    def given(self) -> list[str]:
        return [key for key in _ROTATION if getattr(self, key) not in (None, ())]

    def missing(self) -> str:
        """`handoff and starts_on`; empty when there is all that a rotation needs."""
        names = [key for key in _ROTATION if key not in self.given()]
        return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))

    @property
    def rotation(self) -> Rotation | None:
        if self.every is None or self.handoff is None or self.starts_on is None:
            return None
        return Rotation(self.every.period, self.every.count, self.handoff, self.starts_on)


class LayerPart(RotatingPart):
    calendar: CalendarPart | None = None
    hours: tuple[HoursPart, ...] = Field(default=(), max_length=20)
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    @model_validator(mode="after")
    def _is_a_rotation_or_a_calendar(self) -> "LayerPart":
        given, missing = self.given(), self.missing()
        if self.calendar is not None and given:
            raise ValueError(f"has both a calendar and {given[0]}: a layer is one or the other")
        if self.calendar is None and not given:
            raise ValueError(f"needs {missing}, or a calendar")
        if self.calendar is None and missing:
            raise ValueError(f"needs {missing} too")
        return self


class OverridePart(Part):
    person: Reference
    starts_at: Moment = Field(alias="from")
    ends_at: Moment = Field(alias="to")


class SchedulePart(RotatingPart):
    time_zone: TimeZone
    user_group: UserGroup | None = None
    layers: tuple[LayerPart, ...] = Field(default=(), min_length=1, max_length=20)
    #: None: those that were made in Slack stay.
    overrides: tuple[OverridePart, ...] | None = Field(default=None, max_length=2000)

    @model_validator(mode="after")
    def _has_layers(self) -> "SchedulePart":
        given, missing = self.given(), self.missing()
        if self.layers and given:
            raise ValueError(f"has both layers and {given[0]}, which belongs into a layer then")
        if not self.layers and not given:
            raise ValueError(f"needs {missing}, or layers")
        if not self.layers and missing:
            raise ValueError(f"needs {missing} too")
        return self


def schedules(parts: Mapping[str, SchedulePart], texts: Mapping[str, str]) -> dict[ScheduleId, Schedule]:
    """The schedules; `texts` has what stands in each calendar's file."""
    return {ScheduleId(handle): _schedule(ScheduleId(handle), part, texts) for handle, part in parts.items()}


def silent(parts: Mapping[str, SchedulePart]) -> frozenset[ScheduleId]:
    """Those that do not mention overrides."""
    return frozenset(ScheduleId(handle) for handle, part in parts.items() if part.overrides is None)


def schedule_parts(found: Iterable[Schedule]) -> dict[str, SchedulePart]:
    return {one.id: _schedule_part(one) for one in found}


def _schedule(handle: ScheduleId, part: SchedulePart, texts: Mapping[str, str]) -> Schedule:
    if part.layers:
        layers = tuple(_layer(one, part.time_zone, texts) for one in part.layers)
    else:
        layers = (Layer(USUAL_LAYER, part.rotation, tuple(map(PersonId, part.participants))),)
    overrides = tuple(
        Override(PersonId(one.person), utc(one.starts_at, part.time_zone), utc(one.ends_at, part.time_zone))
        for one in part.overrides or ()
    )
    return Schedule(handle, part.name, part.time_zone, layers, overrides, part.user_group)


def _layer(part: LayerPart, time_zone: str, texts: Mapping[str, str]) -> Layer:
    where = part.time_zone or time_zone
    calendar = None
    if part.calendar is not None:
        file = part.calendar.file
        calendar = CalendarSource(part.calendar.url, texts.get(file) if file else None, file)
    return Layer(
        part.name,
        part.rotation,
        tuple(map(PersonId, part.participants)),
        calendar,
        tuple(one.value for one in part.hours),
        part.time_zone,
        utc(part.starts_at, where) if part.starts_at else None,
        utc(part.ends_at, where) if part.ends_at else None,
    )


def _schedule_part(one: Schedule) -> SchedulePart:
    where = one.time_zone
    overrides = tuple(
        OverridePart.model_validate(
            {
                "person": override.person,
                "from": local(override.starts_at, where),
                "to": local(override.ends_at, where),
            }
        )
        for override in one.overrides
    )
    head = {"name": one.name, "time_zone": where, "user_group": one.user_group}
    layers = [_layer_part(layer, where) for layer in one.layers]
    if len(layers) == 1 and one.layers[0] == Layer(
        USUAL_LAYER, one.layers[0].rotation, one.layers[0].participants
    ):
        short = layers[0].model_dump(include=set(_ROTATION))
        return SchedulePart.model_validate({**head, **short, "overrides": overrides or None})
    return SchedulePart.model_validate({**head, "layers": tuple(layers), "overrides": overrides or None})


def _layer_part(one: Layer, time_zone: str) -> LayerPart:
    where, rotation = one.time_zone or time_zone, one.rotation
    fields: dict[str, Any] = {
        "name": one.name,
        "time_zone": one.time_zone,
        "hours": tuple(map(hours_part, one.hours)),
        "starts_at": local(one.starts_at, where) if one.starts_at else None,
        "ends_at": local(one.ends_at, where) if one.ends_at else None,
    }
    if rotation is not None:
        every = Every(rotation.every, rotation.period)
        fields |= {"every": every, "handoff": rotation.handoff, "starts_on": rotation.starts_on}
        fields["participants"] = one.participants
    if one.calendar is not None:
        fields["calendar"] = CalendarPart(url=one.calendar.url, file=one.calendar.file)
    return LayerPart.model_validate(fields)


def utc(moment: datetime, time_zone: str) -> datetime:
    """The moment that is written: local time, or with an offset."""
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    return zone.instant(ZoneInfo(time_zone), moment)


def local(at: datetime, time_zone: str) -> datetime:
    """As it is written: in local time where that says it."""
    there = at.astimezone(ZoneInfo(time_zone))
    bare = there.replace(tzinfo=None, fold=0)
    return bare if zone.instant(ZoneInfo(time_zone), bare) == at else there
