"""The README says what is so."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from bot.api.envelope import STATUSES
from bot.domain.api_key import Scope
from bot.domain.incident import MOVES
from bot.domain.rights import RIGHTS, Right, Role
from bot.domain.sla import DEFAULT_SLAS, Severity
from bot.settings import Settings
from bot.slack.verbs import USAGE
from bot.slack.views.kit import span

README = Path("README.md").read_text(encoding="utf-8")


def test_every_move_of_an_incident_is_told() -> None:
    rows = dict(re.findall(r"^\| `([a-z]+)` \| (`.+`) \|$", README, re.MULTILINE))
    told = {was: tuple(re.findall(r"`(\w+)`", to)) for was, to in rows.items()}
    assert told == {was.value: tuple(to.value for to in tos) for was, tos in MOVES.items()}


def test_every_right_is_told_of_the_first_role_that_has_it() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (?:also: )?([a-zAPI ,]+) \|$", README, re.MULTILINE))
    told, known = {}, set[Right]()
    for role in (Role.VIEWER, Role.RESPONDER, Role.ADMIN):
        told[role.value] = {right.value for right in RIGHTS[role] - known}
        known |= RIGHTS[role]
    assert {role: set(rights.split(", ")) for role, rights in rows.items()} == told


@pytest.mark.parametrize("verb", USAGE)
def test_every_command_is_told(verb: str) -> None:
    assert f"`/incident {verb}" in README


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_is_told(name: str) -> None:
    variable = {"organization": "TOCSIN_ORGANIZATION", "proxies": "HTTPS_PROXY"}.get(name, name.upper())
    assert f"`{variable}`" in README


@pytest.mark.parametrize("scope", Scope)
def test_every_scope_is_told(scope: Scope) -> None:
    assert f"`{scope}`" in README


@pytest.mark.parametrize(("code", "status"), STATUSES.items())
def test_every_code_is_told_with_its_status(code: str, status: int) -> None:
    assert re.search(rf"^\| [^|]*\b{status}\b[^|]* \| .*`{code}`", README, re.MULTILINE)


@pytest.mark.parametrize("severity", Severity)
def test_every_default_sla_is_told(severity: Severity) -> None:
    sla = DEFAULT_SLAS[severity]
    close = f"{round(sla.close.total_seconds() / 3600)} h"
    assert re.search(rf"^\| {severity}[^|]*\| {span(sla.acknowledge)} \| {close} \|$", README, re.MULTILINE)


def test_every_path_it_names_exists() -> None:
    named = re.findall(r"`((?:bot|storage|manifests|tests)/[\w/.]+)`", README)
    assert named
    assert [path for path in named if not Path(path).exists()] == []
