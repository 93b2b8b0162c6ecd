"""Severities, and by when an incident must be acknowledged and closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: The share of the closure time after which the assignee is warned.
WARNING_SHARE = 0.8


class Severity(StrEnum):
    """How bad it is; SEV0 is the worst."""

    SEV0 = "SEV0"
    SEV1 = "SEV1"
    SEV2 = "SEV2"
    SEV3 = "SEV3"
    SEV4 = "SEV4"

    def is_worse_than(self, other: "Severity") -> bool:
        return self.value < other.value


@dataclass(frozen=True)
class Sla:
    """How long a severity allows until an incident is acknowledged, and until it is closed."""

    acknowledge: timedelta
    close: timedelta

    def acknowledge_by(self, since: datetime) -> datetime:
        return since + self.acknowledge

    def close_by(self, since: datetime) -> datetime:
        return since + self.close


DEFAULT_SEVERITY = Severity.SEV2
DEFAULT_SLAS: Mapping[Severity, Sla] = {
    Severity.SEV0: Sla(timedelta(minutes=5), timedelta(hours=1)),
    Severity.SEV1: Sla(timedelta(minutes=15), timedelta(hours=4)),
    Severity.SEV2: Sla(timedelta(minutes=30), timedelta(hours=8)),
    Severity.SEV3: Sla(timedelta(hours=2), timedelta(hours=24)),
    Severity.SEV4: Sla(timedelta(hours=8), timedelta(hours=72)),
}


def warning_at(since: datetime, close_by: datetime) -> datetime:
    """When 80 % of the closure time is used up."""
    return since + (close_by - since) * WARNING_SHARE


def is_breached(by: datetime, done_at: datetime | None, now: datetime) -> bool:
    """Whether a deadline was, or by now is, missed. Exactly on time is met."""
    return (done_at or now) > by
