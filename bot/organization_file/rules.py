"""People's notification rules in the file ↔ `domain.contact`."""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import Field, model_validator

from bot.domain.contact import Rule, Urgency
from bot.organization_file.fields import Channel, Delay
from bot.organization_file.part import Part

_MOST = 10


class RulePart(Part):
    channel: Channel
    after: Delay = timedelta(0)


class NotifyPart(Part):
    high: tuple[RulePart, ...] = Field((), max_length=_MOST)
    low: tuple[RulePart, ...] = Field((), max_length=_MOST)

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> "NotifyPart":
        for urgency in Urgency:
            parts = self.of(urgency)
            if len(set(parts)) < len(parts):
                raise ValueError(f"has the same channel at the same time twice for {urgency} urgency")
        return self

    def of(self, urgency: Urgency) -> tuple[RulePart, ...]:
        return self.high if urgency is Urgency.HIGH else self.low

    @property
    def value(self) -> dict[Urgency, tuple[Rule, ...]]:
        return {
            urgency: tuple(Rule(part.channel, part.after) for part in self.of(urgency))
            for urgency in Urgency
            if self.of(urgency)
        }


def notify_part(rules: Mapping[Urgency, tuple[Rule, ...]]) -> NotifyPart | None:
    """None where there are no rules."""
    parts = {
        urgency.value: tuple(RulePart(channel=one.method, after=one.after) for one in of_urgency)
        for urgency, of_urgency in rules.items()
        if of_urgency
    }
    return NotifyPart.model_validate(parts) if parts else None
