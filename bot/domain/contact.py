"""How a person can be reached, and how soon by which method."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.hours import LocalHours
from bot.domain.ids import PersonId
from bot.domain.sla import Severity


class Method(StrEnum):
    """A contact method; the API calls it a channel."""

    SLACK = "slack"
    EMAIL = "email"


#: By which methods each person is reached; who is missing is reached by Slack.
Methods = Mapping[PersonId, tuple[Method, ...]]

#: How somebody is reached of whom nothing else is said.
USUAL = (Method.SLACK,)


class Urgency(StrEnum):
    HIGH = "high"
    #: It waits for the end of a person's quiet hours.
    LOW = "low"


DEFAULT_URGENCIES: Mapping[Severity, Urgency] = {
    Severity.SEV0: Urgency.HIGH,
    Severity.SEV1: Urgency.HIGH,
    Severity.SEV2: Urgency.HIGH,
    Severity.SEV3: Urgency.LOW,
    Severity.SEV4: Urgency.LOW,
}


@dataclass(frozen=True)
class Rule:
    """By which method a person is paged, and how long after the level was."""

    method: Method
    after: timedelta = timedelta(0)


@dataclass(frozen=True)
class LaterPage:
    """A page that goes out at its time if nobody has acknowledged by then."""

    method: Method
    at: datetime


#: What each person is paged by later; who is missing has all their pages at once.
Later = Mapping[PersonId, tuple[LaterPage, ...]]


def pages(
    rules: Iterable[Rule], now: datetime, quiet: LocalHours | None = None
) -> tuple[tuple[Method, ...], tuple[LaterPage, ...]]:
    """By which methods a person is paged now, and by which later, in that order.

    1. What begins within quiet hours begins when they end; what would come within them waits too.
    2. Of several pages by one method at one moment, one goes out.
    """
    begins_at = quiet.ends_after(now) if quiet else now
    at_once: dict[Method, None] = {}
    later: dict[LaterPage, None] = {}
    for rule in sorted(rules, key=lambda one: one.after):
        at = begins_at + rule.after
        at = quiet.ends_after(at) if quiet and rule.after else at
        if at <= now:
            at_once[rule.method] = None
        else:
            later[LaterPage(rule.method, at)] = None
    return tuple(at_once), tuple(later)
