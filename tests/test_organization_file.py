"""The organization file: what it means, and what its author is told when it is wrong."""

import re
from contextlib import suppress
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

import manifests
from bot import organization_file
from bot.domain.ids import PersonId, ScheduleId, ServiceId, SlackUserId, TeamId
from bot.domain.organization import Level, LevelRole, Organization, Person, Service, Team
from bot.domain.rights import Role
from bot.domain.rotation import Period, Rotation
from bot.domain.schedule import Layer, Schedule
from bot.domain.sla import DEFAULT_SLAS, Severity, Sla
from bot.organization_file import FileError, document, parse
from tests.demo import organization_in
from tests.domain.samples import of_people, of_role
from tests.story import ORGANIZATION

SMALL = """\
organization:
  name: Northwind
people:
  ada: {name: Ada, email: ada@example.com, role: admin, slack: U012ABCDEF}
  ben: {name: Ben, email: ben@example.com}
  hana: {name: Hana, email: hana@example.com, role: viewer, active: no}
teams:
  payments: {name: Payments, lead: ada, manager: ada, members: [ada, ben], schedule: nights}
services:
  checkout: {name: Checkout, team: payments, default_severity: SEV1}
schedules:
  nights:
    name: Nights
    time_zone: Europe/Berlin
    handoff: 10:00
    every: 3 days
    starts_on: 2026-01-05
    participants: [ada, ben]
escalation_policies:
  default:
    levels:
      - role: primary
        timeout: 90s
      - people: [ada, ben]
  SEV0:
    levels: [{role: org_admin, timeout_minutes: 5, enabled: false}]
severities:
  SEV1: {acknowledge: 10 min}
"""


def complaints(text: str) -> list[str]:
    with pytest.raises(FileError) as error:
        parse(text, "organization.yaml")
    return str(error.value).splitlines()


def changed(old: str, new: str) -> list[str]:
    assert SMALL.count(old) == 1, old
    return complaints(SMALL.replace(old, new))


