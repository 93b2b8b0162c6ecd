"""Whom a level's targets stand for, which policy counts, and how it begins again."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.audit import summary
from bot.domain.contact import Urgency
from bot.domain.escalation import climb, following, targets, user_groups
from bot.domain.hours import Hours, LocalHours
from bot.domain.ids import PersonId
from bot.domain.incident import Incident
from bot.domain.organization import (
    Branch,
    EscalationPolicy,
    Level,
    LevelRole,
    Organization,
    Target,
    TargetKind,
)
from bot.domain.rights import Role
from bot.domain.sla import Severity
from bot.domain.timeline import Escalated, EscalationExhausted, Event, LevelPassed, Reason
from tests.domain.samples import (
    ADA,
    BEN,
    CHECKOUT,
    CHLOE,
    DATA,
    DATABASE,
    NOW,
    SHOP,
    incident,
    level,
    of_people,
    of_role,
    organization,
)

NOBODY = of_people(PersonId("gone"))
LATER = timedelta(hours=1)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (TargetKind.ROLE, LevelRole.MANAGER, (ADA,)),
        (TargetKind.PERSON, ADA, (ADA,)),
        (TargetKind.PERSON, "gone", ()),
        (TargetKind.SCHEDULE, "shop", (BEN,)),
        (TargetKind.SECONDARY, "shop", (CHLOE,)),
        (TargetKind.SCHEDULE, "gone", ()),
        (TargetKind.TEAM_LEAD, SHOP, (CHLOE,)),
        (TargetKind.TEAM_LEAD, "gone", ()),
        (TargetKind.TEAM, SHOP, (BEN, CHLOE)),
        (TargetKind.TEAM, DATA, ()),
        (TargetKind.USER_GROUP, "oncall", (CHLOE, ADA)),
        (TargetKind.USER_GROUP, "unseen", ()),
    ],
)
def test_each_target_reaches_its_people(kind: TargetKind, name: str, expected: tuple[PersonId, ...]) -> None:
    organized = organization(user_groups={"oncall": (CHLOE, PersonId("dev"), ADA)})
    shop = organized.teams[SHOP]
    assert targets(organized, level(1, targets=(Target(kind, name),)), [shop], NOW) == expected


def test_several_targets_page_each_person_once() -> None:
    several = (*of_people(CHLOE), Target(TargetKind.TEAM, SHOP), *of_role(LevelRole.ORG_ADMIN))
    assert targets(organization(), level(1, targets=several), [], NOW) == (CHLOE, BEN, ADA)


def test_viewers_in_a_team_are_not_paged() -> None:
    organized = organization()
    people = {**organized.people, BEN: replace(organized.people[BEN], role=Role.VIEWER)}
    team = level(1, targets=(Target(TargetKind.TEAM, SHOP),))
    assert targets(replace(organized, people=people), team, [], NOW) == (CHLOE,)


def test_closed_team_reaches_nobody() -> None:
    organized = organization()
    closed = replace(organized, teams={SHOP: replace(organized.teams[SHOP], is_active=False)})
    assert targets(closed, level(1, targets=(Target(TargetKind.TEAM, SHOP),)), [], NOW) == ()


@pytest.mark.parametrize(("hour", "expected"), [(8, BEN), (9, CHLOE), (12, CHLOE), (17, ADA), (18, BEN)])
def test_first_branch_that_covers_the_moment_wins(hour: int, expected: PersonId) -> None:
    office = LocalHours((Hours(time(9), time(17)),), "UTC")
    evening = LocalHours((Hours(time(12), time(18)),), "UTC")
    branches = (Branch(office, of_people(CHLOE)), Branch(evening, of_people(ADA)))
    branched = level(1, targets=of_people(BEN), branches=branches)
    assert targets(organization(), branched, [], NOW.replace(hour=hour)) == (expected,)


def test_user_groups_of_policies_services_and_branches_are_known() -> None:
    def group(name: str) -> tuple[Target, ...]:
        return (Target(TargetKind.USER_GROUP, name),)

    night = Branch(LocalHours((Hours(time(22), time(7)),), "UTC"), group("night"))
    organized = organization(
        level(1, targets=group("day"), branches=(night,)), level(2, targets=group("day"))
    )
    own = {Severity.SEV4: EscalationPolicy(Severity.SEV4, (level(1, targets=group("own")),))}
    services = {CHECKOUT: replace(organized.services[CHECKOUT], policies=own)}
    assert user_groups(replace(organized, services=services)) == ("day", "night", "own")


def with_own_policy(organized: Organization, *levels: Level) -> Organization:
    own = {Severity.SEV1: EscalationPolicy(Severity.SEV1, levels)}
    service = replace(organized.services[DATABASE], policies=own)
    return replace(organized, services={**organized.services, DATABASE: service})


def test_policy_of_the_first_service_with_one_counts() -> None:
    organized = with_own_policy(organization(level(1)), level(7))
    assert [
        policy.levels[0].level
        for services in ((), (CHECKOUT,), (CHECKOUT, DATABASE))
        if (policy := organized.policy(Severity.SEV1, services))
    ] == [1, 1, 7]
    assert organized.policy(Severity.SEV4, (DATABASE,)) is None


def test_policy_of_a_retired_service_gives_way_to_the_severitys() -> None:
    organized = with_own_policy(organization(level(1)), level(7))
    retired = replace(organized.services[DATABASE], is_active=False)
    policy = replace(organized, services={DATABASE: retired}).policy(Severity.SEV1, (DATABASE,))
    assert policy is not None
    assert policy.levels == (level(1),)


def test_audit_names_services_whose_policies_change() -> None:
    before = organization(level(1))
    urgent = replace(before, urgencies={**before.urgencies, Severity.SEV3: Urgency.HIGH})
    assert summary(before, with_own_policy(urgent, level(7))) == "services ~database; urgencies ~SEV3"


def test_incident_keeps_climbing_when_its_level_vanishes() -> None:
    at_two = incident(level=2)
    after, events = climb(organization(level(1), level(3)), at_two, NOW, Reason.TIMED_OUT)
    assert (after.level, after.is_exhausted) == (3, False)
    after, events = climb(organization(level(1)), at_two, NOW, Reason.TIMED_OUT)
    assert [type(one) for one in events] == [EscalationExhausted]


def test_incident_whose_policy_is_gone_reaches_the_admins() -> None:
    after, events = climb(organization(policies={}), incident(level=1), NOW, Reason.TIMED_OUT)
    assert after.is_exhausted
    assert [one.people for one in events if isinstance(one, EscalationExhausted)] == [(ADA,)]


def repeating(times: int, *levels: Level) -> Organization:
    return organization(policies={Severity.SEV1: EscalationPolicy(Severity.SEV1, levels, times)})


def unanswered(organized: Organization, found: Incident) -> list[tuple[Incident, list[Event]]]:
    """What follows while nobody answers, until nothing does."""
    now: datetime = NOW
    steps = [climb(organized, found, now, Reason.DECLARED)]
    while not steps[-1][0].is_exhausted:
        now += LATER
        steps.append(climb(organized, steps[-1][0], now, Reason.TIMED_OUT))
        assert len(steps) < 100
    return steps


def test_policy_begins_again_and_says_so() -> None:
    steps = unanswered(repeating(2, level(1), level(2)), incident())
    paged = [event for _, events in steps for event in events if isinstance(event, Escalated)]
    assert [(one.level, one.repeat) for one in paged] == [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2), (2, 2)]
    assert [type(one) for one in steps[-1][1]] == [EscalationExhausted]


def test_first_level_has_its_own_timeout_when_it_is_paged_again() -> None:
    _, _, (_, [again]), *_ = unanswered(repeating(1, level(1), level(2)), incident())
    assert isinstance(again, Escalated)
    assert again.until == NOW + 2 * LATER + timedelta(minutes=10)


def test_by_hand_no_policy_begins_again() -> None:
    last = incident(level=2)
    after, events = climb(repeating(2, level(1), level(2)), last, NOW, Reason.BY_HAND)
    assert after.repeats == 0
    assert [type(one) for one in events] == [EscalationExhausted]


def test_policy_that_reaches_nobody_does_not_begin_again() -> None:
    organized = repeating(5, level(1, targets=NOBODY), level(2, targets=NOBODY))
    ((after, events),) = unanswered(organized, incident())
    assert [type(one) for one in events] == [LevelPassed, LevelPassed, EscalationExhausted]
    assert after.repeats == 0


def test_policy_at_whose_levels_no_page_arrived_does_not_begin_again() -> None:
    organized, last = repeating(5, level(1), level(2)), incident(level=2)
    _, events = climb(organized, last, NOW, Reason.UNREACHABLE, is_reached=False)
    assert [type(one) for one in events] == [EscalationExhausted]
    _, events = climb(organized, last, NOW, Reason.UNREACHABLE, is_reached=True)
    assert [(one.level, one.repeat) for one in events if isinstance(one, Escalated)] == [(1, 1)]


def test_policy_of_what_was_acknowledged_does_not_begin_again() -> None:
    """Somebody escalated it by hand, and its last level cannot be reached."""
    last = incident(level=2, acknowledged_at=NOW)
    _, events = climb(repeating(5, level(1), level(2)), last, NOW, Reason.UNREACHABLE)
    assert [type(one) for one in events] == [EscalationExhausted]


def test_policy_that_was_shortened_begins_again_in_the_middle() -> None:
    after, _ = climb(repeating(1, level(1)), incident(level=4), NOW, Reason.TIMED_OUT)
    assert (after.level, after.repeats) == (1, 1)


def test_what_follows_the_last_level_is_the_first_again_then_nothing() -> None:
    organized = repeating(1, level(1), level(2))
    found = [following(organized, incident(level=2, repeats=repeats)) for repeats in (0, 1)]
    assert [one.level if one else None for one in found] == [1, None]


levels = st.lists(
    st.builds(
        lambda targets, is_enabled: level(0, targets=targets, enabled=is_enabled),
        st.sampled_from([of_people(BEN), of_people(ADA, CHLOE), NOBODY]),
        st.booleans(),
    ),
    max_size=5,
).map(lambda found: [replace(one, level=number) for number, one in enumerate(found, 1)])


@settings(deadline=None)
@given(levels, st.integers(0, 4))
def test_every_reachable_level_is_paged_once_in_each_pass(found: list[Level], times: int) -> None:
    steps = unanswered(repeating(times, *found), incident())
    paged = [event for _, events in steps for event in events if isinstance(event, Escalated)]
    reachable = [one.level for one in found if one.enabled and one.targets != NOBODY]
    expected = [(number, n) for n in range(times + 1) for number in reachable]
    assert [(one.level, one.repeat) for one in paged] == expected
    exhausted = [event for _, events in steps for event in events if isinstance(event, EscalationExhausted)]
    assert len(exhausted) == 1
