"""What several commands say alike: people, and levels at which the same is true."""

import shutil
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from bot.domain.ids import PersonId, ServiceId
from bot.domain.organization import Organization
from bot.domain.sla import Severity
from bot.domain.turnover import Place

Part = TypeVar("Part")


def name_of(*organizations: Organization) -> Callable[[PersonId | None], str]:
    """Gives a person's name as the first organization that knows them has it."""

    def name(person_id: PersonId | None) -> str:
        found = (one.person(person_id) for one in organizations)
        return next((person.name for person in found if person), str(person_id))

    return name


def names(people: Iterable[PersonId], name: Callable[[PersonId], str]) -> str:
    return ", ".join(map(name, people)) or "nobody"


def places(found: Sequence[Place], *organizations: Organization) -> str:
    """`Checkout, Payments · SEV0, SEV1 level 1; SEV2 levels 1, 2`: what is alike stands together."""
    services = {service: one for one in reversed(organizations) for service in one.services}
    of_service: dict[ServiceId, dict[Severity, list[int]]] = {}
    for place in found:
        of_service.setdefault(place.service, {}).setdefault(place.severity, []).append(place.level)
    told = [(service, _levels(levels)) for service, levels in of_service.items()]
    alike = _together(told)
    active = [one for one, owner in services.items() if owner.services[one].is_active]
    lines = []
    for words, handles in alike.items():
        is_all = len(active) > 1 and set(handles) >= set(active)
        who = "every service" if is_all else ", ".join(services[one].services[one].name for one in handles)
        lines.append(f"{who} · {words}")
    return " | ".join(lines)


def _levels(of_severity: dict[Severity, list[int]]) -> str:
    told = [(severity, _numbers(levels)) for severity, levels in of_severity.items()]
    return "; ".join(
        f"{'every severity' if len(severities) == len(Severity) else ', '.join(severities)} {levels}".strip()
        for levels, severities in _together(told).items()
    )


def _numbers(levels: Sequence[int]) -> str:
    if levels == [0]:
        return ""
    return f"level{'s' if len(levels) > 1 else ''} {', '.join(map(str, levels))}"


def _together(told: Iterable[tuple[Part, str]]) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    for one, words in told:
        found.setdefault(words, []).append(one)
    return found


def wrapped(text: str, indent: str = "", more: str = "  ") -> str:
    """The text on lines that fit the terminal, the second and later ones further in."""
    width = max(shutil.get_terminal_size().columns, 40)
    return textwrap.fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + more,
        break_long_words=False,
        break_on_hyphens=False,
    )
