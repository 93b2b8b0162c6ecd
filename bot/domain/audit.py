"""What the audit log keeps: who changed what, from what to what, and what they were refused.

The timeline tells an incident's story to those who work on it; the audit log answers who had which right
and used it. So it holds changes of severity, status and assignee, of the organization, of roles and of who
is who, of API keys and of calendar feeds; never a text that somebody wrote about an incident, and never a
secret.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.incident import Incident
from bot.domain.organization import Organization, Person
from bot.domain.override import relieved
from bot.domain.schedule import Override, Schedule

#: So many names of one sort are told of a change; the rest is counted.
_NAMED = 10


class Action(StrEnum):
    STATUS = "status"
    SEVERITY = "severity"
    ASSIGNEE = "assignee"
    ORGANIZATION = "organization"
    ROLE = "role"
    #: Who is on call in a schedule, and when.
    DUTY = "on call"
    #: By which addresses a person is recognised.
    IDENTITY = "identity"
    KEY_CREATED = "key created"
    KEY_REVOKED = "key revoked"
    FEED_CREATED = "feed created"
    FEED_REVOKED = "feed revoked"
    #: Somebody known asked for more than their role or their key allows.
    REFUSED = "refused"


@dataclass(frozen=True)
class Change:
    action: Action
    #: Whose or what: a person's handle, a key's name and id, the right that was lacking.
    subject: str | None = None
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class AuditEntry:
    """A change in its place, with who made it as they were then."""

    id: int
    at: datetime
    action: Action
    number: str | None
    subject: str | None
    before: str | None
    after: str | None
    door: str | None
    actor_kind: str
    actor: str
    role: str
    person_id: str | None
    key_id: str | None


def of_incident(before: Incident, after: Incident) -> list[Change]:
    """What of this change to an incident is kept."""
    pairs = (
        (Action.STATUS, before.status, after.status),
        (Action.SEVERITY, before.severity, after.severity),
        (Action.ASSIGNEE, before.assignee_id, after.assignee_id),
    )
    return [Change(action, None, was, to) for action, was, to in pairs if was != to]


def of_organization(before: Organization, after: Organization) -> list[Change]:
    """What an applied organization changes, in short, and each person whose rights it touches."""
    changes = [Change(Action.ORGANIZATION, after=summary(before, after))]
    for handle in sorted({*before.people, *after.people}):
        was, to = before.people.get(handle), after.people.get(handle)
        for action, told in ((Action.ROLE, _role), (Action.IDENTITY, _identity)):
            if told(was) != told(to):
                changes.append(Change(action, handle, told(was), told(to)))
    return changes


def of_duty(before: Schedule, override: Override) -> Change:
    """Who is on call in that time now, and who was before."""
    span = f"{override.starts_at:%Y-%m-%d %H:%M} – {override.ends_at:%Y-%m-%d %H:%M} UTC"
    was = ", ".join(relieved(before, override)) or None
    return Change(Action.DUTY, before.id, was, f"{override.person}, {span}")


def summary(before: Organization, after: Organization) -> str:
    """`people +zoe −ben ~ada; default_severity SEV2 → SEV3`: added, removed, changed."""
    return "; ".join([*_parts(before, after), *_settings(before, after)]) or "nothing that is shown"


def _parts(before: Organization, after: Organization) -> Iterator[str]:
    for part in ("people", "teams", "services", "schedules", "policies", "slas", "urgencies"):
        was, to = _present(getattr(before, part)), _present(getattr(after, part))
        marks = [
            *_marked("+", sorted(to.keys() - was.keys())),
            *_marked("−", sorted(was.keys() - to.keys())),
            *_marked("~", sorted(one for one in was.keys() & to.keys() if was[one] != to[one])),
        ]
        if marks:
            yield " ".join([part, *marks])


def _settings(before: Organization, after: Organization) -> Iterator[str]:
    for name in ("name", "default_severity", "default_service", "announcement_channel", "postmortem_level"):
        was, to = getattr(before, name), getattr(after, name)
        if was != to:
            yield f"{name} {was or 'none'} → {to or 'none'}"


def _present(part: Mapping[str, Any]) -> dict[str, Any]:
    return {handle: one for handle, one in part.items() if getattr(one, "is_active", True)}


def _marked(mark: str, names: list[str]) -> list[str]:
    more = [f"{mark}{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return [f"{mark}{name}" for name in names[:_NAMED]] + more


def _role(person: Person | None) -> str | None:
    """None for who can do nothing at all."""
    return person.role.value if person is not None and person.is_active else None


def _identity(person: Person | None) -> str | None:
    if person is None or not person.is_active:
        return None
    return " ".join(filter(None, (person.email, person.slack_id)))
