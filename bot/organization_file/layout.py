"""The file's layout: one model for each part, with the file's own keys."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.domain.postmortem import PostmortemLevel
from bot.domain.rights import Role
from bot.domain.sla import DEFAULT_SEVERITY, Severity
from bot.organization_file.fields import (
    Channel,
    ChannelName,
    Day,
    Description,
    Duration,
    Email,
    Handle,
    Interval,
    Name,
    PersonRole,
    PolicyName,
    PostmortemLevelName,
    Reference,
    ServiceKey,
    SeverityName,
    SlackId,
    Target,
    TimeOfDay,
    TimeZone,
)
from bot.organization_file.problems import Path

#: How long a level has when the file does not say.
DEFAULT_TIMEOUT: Final = timedelta(minutes=10)


class Part(BaseModel):
    """A key without a value is as if it were not there."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, value: object) -> object:
        if value is None:
            return {}
        if isinstance(value, dict):
            return {key: one for key, one in value.items() if one is not None or key not in cls.model_fields}
        return value


class OrganizationPart(Part):
    name: Name
    default_severity: SeverityName = DEFAULT_SEVERITY
    default_service: Reference | None = None
    announcement_channel: ChannelName | None = None
    postmortem_level: PostmortemLevelName = PostmortemLevel.BASIC


class PersonPart(Part):
    name: Name
    email: Email
    role: PersonRole = Role.RESPONDER
    slack: SlackId | None = None
    channels: tuple[Channel, ...] = ()
    active: bool = True


class TeamPart(Part):
    name: Name
    description: Description | None = None
    lead: Reference | None = None
    manager: Reference | None = None
    members: tuple[Reference, ...] = ()
    schedule: Reference | None = None
    active: bool = True


class ServicePart(Part):
    name: Name
    description: Description | None = None
    team: Reference | None = None
    default_severity: SeverityName | None = None
    key: ServiceKey | None = None
    active: bool = True


class SchedulePart(Part):
    name: Name
    time_zone: TimeZone
    handoff: TimeOfDay
    every: Interval
    starts_on: Day
    participants: tuple[Reference, ...] = Field(min_length=1)


class LevelPart(Part):
    role: Target | None = None
    people: tuple[Reference, ...] = ()
    timeout: Duration | None = None
    timeout_minutes: int | None = Field(default=None, gt=0, le=366 * 24 * 60)
    enabled: bool = True
    channels: tuple[Channel, ...] = ()

    @model_validator(mode="after")
    def _names_one_target_and_one_timeout(self) -> "LevelPart":
        if self.role is not None and self.people:
            raise ValueError("has both a role and people; a level pages one or the other")
        if self.role is None and not self.people:
            raise ValueError("pages nobody: give it a role, or people")
        if self.timeout is not None and self.timeout_minutes is not None:
            raise ValueError("has both timeout and timeout_minutes; one is enough")
        return self

    @property
    def span(self) -> timedelta:
        if self.timeout_minutes is not None:
            return timedelta(minutes=self.timeout_minutes)
        return self.timeout or DEFAULT_TIMEOUT


class PolicyPart(Part):
    levels: tuple[LevelPart, ...] = Field(min_length=1, max_length=20)


class SeverityPart(Part):
    acknowledge: Duration | None = None
    close: Duration | None = None


class File(Part):
    """An organization file of Tocsin."""

    organization: OrganizationPart
    people: Mapping[Handle, PersonPart] = {}
    teams: Mapping[Handle, TeamPart] = {}
    services: Mapping[Handle, ServicePart] = {}
    schedules: Mapping[Handle, SchedulePart] = {}
    escalation_policies: Mapping[PolicyName, PolicyPart] = {}
    severities: Mapping[SeverityName, SeverityPart] = {}

    def severity(self, severity: Severity) -> SeverityPart:
        return self.severities.get(severity, SeverityPart())


_PARTS: Mapping[Path, type[Part]] = {
    (): File,
    ("organization",): OrganizationPart,
    ("people", "*"): PersonPart,
    ("teams", "*"): TeamPart,
    ("services", "*"): ServicePart,
    ("schedules", "*"): SchedulePart,
    ("escalation_policies", "*"): PolicyPart,
    ("escalation_policies", "*", "levels", "*"): LevelPart,
    ("severities", "*"): SeverityPart,
}


def known_keys(path: Path) -> list[str]:
    """The keys that the part at this path may have."""
    shape = tuple(part if index in (0, 2) else "*" for index, part in enumerate(path))
    part = _PARTS.get(shape)
    return list(part.model_fields) if part else []
