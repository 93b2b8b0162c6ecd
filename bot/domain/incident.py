"""An incident, its statuses, and the moves it can make."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from unicodedata import category

from bot.domain.errors import AlreadyAcknowledged, Invalid, InvalidTransition
from bot.domain.ids import IncidentId, PersonId, ServiceId, TeamId
from bot.domain.sla import Severity, Sla

TITLE_LIMIT = 200
DESCRIPTION_LIMIT = 10_000
COMMENT_LIMIT = 500
NOTE_LIMIT = 3000
#: Unicode categories of what is not printed, and characters that are printed as nothing.
_UNSEEN, _BLANKS = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"}), frozenset("\u2800\u3164\u115f\u1160\uffa0")


class Status(StrEnum):
    NEW = "new"
    INVESTIGATING = "investigating"
    FIXING = "fixing"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_open(self) -> bool:
        return self in OPEN


OPEN = frozenset({Status.NEW, Status.INVESTIGATING, Status.FIXING, Status.MONITORING})
_WORKING = (Status.INVESTIGATING, Status.FIXING, Status.MONITORING)
_DONE = (Status.RESOLVED, Status.CLOSED)

#: The state machine: from each status, where an incident can go. Source: the HTTP API's contract.
MOVES: Mapping[Status, tuple[Status, ...]] = {
    Status.NEW: (*_WORKING, *_DONE),
    Status.INVESTIGATING: (Status.FIXING, Status.MONITORING, *_DONE),
    Status.FIXING: (Status.INVESTIGATING, Status.MONITORING, *_DONE),
    Status.MONITORING: (Status.INVESTIGATING, Status.FIXING, *_DONE),
    Status.RESOLVED: (Status.INVESTIGATING, Status.CLOSED),
    Status.CLOSED: (Status.INVESTIGATING,),
}


def needs_comment(was: Status, to: Status) -> bool:
    """Ending an open incident and reopening an ended one must be explained."""
    return was.is_open != to.is_open


@dataclass(frozen=True)
class Incident:
    id: IncidentId
    number: str
    #: Grows with every change: who wants to write must have seen the latest.
    version: int
    #: The sequence number of its newest timeline event.
    sequence: int
    title: str
    description: str | None
    severity: Severity
    status: Status
    service_ids: tuple[ServiceId, ...]
    team_id: TeamId | None
    assignee_id: PersonId | None
    created_at: datetime
    declared_by: str
    acknowledge_by: datetime
    close_by: datetime
    #: Since when the closure clock runs: the declaration, or the last reopening.
    clock_started_at: datetime
    #: The escalation level that was paged last; 0 before any.
    level: int = 0
    #: Counts how often the escalation began anew (reopened, severity raised).
    round: int = 1
    #: Whether the last level went unanswered in this round.
    is_exhausted: bool = False
    #: How often the policy has begun again from its first level in this round.
    repeats: int = 0
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolved_by_id: PersonId | None = None
    closed_at: datetime | None = None

    def but(self, **changes: Any) -> "Incident":
        """As `dataclasses.replace`, eight times as fast: for what each declaration and deadline changes."""
        changed = object.__new__(Incident)
        changed.__dict__.update(self.__dict__, **changes)
        return changed

    @property
    def is_open(self) -> bool:
        return self.status.is_open

    @property
    def ended_as(self) -> Status:
        """What it became when it ended first: that is what `resolved_by` did, at `resolved_at`."""
        return Status.CLOSED if self.resolved_at in (None, self.closed_at) else Status.RESOLVED

    @property
    def awaits_acknowledgement(self) -> bool:
        """Whether the escalation clock runs."""
        return self.is_open and self.acknowledged_at is None


def check_open(incident: Incident, wanted: str) -> None:
    """Raises InvalidTransition for an incident that is over: `wanted` is what it cannot, as `be assigned`."""
    if not incident.is_open:
        raise InvalidTransition(incident.number, incident.status, MOVES[incident.status], wanted)


def check_move(incident: Incident, to: Status, comment: str | None) -> None:
    """Raises InvalidTransition or, where a comment is missing, Invalid."""
    if to not in MOVES[incident.status]:
        raise InvalidTransition(incident.number, incident.status, MOVES[incident.status], f"become {to}")
    if needs_comment(incident.status, to) and not (comment or "").strip():
        wanted = "why it is reopened" if to.is_open else "what fixed it, or why it ends"
        raise Invalid(comment=f"is required to go from {incident.status} to {to}: say {wanted}")


def move(incident: Incident, to: Status, comment: str | None) -> Incident:
    """The incident after a move between open statuses or from resolved to closed."""
    check_move(incident, to, comment)
    return replace(incident, status=to)


def end(incident: Incident, to: Status, comment: str | None, now: datetime, by: "Ender") -> Incident:
    """The incident resolved or closed; closing what was never resolved resolves it too."""
    check_move(incident, to, comment)
    first_end = incident.resolved_at is None
    return replace(
        incident,
        status=to,
        resolved_at=now if first_end else incident.resolved_at,
        resolved_by=by.name if first_end else incident.resolved_by,
        resolved_by_id=by.person_id if first_end else incident.resolved_by_id,
        closed_at=now if to is Status.CLOSED else None,
    )


@dataclass(frozen=True)
class Ender:
    """Who resolved or closed an incident."""

    name: str
    person_id: PersonId | None


def reopen(incident: Incident, comment: str | None, now: datetime, sla: Sla) -> Incident:
    """The incident under investigation again: nobody has acknowledged it, its clock starts over."""
    if incident.is_open:
        raise InvalidTransition(incident.number, incident.status, MOVES[incident.status], "be reopened")
    check_move(incident, Status.INVESTIGATING, comment)
    return replace(
        restart_escalation(incident),
        status=Status.INVESTIGATING,
        resolved_at=None,
        resolved_by=None,
        resolved_by_id=None,
        closed_at=None,
        clock_started_at=now,
        acknowledge_by=sla.acknowledge_by(now),
        close_by=sla.close_by(now),
    )


def acknowledge(incident: Incident, now: datetime, name: str, person_id: PersonId | None) -> Incident:
    """The incident acknowledged, and assigned to the person who did; keys leave the assignee."""
    check_open(incident, "be acknowledged")
    if incident.acknowledged_at is not None:
        by = incident.acknowledged_by or "somebody"
        raise AlreadyAcknowledged(incident.number, by, incident.acknowledged_at)
    return replace(
        incident,
        status=Status.INVESTIGATING if incident.status is Status.NEW else incident.status,
        acknowledged_at=now,
        acknowledged_by=name,
        assignee_id=person_id or incident.assignee_id,
    )


def restart_escalation(incident: Incident) -> Incident:
    """The incident before anybody was paged, in a new round."""
    return replace(
        incident,
        level=0,
        round=incident.round + 1,
        repeats=0,
        is_exhausted=False,
        acknowledged_at=None,
        acknowledged_by=None,
    )


def change_severity(incident: Incident, to: Severity, sla: Sla, now: datetime) -> Incident:
    """The incident with another severity; deadlines not yet met count from when its clock started.

    Raising the severity of an open incident begins the escalation anew. What was acknowledged
    already must then be acknowledged again, within the new severity's time from now. Lowering it takes
    no time away: who was asked again may have more than is left since the clock started.
    """
    changed = replace(
        incident,
        severity=to,
        close_by=incident.close_by if not incident.is_open else sla.close_by(incident.clock_started_at),
    )
    if not incident.is_open:
        return changed
    if to.is_worse_than(incident.severity):
        since = incident.clock_started_at if incident.acknowledged_at is None else now
        return replace(restart_escalation(changed), acknowledge_by=sla.acknowledge_by(since))
    if incident.acknowledged_at is None:
        by = max(incident.acknowledge_by, sla.acknowledge_by(incident.clock_started_at))
        return replace(changed, acknowledge_by=by)
    return changed


def checked_title(title: str) -> str:
    """The title without space around it. Raises Invalid when it is empty or too long."""
    trimmed = seen(" ".join(title.split()))
    if not 1 <= len(trimmed) <= TITLE_LIMIT:
        raise Invalid(title=f"must have 1 to {TITLE_LIMIT} characters, has {len(trimmed)}")
    return trimmed


def seen(text: str) -> str:
    """The text, or nothing if nothing of it can be seen."""
    is_seen = any(category(one) not in _UNSEEN and one not in _BLANKS for one in text)
    return text if is_seen else ""


def checked_text(field: str, text: str | None, limit: int) -> str | None:
    """The text without space around it, None when nothing is left. Raises Invalid when too long."""
    trimmed = seen((text or "").strip())
    if len(trimmed) > limit:
        raise Invalid(**{field: f"must have at most {limit} characters, has {len(trimmed)}"})
    return trimmed or None
