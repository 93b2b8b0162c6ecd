"""Which level is next, and whom it reaches."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.escalation import next_level, responsible_teams, targets
from bot.domain.ids import PersonId, ServiceId, TeamId
from bot.domain.organization import LevelRole
from bot.domain.rights import Role
from bot.domain.sla import Severity
from tests.domain.samples import (
    ADA,
    BEN,
    CHECKOUT,
    CHLOE,
    DATA,
    DATABASE,
    DEV,
    NOW,
    SHOP,
    level,
    of_people,
    of_role,
    organization,
)


def test_next_level_is_the_lowest_above() -> None:
    policy = organization(level(3), level(1), level(2)).policies[Severity.SEV1]
    found = [next_level(policy, after) for after in (0, 1, 2)]
    assert [one.level for one in found if one] == [1, 2, 3]


def test_disabled_levels_are_left_out() -> None:
    found = next_level(organization(level(1), level(2, enabled=False), level(3)).policies[Severity.SEV1], 1)
    assert found is not None
    assert found.level == 3


def test_no_level_follows_the_last() -> None:
    policy = organization(level(1), level(2, enabled=False)).policies[Severity.SEV1]
    assert next_level(policy, 1) is None


def test_severity_without_policy_has_no_level() -> None:
    policy = organization(level(1)).policy(Severity.SEV4, ())
    assert policy is None
    assert next_level(policy, 0) is None


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (LevelRole.PRIMARY, (BEN,)),
        (LevelRole.SECONDARY, (CHLOE,)),
        (LevelRole.TEAM_LEAD, (CHLOE,)),
        (LevelRole.MANAGER, (ADA,)),
        (LevelRole.ORG_ADMIN, (ADA,)),
    ],
)
def test_each_role_reaches_its_people(wanted: LevelRole, expected: tuple[PersonId, ...]) -> None:
    organized = organization()
    assert targets(organized, level(1, targets=of_role(wanted)), [organized.teams[SHOP]], NOW) == expected


def test_primary_changes_at_the_handoff() -> None:
    organized = organization()
    next_week = NOW + timedelta(days=7)
    assert targets(organized, level(1), [organized.teams[SHOP]], next_week) == (CHLOE,)


def test_named_people_are_paged_once_and_only_if_active() -> None:
    named = level(1, targets=of_people(BEN, DEV, PersonId("gone"), ADA, BEN))
    assert targets(organization(), named, [], NOW) == (BEN, ADA)


def test_deactivated_lead_is_nobody() -> None:
    organized = organization()
    assert (
        targets(organized, level(1, targets=of_role(LevelRole.TEAM_LEAD)), [organized.teams[DATA]], NOW) == ()
    )


def test_team_without_schedule_has_nobody_on_call() -> None:
    organized = organization()
    for one in (LevelRole.PRIMARY, LevelRole.SECONDARY):
        assert targets(organized, level(1, targets=of_role(one)), [organized.teams[DATA]], NOW) == ()


def test_several_teams_are_reached_each_person_once() -> None:
    organized = organization()
    teams = [organized.teams[SHOP], replace(organized.teams[DATA], lead=CHLOE)]
    assert targets(organized, level(1, targets=of_role(LevelRole.TEAM_LEAD)), teams, NOW) == (CHLOE,)


def test_deactivated_admin_is_not_paged() -> None:
    organized = organization()
    everyone = {**organized.people, DEV: replace(organized.people[DEV], role=Role.ADMIN)}
    everybody = replace(organized, people=everyone)
    assert targets(everybody, level(1, targets=of_role(LevelRole.ORG_ADMIN)), [], NOW) == (ADA,)


def test_own_team_stands_first_and_each_once() -> None:
    found = responsible_teams(organization(), DATA, [CHECKOUT, DATABASE])
    assert [team.id for team in found] == [DATA, SHOP]


def test_unknown_and_closed_teams_are_left_out() -> None:
    organized = organization()
    teams = {**organized.teams, DATA: replace(organized.teams[DATA], is_active=False)}
    found = responsible_teams(
        replace(organized, teams=teams), TeamId("gone"), [ServiceId("gone"), DATABASE, CHECKOUT]
    )
    assert [team.id for team in found] == [SHOP]