@pytest.mark.parametrize(
    "text", [SMALL, ORGANIZATION.read_text("utf-8"), manifests.text("organization.yaml")]
)
def test_file_is_read_alike_with_and_without_libyaml(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quickly = document.load(text, "organization.yaml")
    monkeypatch.setattr(document, "_Quick", document._Careful)
    assert document.load(text, "organization.yaml") == quickly


def test_demo_organization_is_complete(tmp_path: Path) -> None:
    demo = organization_file.read(organization_in(tmp_path))
    assert (len(demo.people), len(demo.teams), len(demo.services)) == (8, 3, 7)
    assert set(demo.policies) == set(Severity)
    assert demo.slas == DEFAULT_SLAS
    assert demo.announcement_channel == "incidents"
    assert demo.admins() == (PersonId("ada"),)
    assert all(service.team in demo.teams and service.key for service in demo.services.values())


def test_file_becomes_the_organization_it_describes() -> None:
    found = parse(SMALL, "x")
    ada, ben = PersonId("ada"), PersonId("ben")
    assert found.people[ada] == Person(ada, "Ada", "ada@example.com", Role.ADMIN, SlackUserId("U012ABCDEF"))
    assert found.people[ben] == Person(ben, "Ben", "ben@example.com", Role.RESPONDER)
    assert not found.people[PersonId("hana")].is_active
    payments, nights = TeamId("payments"), ScheduleId("nights")
    assert found.teams == {payments: Team(payments, "Payments", None, ada, ada, (ada, ben), nights)}
    checkout = ServiceId("checkout")
    assert found.services == {
        checkout: Service(checkout, "", "Checkout", team=payments, default_severity=Severity.SEV1)
    }
    rotation = Rotation(Period.DAY, 3, time(10), date(2026, 1, 5))
    assert found.schedules == {
        nights: Schedule(nights, "Nights", "Europe/Berlin", (Layer("rotation", rotation, (ada, ben)),))
    }


def test_default_policy_serves_the_other_severities() -> None:
    policies = parse(SMALL, "x").policies
    people = of_people(PersonId("ada"), PersonId("ben"))
    assert policies[Severity.SEV3].levels == (
        Level(1, timedelta(seconds=90), of_role(LevelRole.PRIMARY)),
        Level(2, timedelta(minutes=10), people),
    )
    assert policies[Severity.SEV0].levels == (
        Level(1, timedelta(minutes=5), of_role(LevelRole.ORG_ADMIN), enabled=False),
    )


def test_severity_without_policy_and_default_has_none() -> None:
    assert parse("organization: {name: N}", "x").policies == {}


def test_slas_that_are_not_written_are_the_defaults() -> None:
    slas = parse(SMALL, "x").slas
    assert slas[Severity.SEV1] == Sla(timedelta(minutes=10), timedelta(hours=4))
    assert slas[Severity.SEV2] == DEFAULT_SLAS[Severity.SEV2]


def test_written_file_reads_back_the_same(tmp_path: Path) -> None:
    demo = organization_file.read(organization_in(tmp_path))
    for organization in (parse(SMALL, "x"), demo):
        assert parse(organization_file.write(organization), "x", tmp_path) == organization


@settings(deadline=None)  # parsing YAML takes its time on a busy machine
@given(
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40),
    st.integers(1, 366 * 86_400),
    st.times(),
)
@example("null", 90, time(10))
@example("- a: 'b' # c", 3600, time(9))
def test_any_value_survives_being_written(name: str, seconds: int, handoff: time) -> None:
    base = parse(SMALL, "x")
    schedule = base.schedules[ScheduleId("nights")]
    [layer] = schedule.layers
    assert layer.rotation is not None
    rotation = replace(layer.rotation, handoff=time(handoff.hour, handoff.minute))
    sla = Sla(timedelta(seconds=seconds - 1) or timedelta(seconds=1), timedelta(seconds=seconds + 1))
    organization = replace(
        base,
        name=name,
        schedules={schedule.id: replace(schedule, name=name, layers=(replace(layer, rotation=rotation),))},
        slas={**base.slas, Severity.SEV3: sla} if sla.close <= timedelta(days=366) else base.slas,
    )
    assert parse(organization_file.write(organization), "x") == organization


def test_keys_without_values_count_as_absent() -> None:
    found = parse("organization: {name: N, default_service: }\npeople:\nteams: ~\n", "x")
    assert found == Organization("N")


def test_scalars_stay_as_they_are_written() -> None:
    assert parse("organization: {name: 007}", "x").name == "007"
    assert parse("organization: {name: No}", "x").name == "No"


def test_channel_may_be_written_with_its_hash() -> None:
    assert parse("organization: {name: N, announcement_channel: '#inc'}", "x").announcement_channel == "inc"


def mistakes() -> list[list[str]]:
    """Three lines for each: `- ` what is replaced, `+ ` by what, and the complaint."""
    text = Path(__file__).with_name("organization_mistakes.txt").read_text("utf-8")
    return [block.splitlines() for block in text.split("\n\n")[1:]]


@pytest.mark.parametrize(("old", "new", "complaint"), mistakes())
def test_mistake_is_told_with_its_line(old: str, new: str, complaint: str) -> None:
    before, after = (text[2:].replace("\\n", "\n") for text in (old, new))
    assert complaint.strip() in changed(before, after)


def test_one_mistake_is_told_once() -> None:
    assert len(changed("team: payments", "team: paymnts")) == 1
    assert len(changed("levels: [{role: org_admin,", "levels: [{role: nobody,")) == 1


def test_all_mistakes_are_told_at_once_in_order() -> None:
    text = SMALL.replace("role: admin", "role: amin").replace("lead: ada", "lead: zoe").replace("90s", "soon")
    lines = [int(line.split(":")[1]) for line in complaints(text)]
    assert lines == [4, 8, 23]


def test_refusal_says_what_is_wrong_with_each_field() -> None:
    with pytest.raises(FileError) as error:
        parse(SMALL.replace("lead: ada", "lead: zoe"), "x")
    assert list(error.value.details) == ["teams.payments.lead"]


ALIASES = "".join(
    f"{name}: &{name} [{', '.join([f'*{inner}'] * 9)}]\n"
    for inner, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "f.yaml: is empty"),
        ("# nothing yet\n", "f.yaml: is empty"),
        ("- a\n- b\n", "f.yaml:1: must be a mapping with the keys organization, people"),
        ("Northwind", "f.yaml:1: must be a mapping"),
        ("organization: [", "f.yaml:1: not valid YAML"),
        ("organization:\n\tname: N", "f.yaml:2: not valid YAML: .* indent with spaces, not tabs"),
        ("organization: {name: N}\n---\n{}\n", "f.yaml:2: not valid YAML: expected a single document"),
        ("organization: {name: *n}", "f.yaml:1: not valid YAML: found undefined alias"),
        ("organization:\n  name: a\0b", r"f.yaml:2: not valid YAML: the character U\+0000 is forbidden"),
        (
            "organization: !!python/object/apply:os.system [x]",
            "f.yaml:1: organization: the tag .* is not used",
        ),
        ("[a, b]: c", "f.yaml:1: a key must be a word"),
        ("[" * 100_000, "f.yaml:1: is nested deeper than 16 levels"),
        ("{a: " * 100_000, "f.yaml:1: is nested deeper than 16 levels"),
        ("a: &a [x, x, x, x, x, x, x, x, x]\n" + ALIASES, "has more than 100,000 values"),
        ("a: &a [*a]", "f.yaml:1: refers to itself"),
        ("#" * 1_000_001, "f.yaml: is too large: 1,000,001 characters"),
        ('organization: {name: "\\ud800"}', "f.yaml:1:"),
        ("organization: {name: N, default_severity: {}}", "f.yaml:1: organization.default_severity"),
        ("people: {ada: }", "f.yaml:1: people.ada.email: is missing"),
        ("organization: {<<: {name: N}}", 'f.yaml:1: organization."<<": is no key'),
    ],
)
def test_unusable_text_is_refused_in_a_sentence(text: str, expected: str) -> None:
    with pytest.raises(FileError) as error:
        parse(text, "f.yaml")
    assert re.search(expected, str(error.value)), str(error.value)
    assert len(str(error.value)) < 10_000


def test_hundreds_of_mistakes_are_counted_not_listed() -> None:
    lines = complaints("organization: {name: N}\n" + "".join(f"k{n}: 1\n" for n in range(300)))
    assert len(lines) == 51
    assert lines[-1] == "… and 250 more"


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["organization", "people", "teams", "levels", "role", "SEV1", "name", "x", ""]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.text() | trees.map(lambda tree: yaml.safe_dump(tree, allow_unicode=True)))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(FileError):
        assert parse(text, "x").name


def test_missing_file_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"absent\.yaml: cannot be read: No such file"):
        organization_file.read(tmp_path / "absent.yaml")


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("organization:\n  name: Gemüse".encode("latin-1"))
    with pytest.raises(FileError, match=r"latin\.yaml:2: is not UTF-8 text"):
        organization_file.read(path)


def test_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "notepad.yaml"
    path.write_text(SMALL, "utf-8-sig")
    assert organization_file.read(path) == parse(SMALL, "x")


def test_schema_knows_every_part_and_key() -> None:
    schema: dict[str, Any] = organization_file.json_schema()
    demo = yaml.safe_load(manifests.text("organization.yaml"))
    assert list(schema["properties"]) == list(demo)
    assert schema["additionalProperties"] is False
    assert set(schema["$defs"]["PersonPart"]["properties"]) == {
        "name",
        "email",
        "role",
        "slack",
        "channels",
        "notify",
        "quiet_hours",
        "active",
    }
    assert "15 min" in str(schema["$defs"]["LevelPart"]["properties"]["timeout"])
