"""How a person can be reached, and how soon by which method."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

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
