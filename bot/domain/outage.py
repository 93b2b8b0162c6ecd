"""A time in which Slack took nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: A shorter one is not worth telling.
TOLD_FROM = timedelta(seconds=30)
#: For how long after it cards tell of it.
TOLD_FOR = timedelta(minutes=15)


@dataclass(frozen=True)
class Outage:
    since: datetime
    why: str
    #: None while it lasts.
    until: datetime | None = None

    def __str__(self) -> str:
        return f"{self.why}, since {self.since:%Y-%m-%d %H:%M:%S} UTC"

    @property
    def is_noticed(self) -> bool:
        """Whether it was long enough to be told of afterwards."""
        return self.until is not None and self.until - self.since >= TOLD_FROM


@dataclass(frozen=True)
class Told:
    """What an incident's card says of an outage."""

    outage: Outage
    #: Pages of the incident that went out by e-mail because of it.
    pages_by_email: int


def is_told(outage: Outage, created_at: datetime, now: datetime) -> bool:
    """Whether the card of an incident that was created then tells of it now."""
    if outage.until is None or not outage.is_noticed:
        return False
    return created_at < outage.until and now - outage.until < TOLD_FOR
