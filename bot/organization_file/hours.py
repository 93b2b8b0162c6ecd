"""Hours of the day in the file ↔ `domain.hours`."""

from datetime import UTC, datetime, timedelta

from pydantic import Field, model_validator

from bot.domain.hours import Hours, LocalHours, Weekday
from bot.organization_file.fields import DayOfWeek, TimeOfDay, TimeZone
from bot.organization_file.part import Part

_A_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
_LONG = timedelta(days=9)


class HoursPart(Part):
    """`{from: "22:00", to: "07:00"}` ends the next morning; without days it returns every day."""

    starts: TimeOfDay = Field(alias="from")
    ends: TimeOfDay = Field(alias="to")
    days: tuple[DayOfWeek, ...] = ()

    @property
    def value(self) -> Hours:
        days = tuple(day for day in Weekday if day in self.days) or tuple(Weekday)
        return Hours(self.starts, self.ends, days)


class QuietPart(Part):
    time_zone: TimeZone
    hours: tuple[HoursPart, ...] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _end(self) -> "QuietPart":
        if self.value.ends_after(_A_MONDAY) > _A_MONDAY + _LONG:
            raise ValueError("never end: a page of low urgency would never come")
        return self

    @property
    def value(self) -> LocalHours:
        return LocalHours(tuple(one.value for one in self.hours), self.time_zone)


def hours_part(one: Hours) -> HoursPart:
    days = () if set(one.weekdays) == set(Weekday) else one.weekdays
    return HoursPart.model_validate({"from": one.starts, "to": one.ends, "days": days})


def quiet_part(one: LocalHours | None) -> QuietPart | None:
    if one is None:
        return None
    return QuietPart(time_zone=one.time_zone, hours=tuple(map(hours_part, one.hours)))
