"""The file's layout: one model for each part, with the file's own keys."""

from collections.abc import Mapping

from bot.domain.postmortem import PostmortemLevel
from bot.domain.rights import Role
from bot.domain.sla import DEFAULT_SEVERITY, Severity
from bot.organization_file import part
from bot.organization_file.fields import (
    Channel,
    ChannelName,
    Description,
    Duration,
    Email,
    Handle,
    Name,
    PersonRole,
    PolicyName,
    PostmortemLevelName,
    Reference,
    ServiceKey,
    SeverityName,
    SlackId,
    UrgencyName,
)
from bot.organization_file.hours import QuietPart
from bot.organization_file.part import Part
from bot.organization_file.policies import PolicyPart
from bot.organization_file.problems import Path
from bot.organization_file.rules import NotifyPart
from bot.organization_file.schedules import SchedulePart


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
    notify: NotifyPart | None = None
    quiet_hours: QuietPart | None = None
    active: bool = True


class TeamPart(Part):
    name: Name
    description: Description | None = None
    lead: Reference | None = None
    manager: Reference | None = None
    members: tuple[Reference, ...] = ()
    schedule: Reference | None = None
    channel: ChannelName | None = None
    active: bool = True


class ServicePart(Part):
    name: Name
    description: Description | None = None
    team: Reference | None = None
    default_severity: SeverityName | None = None
    key: ServiceKey | None = None
    escalation_policies: Mapping[PolicyName, PolicyPart] = {}
    active: bool = True


class SeverityPart(Part):
    acknowledge: Duration | None = None
    close: Duration | None = None
    urgency: UrgencyName | None = None


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


def known_keys(path: Path) -> list[str]:
    """The keys that the part at this path may have."""
    return part.known_keys(File, path)
