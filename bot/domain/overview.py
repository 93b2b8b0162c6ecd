"""An incident with its people: the facts that a card, a page or an answer shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.asking import may_fall
from bot.domain.contact import Method
from bot.domain.delivery import DeliveryState
from bot.domain.ids import PersonId, SlackChannelId, TeamId
from bot.domain.incident import Incident, Status
from bot.domain.organization import LevelRole, Person, Service, Team
from bot.domain.schedule import Shift
from bot.domain.sla import Severity
from bot.domain.timeline import Entry


@dataclass(frozen=True)
class Place:
    """Where an incident lives in Slack. A thread instead of a channel has a `thread_ts`."""

    channel_id: SlackChannelId | None = None
    channel_name: str | None = None
    thread_ts: str | None = None
    card_ts: str | None = None
    announcement_channel_id: SlackChannelId | None = None
    announcement_ts: str | None = None


@dataclass(frozen=True)
class NextLevel:
    """The level that follows; `at` is None while no clock runs towards it."""

    level: int
    role: LevelRole | None
    people: tuple[Person, ...]
    at: datetime | None
    #: Whether the policy begins again with it, which happens by time only.
    is_repeat: bool = False


@dataclass(frozen=True)
class Overview:
    incident: Incident
    assignee: Person | None
    team: Team | None
    services: tuple[Service, ...]
    place: Place
    #: Of the current level; 0 when the policy has none.
    levels: int
    next_level: NextLevel | None
    #: When the clock runs out although no level follows: the admins are paged then.
    admins_at: datetime | None
    #: Everybody whom the timeline or the page names.
    people: Mapping[PersonId, Person]
    #: Whether the admins were paged because no level has anybody.
    found_nobody: bool = False
    #: The level that is paged if somebody escalates now: others may be on call than when time runs out.
    by_hand: NextLevel | None = None

    def name_of(self, person_id: PersonId | None) -> str:
        person = self.people.get(person_id) if person_id is not None else None
        return person.name if person else "somebody who has left"


@dataclass(frozen=True)
class PageFacts:
    """What one page says: to whom, which event caused it, and whether it still asks for an answer."""

    overview: Overview
    person: Person
    entry: Entry
    is_asking: bool

    @property
    def is_wanted(self) -> bool:
        """Whether it is still to be sent. One by hand whose methods were named is, whatever was answered."""
        return self.is_asking or not may_fall(self.entry)


@dataclass(frozen=True)
class Wanted:
    """What an incident must be to be listed; what is not said may be anything. Times are inclusive."""

    statuses: tuple[Status, ...] = ()
    severities: tuple[Severity, ...] = ()
    assignee_id: PersonId | None = None
    resolved_by_id: PersonId | None = None
    team_id: TeamId | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    resolved_after: datetime | None = None
    resolved_before: datetime | None = None


@dataclass(frozen=True)
class PageReceipt:
    """What has come of one page by one method."""

    method: Method
    state: DeliveryState
    #: Why it failed, or was not delivered yet.
    error: str | None
    #: Why it failed for good, in the API's words.
    error_code: str | None
    #: How many deliveries go to the person before it, one after another.
    ahead: int = 0


@dataclass(frozen=True)
class FailedDelivery:
    what: str
    why: str
    at: datetime


@dataclass(frozen=True)
class TeamOnCall:
    team: Team
    shift: Shift | None
    primary: Person | None
    secondary: Person | None
