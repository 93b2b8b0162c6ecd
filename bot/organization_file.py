"""The organization file: YAML → `domain.organization`. Errors name the line and what is allowed."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.domain import organization as domain
from bot.domain.errors import Refusal
from bot.domain.ids import PersonId, ScheduleId, ServiceId, SlackUserId, TeamId
from bot.domain.organization import LevelRole, Organization, Role
from bot.domain.rotation import Period, Rotation
from bot.domain.schedule import Schedule
from bot.domain.sla import DEFAULT_SEVERITY, DEFAULT_SLAS, Severity, Sla
from bot.yaml_lines import Lines, Path_, Unreadable, load

#: A file larger than this (bytes) is no organization.
LARGEST = 2 * 1024 * 1024
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|min|minutes?|h|hours?|d|days?)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_EVERY = re.compile(r"(?:(\d+)\s+)?(day|week)s?")


class FileError(Refusal):
    """What is wrong with an organization file, a line for each problem."""

    code = "ORGANIZATION_FILE"

    def __init__(self, source: str, problems: Iterable[tuple[int, str, str]]) -> None:
        lines = [f"{source}:{line}: {where}{': ' if where else ''}{what}" for line, where, what in problems]
        super().__init__("\n".join(lines))


def read(path: Path) -> Organization:
    """The organization in the file. Raises FileError."""
    try:
        content = path.read_bytes()[: LARGEST + 1]
        text = content.decode("utf-8")
    except OSError as error:
        raise FileError(str(path), [(1, "", error.strerror or "cannot be read")]) from None
    except UnicodeDecodeError:
        raise FileError(str(path), [(1, "", "is not UTF-8 text")]) from None
    if len(content) > LARGEST:
        raise FileError(str(path), [(1, "", f"is larger than {LARGEST // 1024 // 1024} MiB")])
    return parse(text, str(path))


def parse(text: str, source: str) -> Organization:
    """The organization in the text; `source` names it in errors. Raises FileError."""
    try:
        content, lines = load(text)
    except Unreadable as error:
        raise FileError(source, [(error.line, "", str(error))]) from None
    if not isinstance(content, dict):
        raise FileError(source, [(1, "", f"must be a mapping with the keys {', '.join(File.model_fields)}")])
    try:
        file = File.model_validate(content)
    except ValidationError as error:
        raise FileError(source, _problems(error, lines)) from None
    if wrong := list(_wrong_references(file)):
        raise FileError(source, [(lines.of(path), ".".join(map(str, path)), what) for path, what in wrong])
    return _organization(file)


def json_schema() -> dict[str, Any]:
    """The file's JSON Schema, for editors."""
    return File.model_json_schema()


def _span(value: object) -> object:
    match = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a length of time, such as 90 s, 15 min, 4 h or 3 days")
    seconds = float(match[1]) * _UNITS[match[2][0]]
    if not 0 < seconds <= 366 * 86400:
        raise ValueError("must be longer than nothing and at most a year")
    return timedelta(seconds=seconds)


def _zone(value: object) -> object:
    if value not in available_timezones():
        near = difflib.get_close_matches(str(value), available_timezones(), n=1)
        raise ValueError(f"must be an IANA time zone, such as {near[0] if near else 'Europe/Berlin'}")
    return value


def _every(value: object) -> object:
    match = _EVERY.fullmatch(str(value).strip())
    if match is None or not 1 <= int(match[1] or 1) <= 100:
        raise ValueError("must be a number of days or weeks, such as 1 week or 3 days")
    return f"{int(match[1] or 1)} {match[2]}"


