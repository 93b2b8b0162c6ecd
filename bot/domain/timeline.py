"""What happened: one frozen class for each kind of timeline event, and who did it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.contact import USUAL, Later, Method, Methods
from bot.domain.ids import IncidentId, PersonId, ServiceId, SlackUserId
from bot.domain.incident import Status
from bot.domain.rights import Role
from bot.domain.sla import Severity


class ActorKind(StrEnum):
    PERSON = "person"
    #: An API key that acts under its own name.
    KEY = "key"
    #: Tocsin itself: a deadline, a recovery.
    TOCSIN = "tocsin"
    #: Who has a shell on Tocsin's machine: whoever can write the database needs no other right.
    OPERATOR = "operator"


class Door(StrEnum):
    """Which way a wish came in."""

    SLACK = "slack"
    API = "api"
    COMMAND_LINE = "command line"
    #: A deadline, a start, the outcome of a delivery.
    TIME = "time"


@dataclass(frozen=True)
class Actor:
    """Who does something. `name` is kept as it was then."""

    kind: ActorKind
    name: str
    person_id: PersonId | None = None
    slack_id: SlackUserId | None = None
    #: What it allowed then. Whose role nobody said may only look.
    role: Role = Role.VIEWER
    #: None in what was written before doors were kept.
    door: Door | None = None
    #: The API key that was used, whoever's it is.
    key_id: str | None = None


#: What happens by itself.
TOCSIN = Actor(ActorKind.TOCSIN, "Tocsin", role=Role.ADMIN, door=Door.TIME)


class Reason(StrEnum):
    """Why a level was paged."""

    DECLARED = "declared"
    UNACKNOWLEDGED = "unacknowledged"
    TIMED_OUT = "timed_out"
    BY_HAND = "by_hand"
    UNREACHABLE = "unreachable"
    REOPENED = "reopened"
    RAISED = "raised"


@dataclass(frozen=True)
class Declared:
    title: str
    severity: Severity
    service_ids: tuple[ServiceId, ...]


@dataclass(frozen=True)
class Acknowledged:
    #: How long after the declaration (or the reopening) it came.
    after: timedelta
    is_late: bool


@dataclass(frozen=True)
class StatusChanged:
    """Between open statuses."""

    was: Status
    to: Status
    comment: str | None


@dataclass(frozen=True)
class Resolved:
    was: Status
    comment: str


@dataclass(frozen=True)
class Closed:
    was: Status
    comment: str | None


@dataclass(frozen=True)
class Reopened:
    was: Status
    comment: str


@dataclass(frozen=True)
class SeverityChanged:
    was: Severity
    to: Severity
    #: Whether the escalation began anew.
    is_restart: bool


@dataclass(frozen=True)
class TitleChanged:
    was: str
    to: str


@dataclass(frozen=True)
class DescriptionChanged:
    was: str | None
    to: str | None


@dataclass(frozen=True)
class Assigned:
    person_id: PersonId
    was: PersonId | None
    #: Whether the on-call schedule chose, not a person.
    is_automatic: bool


@dataclass(frozen=True)
class Noted:
    text: str


@dataclass(frozen=True)
class Escalated:
    level: int
    people: tuple[PersonId, ...]
    reason: Reason
    #: When the next level follows by itself; None when the acknowledge deadline or nothing decides.
    until: datetime | None
    round: int
    #: How late a deadline was carried out, because Tocsin did not run or could not write; None when on time.
    late: timedelta | None = None
    methods: Methods = field(default_factory=dict)
    later: Later = field(default_factory=dict)
    #: How often the policy had begun again before; 0 the first time through its levels.
    repeat: int = 0


@dataclass(frozen=True)
class LevelPassed:
    level: int
    #: For a person: "has nobody on call", "could not reach Ada Okafor: user_disabled".
    why: str


@dataclass(frozen=True)
class EscalationExhausted:
    """The last level went unanswered; the admins were paged."""

    people: tuple[PersonId, ...]
    round: int
    late: timedelta | None = None
    methods: Methods = field(default_factory=dict)
    later: Later = field(default_factory=dict)
    #: Whether no level had anybody to page.
    found_nobody: bool = False


@dataclass(frozen=True)
class AcknowledgementMissed:
    """The acknowledge deadline passed while a later level was already being paged."""

    late: timedelta | None = None


@dataclass(frozen=True)
class ClosureWarned:
    """80 % of the closure time is used up."""

    person_id: PersonId | None
    close_by: datetime
    late: timedelta | None = None


@dataclass(frozen=True)
class ClosureMissed:
    people: tuple[PersonId, ...]
    level: int | None
    close_by: datetime
    round: int
    late: timedelta | None = None
    methods: Methods = field(default_factory=dict)
    later: Later = field(default_factory=dict)


@dataclass(frozen=True)
class Paged:
    """A person was paged by hand."""

    person_id: PersonId
    message: str | None
    #: Those that were named, and are kept to; empty where nobody named any: the usual ones, else others.
    methods: tuple[Method, ...] = ()


@dataclass(frozen=True)
class PageFailed:
    person_id: PersonId
    method: str
    why: str


@dataclass(frozen=True)
class PageRerouted:
    """A method did not answer, and the page went out by the next one instead."""

    person_id: PersonId
    method: str
    to: str
    why: str


@dataclass(frozen=True)
class DeliveryFailed:
    """Something Slack would not do."""

    #: For a person: "the invitation of Ben Li".
    what: str
    why: str


@dataclass(frozen=True)
class PostmortemCreated:
    #: `PM-2026-001`.
    postmortem_number: str


Event = (
    Declared
    | Acknowledged
    | StatusChanged
    | Resolved
    | Closed
    | Reopened
    | SeverityChanged
    | TitleChanged
    | DescriptionChanged
    | Assigned
    | Noted
    | Escalated
    | LevelPassed
    | EscalationExhausted
    | AcknowledgementMissed
    | ClosureWarned
    | ClosureMissed
    | Paged
    | PageFailed
    | PageRerouted
    | DeliveryFailed
    | PostmortemCreated
)


@dataclass(frozen=True)
class Entry:
    """An event in its place: the n-th of its incident, when, and by whom."""

    incident_id: IncidentId
    sequence: int
    at: datetime
    by: Actor
    event: Event


def put_off(event: Escalated | EscalationExhausted | ClosureMissed) -> Mapping[PersonId, datetime]:
    """For each person who is not paged at once: when their first page goes out."""
    return {
        person_id: min(page.at for page in pages)
        for person_id, pages in event.later.items()
        if not event.methods.get(person_id, USUAL)
    }
