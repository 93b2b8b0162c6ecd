"""Escalation policies in the file ↔ `domain.organization`; those of a service are written the same way."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from pydantic import Field, model_validator

from bot.domain.hours import LocalHours
from bot.domain.organization import Branch, EscalationPolicy, Level, LevelRole, Target, TargetKind
from bot.domain.sla import Severity
from bot.organization_file.fields import (
    DEFAULT_POLICY,
    Channel,
    Duration,
    PolicyName,
    Reference,
    RoleName,
    TimeZone,
    UserGroup,
)
from bot.organization_file.hours import HoursPart, hours_part
from bot.organization_file.part import Part

#: How long a level has when the file does not say.
DEFAULT_TIMEOUT: Final = timedelta(minutes=10)
MOST_REPEATS: Final = 10


class TargetPart(Part):
    role: RoleName | None = None
    person: Reference | None = None
    schedule: Reference | None = None
    secondary_of: Reference | None = None
    lead_of: Reference | None = None
    team: Reference | None = None
    user_group: UserGroup | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "TargetPart":
        given = [kind for kind in TargetKind if getattr(self, kind) is not None]
        if len(given) > 1:
            raise ValueError(f"has both {given[0]} and {given[1]}; write a target for each")
        if not given:
            raise ValueError(f"names nobody: give it one of {', '.join(TargetKind)}")
        return self

    @property
    def value(self) -> Target:
        kind = next(kind for kind in TargetKind if getattr(self, kind) is not None)
        return Target(kind, str(getattr(self, kind)))


class BranchPart(Part):
    during: tuple[HoursPart, ...] = Field(min_length=1, max_length=20)
    time_zone: TimeZone
    targets: tuple[TargetPart, ...] = Field(min_length=1, max_length=50)

    @property
    def value(self) -> Branch:
        during = LocalHours(tuple(one.value for one in self.during), self.time_zone)
        return Branch(during, _targets(self.targets))


class LevelPart(Part):
    role: RoleName | None = None
    people: tuple[Reference, ...] = ()
    targets: tuple[TargetPart, ...] = Field((), max_length=50)
    timeout: Duration | None = None
    timeout_minutes: int | None = Field(default=None, gt=0, le=366 * 24 * 60)
    branches: tuple[BranchPart, ...] = Field((), max_length=20)
    enabled: bool = True
    channels: tuple[Channel, ...] = ()

    @model_validator(mode="after")
    def _names_its_targets_once_and_one_timeout(self) -> "LevelPart":
        given = [name for name in ("role", "people", "targets") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"has both {given[0]} and {given[1]}; write all that it pages as targets")
        if not given:
            raise ValueError("pages nobody: give it a role, people or targets")
        if self.timeout is not None and self.timeout_minutes is not None:
            raise ValueError("has both timeout and timeout_minutes; one is enough")
        return self

    def value(self, number: int) -> Level:
        roles = [TargetPart(role=self.role)] if self.role is not None else []
        people = [TargetPart(person=one) for one in self.people]
        minutes = timedelta(minutes=self.timeout_minutes) if self.timeout_minutes is not None else None
        return Level(
            number,
            minutes or self.timeout or DEFAULT_TIMEOUT,
            _targets((*roles, *people, *self.targets)),
            tuple(one.value for one in self.branches),
            self.enabled,
            tuple(dict.fromkeys(self.channels)),
        )


class PolicyPart(Part):
    levels: tuple[LevelPart, ...] = Field(min_length=1, max_length=20)
    repeat: int = Field(0, ge=0, le=MOST_REPEATS)


def policies(parts: Mapping[str, PolicyPart]) -> dict[Severity, EscalationPolicy]:
    """One for each severity: its own, else the default; none where there is neither."""
    chosen = {severity: parts.get(severity, parts.get(DEFAULT_POLICY)) for severity in Severity}
    return {
        severity: EscalationPolicy(
            severity, tuple(one.value(number) for number, one in enumerate(part.levels, 1)), part.repeat
        )
        for severity, part in chosen.items()
        if part is not None
    }


def policy_parts(found: Mapping[Severity, EscalationPolicy]) -> dict[PolicyName, PolicyPart]:
    """The policies as parts. Where every severity has one, that of most of them is the default."""
    parts = {
        severity.value: PolicyPart(levels=tuple(map(_level_part, policy.levels)), repeat=policy.repeat)
        for severity, policy in sorted(found.items())
    }
    usual, count = Counter(parts.values()).most_common(1)[0] if parts else (None, 0)
    if usual is None or count == 1 or len(parts) < len(Severity):
        return {**parts}
    return {DEFAULT_POLICY: usual, **{name: part for name, part in parts.items() if part != usual}}


def _targets(parts: tuple[TargetPart, ...]) -> tuple[Target, ...]:
    return tuple(dict.fromkeys(part.value for part in parts))


def _level_part(one: Level) -> LevelPart:
    """In its short form where it has one."""
    kinds = {target.kind for target in one.targets}
    has_role = len(one.targets) == 1 and kinds == {TargetKind.ROLE}
    has_people = kinds == {TargetKind.PERSON}
    return LevelPart(
        role=LevelRole(one.targets[0].name) if has_role else None,
        people=tuple(target.name for target in one.targets) if has_people else (),
        targets=() if has_role or has_people else tuple(map(_target_part, one.targets)),
        timeout=one.timeout,
        branches=tuple(map(_branch_part, one.branches)),
        enabled=one.enabled,
        channels=one.channels,
    )


def _branch_part(one: Branch) -> BranchPart:
    return BranchPart(
        during=tuple(map(hours_part, one.during.hours)),
        time_zone=one.during.time_zone,
        targets=tuple(map(_target_part, one.targets)),
    )


def _target_part(one: Target) -> TargetPart:
    return TargetPart.model_validate({one.kind.value: one.name})
