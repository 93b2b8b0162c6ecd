"""People, teams, services, schedules, policies and severities: one frozen value.

The organization is read and replaced whole. It is small (a thousand people are a few hundred
kilobytes), it changes a few times a week, and every rule needs several parts of it together; kept as
one value with a revision, a change is one row, and what an operation saw is never half old.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain import contact
from bot.domain.contact import DEFAULT_URGENCIES, USUAL, Later, Method, Methods, Rule, Urgency
from bot.domain.hours import LocalHours
from bot.domain.ids import PersonId, ScheduleId, ServiceId, SlackUserId, TeamId
from bot.domain.postmortem import PostmortemLevel
from bot.domain.rights import Role
from bot.domain.schedule import Schedule, Shift, on_call
from bot.domain.sla import DEFAULT_SEVERITY, DEFAULT_SLAS, Severity, Sla


@dataclass(frozen=True)
class Person:
    id: PersonId
    name: str
    email: str
    role: Role = Role.RESPONDER
    #: As the organization file says, else as found by e-mail; None until found.
    slack_id: SlackUserId | None = None
    is_active: bool = True
    #: How to reach them; empty leaves it to the level, and else to Slack.
    channels: tuple[Method, ...] = ()
    #: How soon by which method, for each urgency; empty: by `channels`, at once.
    rules: Mapping[Urgency, tuple[Rule, ...]] = field(default_factory=dict, hash=False)
    #: Pages of low urgency wait until they end.
    quiet: LocalHours | None = None


@dataclass(frozen=True)
class Team:
    id: TeamId
    name: str
    description: str | None = None
    lead: PersonId | None = None
    manager: PersonId | None = None
    members: tuple[PersonId, ...] = ()
    schedule: ScheduleId | None = None
    is_active: bool = True
    #: Name of the team's Slack channel, without `#`: it hears of gaps in the schedule.
    channel: str | None = None


@dataclass(frozen=True)
class Service:
    id: ServiceId
    #: Public, generated once, never changed: `svc_K7M4Q9TZ2H`.
    key: str
    name: str
    description: str | None = None
    team: TeamId | None = None
    default_severity: Severity | None = None
    is_active: bool = True
    #: Its own escalation policies, before the organization's.
    policies: Mapping[Severity, "EscalationPolicy"] = field(default_factory=dict, hash=False)


class LevelRole(StrEnum):
    """Whom a level pages, seen from the incident's services and team."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    TEAM_LEAD = "team_lead"
    MANAGER = "manager"
    ORG_ADMIN = "org_admin"


class TargetKind(StrEnum):
    """What a level's target is; the value is the organization file's key."""

    #: Its name is a LevelRole, seen from the incident's teams.
    ROLE = "role"
    PERSON = "person"
    #: Who is on call by this schedule.
    SCHEDULE = "schedule"
    #: Who stands behind them.
    SECONDARY = "secondary_of"
    TEAM_LEAD = "lead_of"
    #: All of the team, with its lead.
    TEAM = "team"
    #: All of a Slack user group, named by its handle without `@`.
    USER_GROUP = "user_group"


@dataclass(frozen=True)
class Target:
    kind: TargetKind
    name: str


@dataclass(frozen=True)
class Branch:
    """Whom a level pages instead during these hours."""

    during: LocalHours
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Level:
    """One step of a policy: whom it pages, and how long they have to acknowledge."""

    level: int
    timeout: timedelta
    targets: tuple[Target, ...]
    #: The first whose hours cover the moment of paging takes the place of `targets`.
    branches: tuple[Branch, ...] = ()
    enabled: bool = True
    #: By which its people are reached besides their own.
    channels: tuple[Method, ...] = ()

    def targets_at(self, now: datetime) -> tuple[Target, ...]:
        covering = (branch.targets for branch in self.branches if branch.during.covers(now))
        return next(covering, self.targets)

    @property
    def role(self) -> LevelRole | None:
        """The role that is all of the level; None where it names its targets."""
        if len(self.targets) != 1 or self.branches or self.targets[0].kind is not TargetKind.ROLE:
            return None
        return LevelRole(self.targets[0].name)


@dataclass(frozen=True)
class EscalationPolicy:
    severity: Severity
    levels: tuple[Level, ...]
    #: After the last level it begins again, so often.
    repeat: int = 0


