"""What no key can know alone: references, duplicates, and values that must fit one another.

References and duplicates are looked for in the plain values, so that they are told together with
whatever else is wrong in the file.
"""

from collections.abc import Iterator

from bot.domain.organization import TargetKind
from bot.domain.rights import Role
from bot.domain.sla import DEFAULT_SLAS, Severity
from bot.organization_file.document import Document, Value
from bot.organization_file.layout import File
from bot.organization_file.problems import Path, hint, path_text, quoted
from bot.organization_file.schedules import utc
from bot.organization_file.spans import duration_text

_LEVELS = ("escalation_policies.*.levels.*", "services.*.escalation_policies.*.levels.*")
_TARGETS = ("targets.*", "branches.*.targets.*")
_ON_CALL = (
    "schedules.*.participants.*",
    "schedules.*.layers.*.participants.*",
    "schedules.*.overrides.*.person",
)
#: Where a handle stands → the part of the file in which it must be, and what it then is.
_REFERENCES = (
    ("organization.default_service", "services", "service"),
    ("teams.*.lead", "people", "person"),
    ("teams.*.manager", "people", "person"),
    ("teams.*.members.*", "people", "person"),
    ("teams.*.schedule", "schedules", "schedule"),
    ("services.*.team", "teams", "team"),
    *((place, "people", "person") for place in _ON_CALL),
    *(
        (f"{level}.{place}", section, noun)
        for level in _LEVELS
        for place, section, noun in (
            ("people.*", "people", "person"),
            *(
                (f"{targets}.{kind}", section, noun)
                for targets in _TARGETS
                for kind, section, noun in (
                    (TargetKind.PERSON, "people", "person"),
                    (TargetKind.SCHEDULE, "schedules", "schedule"),
                    (TargetKind.SECONDARY, "schedules", "schedule"),
                    (TargetKind.TEAM_LEAD, "teams", "team"),
                    (TargetKind.TEAM, "teams", "team"),
                )
            ),
        )
    ),
)
_UNIQUE = (
    ("people.*.email", "e-mail address"),
    ("people.*.slack", "Slack id"),
    ("teams.*.name", "name"),
    ("services.*.name", "name"),
    ("services.*.key", "key"),
    ("schedules.*.user_group", "user group"),
)
#: Who stands here is paged, and must be able to answer.
_PAGED = (
    "teams.*.lead",
    "teams.*.manager",
    *_ON_CALL,
    *(
        f"{level}.{place}"
        for level in _LEVELS
        for place in ("people.*", *(f"{targets}.{TargetKind.PERSON}" for targets in _TARGETS))
    ),
)


def check(document: Document) -> None:
    """Adds to the document's problems every reference to nothing, duplicate and viewer who is paged."""
    for pattern, section, noun in _REFERENCES:
        _check_references(document, pattern, section, noun)
    for pattern, noun in _UNIQUE:
        _check_unique(document, pattern, noun)
    for handle in _handles(document.value, "schedules"):
        _check_unique(document, f"schedules.{handle}.layers.*.name", "name")
    for pattern in _PAGED:
        _check_answers(document, pattern)


def check_slas(document: Document, file: File) -> None:
    """Adds a problem for each severity that would have to be closed before it is acknowledged."""
    for severity in Severity:
        part, default = file.severity(severity), DEFAULT_SLAS[severity]
        acknowledge, close = part.acknowledge or default.acknowledge, part.close or default.close
        if acknowledge >= close:
            spans = (
                f"acknowledge ({duration_text(acknowledge)}) "
                f"must be shorter than close ({duration_text(close)})"
            )
            document.refuse(("severities", severity.value), spans)


def check_times(document: Document, file: File) -> None:
    """Adds a problem for each layer and each override that would end before it begins."""
    for handle, schedule in file.schedules.items():
        for number, layer in enumerate(schedule.layers):
            where = layer.time_zone or schedule.time_zone
            starts, ends = layer.starts_at, layer.ends_at
            if starts is not None and ends is not None and utc(ends, where) <= utc(starts, where):
                document.refuse(("schedules", handle, "layers", number), "ends_at must be after starts_at")
        for number, one in enumerate(schedule.overrides or ()):
            if utc(one.ends_at, schedule.time_zone) <= utc(one.starts_at, schedule.time_zone):
                document.refuse(("schedules", handle, "overrides", number), "to must be after from")


def _check_references(document: Document, pattern: str, section: str, noun: str) -> None:
    known = _handles(document.value, section)
    for path, value in each(document.value, pattern):
        if value not in known:
            document.refuse(path, f"{quoted(value)} is no {noun}{hint(value, known)}")


def _check_unique(document: Document, pattern: str, noun: str) -> None:
    first: dict[str, str] = {}
    for path, value in each(document.value, pattern):
        owner = path_text(path[:-1])
        other = first.setdefault(value.strip().removeprefix("@").casefold(), owner)
        if other != owner:
            document.refuse(path, f"{quoted(value)} is already the {noun} of {other}")


def _check_answers(document: Document, pattern: str) -> None:
    viewers = {
        path[1] for path, value in each(document.value, "people.*.role") if value.strip() == Role.VIEWER
    }
    for path, value in each(document.value, pattern):
        if value in viewers:
            document.refuse(path, f"{quoted(value)} is a viewer and could not answer a page")


def _handles(value: Value, section: str) -> list[str]:
    part = value.get(section) if isinstance(value, dict) else None
    return list(part) if isinstance(part, dict) else []


def each(value: Value, pattern: str) -> Iterator[tuple[Path, str]]:
    """Every text at a place that fits `teams.*.members.*`; what has another shape is passed over."""
    places: list[tuple[Path, Value]] = [((), value)]
    for key in pattern.split("."):
        places = [
            ((*path, name), inner)
            for path, outer in places
            for name, inner in _inside(outer)
            if key in ("*", name)
        ]
    yield from ((path, found) for path, found in places if isinstance(found, str))


def _inside(value: Value) -> list[tuple[str | int, Value]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []
