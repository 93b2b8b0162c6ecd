"""Escalation policies, notification rules and quiet hours in the organization file."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from bot import organization_file
from bot.domain.contact import Method, Rule, Urgency
from bot.domain.hours import Hours, LocalHours, Weekday
from bot.domain.ids import PersonId, ServiceId, TeamId
from bot.domain.organization import Branch, EscalationPolicy, Level, LevelRole, Target, TargetKind
from bot.domain.sla import Severity
from bot.organization_file import FileError, parse
from tests.domain.samples import of_people, of_role

FULL = """\
organization: {name: Northwind}
people:
  ada:
    name: Ada
    email: ada@example.com
    notify:
      high: [{channel: slack}, {channel: email, after: 5 min}]
      low: [{channel: slack, after: 10 min}]
    quiet_hours: {time_zone: Europe/Berlin, hours: [{from: "22:00", to: "07:00"}]}
  hana: {name: Hana, email: hana@example.com, role: viewer}
teams:
  shop: {name: Shop, members: [ada], channel: shop-team}
services:
  checkout:
    name: Checkout
    escalation_policies:
      SEV1: {levels: [{people: [ada]}], repeat: 2}
  search:
    name: Search
    escalation_policies:
      default: {levels: [{targets: [{team: shop}]}]}
schedules:
  shop: {name: Shop, time_zone: UTC, handoff: "09:00", every: 1 week, starts_on: 2026-01-05,
    participants: [ada]}
escalation_policies:
  SEV1:
    repeat: 2
    levels:
      - role: primary
      - targets:
          - schedule: shop
          - secondary_of: shop
          - lead_of: shop
          - user_group: "@oncall-db"
          - person: ada
          - role: manager
        timeout: 15 min
        branches:
          - during: [{from: "09:00", to: "17:00", days: [fri, mon]}]
            time_zone: Europe/Berlin
            targets: [{team: shop}]
severities:
  SEV3: {urgency: high}
"""
MINUTES = timedelta(minutes=1)


def test_level_has_several_targets_and_branches() -> None:
    policy = parse(FULL, "x").policies[Severity.SEV1]
    office = Hours(time(9), time(17), (Weekday.MON, Weekday.FRI))
    second = Level(
        2,
        15 * MINUTES,
        (
            Target(TargetKind.SCHEDULE, "shop"),
            Target(TargetKind.SECONDARY, "shop"),
            Target(TargetKind.TEAM_LEAD, "shop"),
            Target(TargetKind.USER_GROUP, "oncall-db"),
            Target(TargetKind.PERSON, "ada"),
            Target(TargetKind.ROLE, LevelRole.MANAGER),
        ),
        (Branch(LocalHours((office,), "Europe/Berlin"), (Target(TargetKind.TEAM, "shop"),)),),
    )
    assert policy.repeat == 2
    assert policy.levels == (Level(1, 10 * MINUTES, of_role(LevelRole.PRIMARY)), second)


def test_service_has_policies_of_its_own() -> None:
    services = parse(FULL, "x").services
    own = EscalationPolicy(Severity.SEV1, (Level(1, 10 * MINUTES, of_people(PersonId("ada"))),), 2)
    assert services[ServiceId("checkout")].policies == {Severity.SEV1: own}
    assert set(services[ServiceId("search")].policies) == set(Severity)


def test_person_has_rules_and_quiet_hours() -> None:
    ada = parse(FULL, "x").people[PersonId("ada")]
    assert ada.rules == {
        Urgency.HIGH: (Rule(Method.SLACK), Rule(Method.EMAIL, 5 * MINUTES)),
        Urgency.LOW: (Rule(Method.SLACK, 10 * MINUTES),),
    }
    assert ada.quiet == LocalHours((Hours(time(22), time(7)),), "Europe/Berlin")


def test_urgency_and_the_teams_channel_are_read() -> None:
    found = parse(FULL, "x")
    assert [found.urgencies[one] for one in (Severity.SEV2, Severity.SEV3, Severity.SEV4)] == [
        Urgency.HIGH,
        Urgency.HIGH,
        Urgency.LOW,
    ]
    assert found.teams[TeamId("shop")].channel == "shop-team"


def test_all_of_it_survives_being_written() -> None:
    found = parse(FULL, "x")
    written = organization_file.write(found)
    assert parse(written, "x") == found
    assert "role: primary" in written
    assert written.count("default:") == 1


def mistakes() -> list[list[str]]:
    """Three lines for each: `- ` what is replaced, `+ ` by what, and the complaint."""
    text = Path(__file__).with_name("organization_policy_mistakes.txt").read_text("utf-8")
    return [block.splitlines() for block in text.split("\n\n")[1:]]


@pytest.mark.parametrize(("old", "new", "complaint"), mistakes())
def test_mistake_is_told_with_its_line(old: str, new: str, complaint: str) -> None:
    before, after = (text[2:].replace("\\n", "\n") for text in (old, new))
    assert FULL.count(before) == 1, before
    with pytest.raises(FileError) as error:
        parse(FULL.replace(before, after), "organization.yaml")
    assert str(error.value).splitlines() == [complaint]


def test_schema_knows_targets_and_hours() -> None:
    parts = organization_file.json_schema()["$defs"]
    assert set(parts["TargetPart"]["properties"]) == set(TargetKind)
    assert set(parts["HoursPart"]["properties"]) == {"from", "to", "days"}