@dataclass(frozen=True)
class Organization:
    name: str
    people: Mapping[PersonId, Person] = field(default_factory=dict)
    teams: Mapping[TeamId, Team] = field(default_factory=dict)
    services: Mapping[ServiceId, Service] = field(default_factory=dict)
    schedules: Mapping[ScheduleId, Schedule] = field(default_factory=dict)
    #: Those whose overrides stay as they are when this is applied: its file does not mention them.
    keeps_overrides: frozenset[ScheduleId] = field(default=frozenset(), compare=False)
    policies: Mapping[Severity, EscalationPolicy] = field(default_factory=dict)
    slas: Mapping[Severity, Sla] = field(default_factory=lambda: dict(DEFAULT_SLAS))
    urgencies: Mapping[Severity, Urgency] = field(default_factory=lambda: dict(DEFAULT_URGENCIES))
    default_severity: Severity = DEFAULT_SEVERITY
    #: The service of an incident that is declared without one.
    default_service: ServiceId | None = None
    #: Name of the Slack channel that hears of every incident, without `#`; None announces nowhere.
    announcement_channel: str | None = None
    #: How much its postmortems must tell.
    postmortem_level: PostmortemLevel = PostmortemLevel.BASIC
    #: Who is in each Slack user group, as last seen there. Filled in when the organization is looked up.
    user_groups: Mapping[str, tuple[PersonId, ...]] = field(default_factory=dict)

    def person(self, person_id: PersonId | None) -> Person | None:
        return self.people.get(person_id) if person_id is not None else None

    def person_by_email(self, email: str) -> Person | None:
        wanted = email.strip().casefold()
        return next((one for one in self.people.values() if one.email.casefold() == wanted), None)

    def service_named(self, text: str) -> Service | None:
        """The service with this key, handle or name; capitals do not matter."""
        wanted = text.strip().casefold()
        for service in self.services.values():
            if wanted in (service.key.casefold(), service.id.casefold(), service.name.casefold()):
                return service
        return None

    def person_called(self, text: str) -> Person | None:
        """The active person with this handle or e-mail address, else the only one with this in their name."""
        wanted = " ".join(text.split()).casefold().removeprefix("@")
        active = [one for one in self.people.values() if one.is_active]
        known = [one for one in active if wanted in (one.id.casefold(), one.email.casefold())]
        named = [one for one in active if f" {wanted} " in f" {one.name.casefold()} "]
        found = known or named
        return found[0] if len(found) == 1 else None

    def team_named(self, text: str) -> Team | None:
        wanted = text.strip().casefold()
        teams = self.teams.values()
        return next((team for team in teams if wanted in (team.id.casefold(), team.name.casefold())), None)

    def team_titled(self, name: str) -> Team | None:
        """The team with this name; capitals do not matter. An active one before one that is not."""
        wanted = " ".join(name.split()).casefold()
        found = [team for team in self.teams.values() if team.name.casefold() == wanted]
        return min(found, key=lambda team: not team.is_active, default=None)

    def policy(self, severity: Severity, service_ids: Iterable[ServiceId]) -> EscalationPolicy | None:
        """That of the first of these services with one of its own, else the organization's."""
        for service_id in service_ids:
            service = self.services.get(service_id)
            if service is not None and service.is_active and severity in service.policies:
                return service.policies[severity]
        return self.policies.get(severity)

    def admins(self) -> tuple[PersonId, ...]:
        return tuple(one.id for one in self.people.values() if one.role is Role.ADMIN and one.is_active)

    def pages(
        self, people: Iterable[PersonId], urgency: Urgency, now: datetime, level: Level | None = None
    ) -> tuple[Methods, Later]:
        """How each of the people is paged now, and later.

        At once by all that the level names, and as the person's rules say; without rules, by all that the
        person names; by Slack if nothing is named. Quiet hours put off what has low urgency.
        """
        of_level = level.channels if level else ()
        methods, later = {}, {}
        for person_id in people:
            person = self.people.get(person_id)
            rules = person.rules.get(urgency, ()) if person else ()
            quiet = person.quiet if person and urgency is Urgency.LOW else None
            named = of_level if person is None or rules else (*of_level, *person.channels)
            at_once = tuple(dict.fromkeys(named or (() if rules else USUAL)))
            if rules or quiet is not None:
                at_once, follow = contact.pages((*map(Rule, at_once), *rules), now, quiet)
                if follow:
                    later[person_id] = follow
            methods[person_id] = at_once
        return methods, later

    def shift(self, team: Team, now: datetime) -> Shift | None:
        """Who of the team is on call; None when the team has no schedule."""
        schedule = self.schedules.get(team.schedule) if team.schedule is not None else None
        return on_call(schedule, now) if schedule else None