def _clock_time(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1440:
        return time(value // 60, value % 60)  # YAML 1.1 reads an unquoted 9:30 as 570
    return value


Span = Annotated[timedelta, BeforeValidator(_span, json_schema_input_type=str)]
Zone = Annotated[str, BeforeValidator(_zone)]
Every = Annotated[str, BeforeValidator(_every)]
ClockTime = Annotated[time, BeforeValidator(_clock_time, json_schema_input_type=str)]
Handle = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Head(_Part):
    name: Name
    default_severity: Severity = DEFAULT_SEVERITY
    default_service: Handle | None = None
    announcement_channel: Annotated[str, Field(pattern=r"^#?[^\s#]{1,80}$")] | None = None


class PersonPart(_Part):
    name: Name
    email: Annotated[str, Field(pattern=r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+$", max_length=254)]
    role: Role = Role.RESPONDER
    slack: Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{2,20}$")] | None = None
    active: bool = True


class TeamPart(_Part):
    name: Name
    description: str | None = None
    lead: Handle | None = None
    manager: Handle | None = None
    members: list[Handle] = []
    schedule: Handle | None = None
    active: bool = True


class ServicePart(_Part):
    name: Name
    description: str | None = None
    team: Handle | None = None
    default_severity: Severity | None = None
    key: Annotated[str, Field(pattern=r"^svc_[A-HJ-NP-TV-Z][A-HJ-NP-TV-Z2-9]{9}$")] | None = None
    active: bool = True


class SchedulePart(_Part):
    name: Name
    time_zone: Zone
    every: Every = "1 week"
    handoff: ClockTime = time(9)
    starts_on: date
    participants: list[Handle] = []


class LevelPart(_Part):
    role: LevelRole | None = None
    people: list[Handle] = []
    timeout: Span
    enabled: bool = True


class PolicyPart(_Part):
    levels: Annotated[list[LevelPart], Field(min_length=1, max_length=20)]


class SeverityPart(_Part):
    acknowledge: Span
    close: Span


class File(_Part):
    """An organization: its people, teams, services, schedules, escalation policies and severities."""

    organization: Head
    people: dict[Handle, PersonPart] = {}
    teams: dict[Handle, TeamPart] = {}
    services: dict[Handle, ServicePart] = {}
    schedules: dict[Handle, SchedulePart] = {}
    escalation_policies: dict[Severity | str, PolicyPart] = {}
    severities: dict[Severity, SeverityPart] = {}


def _problems(error: ValidationError, lines: Lines) -> list[tuple[int, str, str]]:
    """pydantic's errors with their lines; unknown keys with the nearest known one."""
    problems = []
    for one in error.errors():
        where = tuple(part for part in one["loc"] if part != "[key]")
        what = str(one["msg"]).removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            what = f"is no key here{_nearest(str(where[-1]), _keys_at(where[:-1]))}"
        elif one["type"] == "missing":
            what = "is missing"
        problems.append((lines.of(where), ".".join(map(str, where)), what))
    return sorted(problems)


def _keys_at(where: Path_) -> list[str]:
    model: type[BaseModel] = File
    for part in where:
        field = model.model_fields.get(str(part))
        if field is not None:
            found = _model_in(field.annotation)
            model = found or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = getattr(annotation, "__args__", ())
    return next((found for part in parts if (found := _model_in(part))), None)


def _nearest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1)
    allowed = f" Allowed: {', '.join(names[:20])}." if names else " There are none."
    return f"; did you mean {close[0]}?{allowed}" if close else f".{allowed}"


def _wrong_references(file: File) -> Iterable[tuple[Path_, str]]:
    """Every handle that names nothing, and what else contradicts itself."""

    def check(
        path: Path_, handle: str | None, kind: str, known: Mapping[str, object]
    ) -> list[tuple[Path_, str]]:
        if handle is None or handle in known:
            return []
        return [(path, f'"{handle}" is no {kind}{_nearest(handle, known)}')]

    yield from check(
        ("organization", "default_service"), file.organization.default_service, "service", file.services
    )
    for handle, team in file.teams.items():
        yield from check(("teams", handle, "lead"), team.lead, "person", file.people)
        yield from check(("teams", handle, "manager"), team.manager, "person", file.people)
        yield from check(("teams", handle, "schedule"), team.schedule, "schedule", file.schedules)
        for place, member in enumerate(team.members):
            yield from check(("teams", handle, "members", place), member, "person", file.people)
    for handle, service in file.services.items():
        yield from check(("services", handle, "team"), service.team, "team", file.teams)
    for handle, schedule in file.schedules.items():
        for place, person in enumerate(schedule.participants):
            yield from check(("schedules", handle, "participants", place), person, "person", file.people)
    for name, policy in file.escalation_policies.items():
        yield from _wrong_policy(name, policy, file, check)
    yield from _doubles(
        ("people",), {handle: one.email.casefold() for handle, one in file.people.items()}, "email"
    )
    yield from _doubles(("people",), {handle: one.slack for handle, one in file.people.items()}, "slack")
    yield from _doubles(("services",), {handle: one.key for handle, one in file.services.items()}, "key")
    for severity, sla in file.severities.items():
        if sla.acknowledge >= sla.close:
            yield ("severities", severity.value, "close"), "must be longer than acknowledge"


def _wrong_policy(
    name: str, policy: PolicyPart, file: File, check: Callable[..., list[tuple[Path_, str]]]
) -> Iterable[tuple[Path_, str]]:
    if name not in ("default", *Severity):
        yield ("escalation_policies", name), f"is no severity{_nearest(name, ['default', *Severity])}"
    for place, level in enumerate(policy.levels):
        here: Path_ = ("escalation_policies", name, "levels", place)
        if (level.role is None) == (not level.people):
            yield here, "must name either a role or people"
        for index, person in enumerate(level.people):
            yield from check((*here, "people", index), person, "person", file.people)


def _doubles(path: Path_, values: Mapping[str, str | None], field: str) -> Iterable[tuple[Path_, str]]:
    seen: dict[str, str] = {}
    for handle, value in values.items():
        if value is not None and value in seen:
            yield (*path, handle, field), f"is the same as that of {seen[value]}"
        elif value is not None:
            seen[value] = handle


def _organization(file: File) -> Organization:
    head = file.organization
    return Organization(
        name=head.name,
        people={PersonId(handle): _person(handle, one) for handle, one in file.people.items()},
        teams={TeamId(handle): _team(handle, one) for handle, one in file.teams.items()},
        services={ServiceId(handle): _service(handle, one) for handle, one in file.services.items()},
        schedules={ScheduleId(handle): _schedule(handle, one) for handle, one in file.schedules.items()},
        policies=_policies(file.escalation_policies),
        slas={
            **DEFAULT_SLAS,
            **{key: Sla(one.acknowledge, one.close) for key, one in file.severities.items()},
        },
        default_severity=head.default_severity,
        default_service=ServiceId(head.default_service) if head.default_service else None,
        announcement_channel=head.announcement_channel.lstrip("#") if head.announcement_channel else None,
    )


def _person(handle: str, part: PersonPart) -> domain.Person:
    slack_id = SlackUserId(part.slack) if part.slack else None
    return domain.Person(PersonId(handle), part.name, part.email, part.role, slack_id, part.active)


def _team(handle: str, part: TeamPart) -> domain.Team:
    return domain.Team(
        TeamId(handle),
        part.name,
        part.description,
        lead=PersonId(part.lead) if part.lead else None,
        manager=PersonId(part.manager) if part.manager else None,
        members=tuple(PersonId(member) for member in part.members),
        schedule=ScheduleId(part.schedule) if part.schedule else None,
        is_active=part.active,
    )


def _service(handle: str, part: ServicePart) -> domain.Service:
    return domain.Service(
        ServiceId(handle),
        part.key or "",
        part.name,
        part.description,
        TeamId(part.team) if part.team else None,
        part.default_severity,
        part.active,
    )


def _schedule(handle: str, part: SchedulePart) -> Schedule:
    count, period = part.every.split()
    return Schedule(
        ScheduleId(handle),
        part.name,
        part.time_zone,
        Rotation(Period(period), int(count), part.handoff, part.starts_on),
        tuple(PersonId(person) for person in part.participants),
    )


def _policies(parts: Mapping[Severity | str, PolicyPart]) -> dict[Severity, domain.EscalationPolicy]:
    """A policy for each severity: its own, else the default one."""
    chosen = {severity: parts.get(severity) or parts.get("default") for severity in Severity}
    return {
        severity: domain.EscalationPolicy(severity, tuple(_levels(part)))
        for severity, part in chosen.items()
        if part is not None
    }


def _levels(policy: PolicyPart) -> Iterable[domain.Level]:
    for place, part in enumerate(policy.levels, start=1):
        people = tuple(PersonId(person) for person in part.people)
        yield domain.Level(place, part.timeout, part.role, people, part.enabled)
