"""What `check` finds: gaps to the second, who has left, levels that reach nobody."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.contact import Method, Rule, Urgency
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.inspection import Late, Left, inspect
from bot.domain.organization import (
    Branch,
    EscalationPolicy,
    Level,
    LevelRole,
    Organization,
    Target,
    TargetKind,
)
from bot.domain.schedule import Gap, Override
from bot.domain.sla import Severity
from bot.domain.turnover import Place
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
    organization,
)
from tests.domain.test_coverage import OFFICE

DAY = timedelta(days=1)
UNTIL = NOW + 90 * DAY
TO_ADA = (Target(TargetKind.PERSON, ADA),)
TO_DEV = (Target(TargetKind.PERSON, DEV),)


def sound(*levels: Level) -> Organization:
    """One service, for which every severity has these levels."""
    organized = organization()
    services = {CHECKOUT: organized.services[CHECKOUT]}
    policies = {severity: EscalationPolicy(severity, levels) for severity in Severity}
    teams = {SHOP: organized.teams[SHOP]}
    return replace(organized, services=services, policies=policies, teams=teams)


def test_sound_organization_has_nothing_to_mend() -> None:
    found = inspect(sound(level(1)), NOW, UNTIL)
    assert found.is_sound


def test_gap_of_the_first_level_has_exact_bounds() -> None:
    organized = sound(level(1), level(2, targets=TO_ADA))
    people = {**organized.people, CHLOE: replace(organized.people[CHLOE], is_active=False)}
    found = inspect(replace(organized, people=people), NOW, NOW + 14 * DAY)
    (uncovered,) = found.uncovered
    assert uncovered.gaps == (
        Gap(datetime(2026, 3, 16, 9, tzinfo=UTC), datetime(2026, 3, 23, 9, tzinfo=UTC)),
    )
    assert uncovered.places == tuple(Place(CHECKOUT, severity, 1) for severity in Severity)
    assert not found.empty


def test_first_level_is_the_first_that_is_enabled() -> None:
    organized = sound(level(1, targets=TO_DEV, enabled=False), level(2))
    assert not inspect(organized, NOW, UNTIL).uncovered


def paged_after(*minutes: int, urgency: Urgency = Urgency.HIGH) -> Organization:
    """Ben and Chloé, whose turn it is by weeks, are paged so many minutes after the level."""
    organized = sound(level(1))
    rules = tuple(Rule(Method.SLACK, timedelta(minutes=one)) for one in minutes)
    people = {one: replace(organized.people[one], rules={urgency: rules}) for one in (BEN, CHLOE)}
    return replace(organized, people={**organized.people, **people})


def test_level_whose_people_are_paged_only_after_its_time_is_told() -> None:
    found = inspect(paged_after(20, 40), NOW, UNTIL)
    worst = tuple(Place(CHECKOUT, severity, 1) for severity in (Severity.SEV0, Severity.SEV1))
    assert found.late == (Late((BEN,), worst), Late((CHLOE,), worst))
    assert not found.is_sound


def test_page_that_would_go_out_with_the_deadline_is_late_and_one_before_it_is_not() -> None:
    late = inspect(paged_after(15), NOW, UNTIL).late
    assert {place.severity for one in late for place in one.places} == {Severity.SEV0, Severity.SEV1}
    assert inspect(paged_after(4), NOW, UNTIL).is_sound
    assert inspect(paged_after(100, urgency=Urgency.LOW), NOW, UNTIL).is_sound


def test_level_that_names_a_channel_pages_at_once_whatever_people_wish() -> None:
    organized = paged_after(20)
    policies = {
        severity: EscalationPolicy(severity, (level(1, channels=(Method.EMAIL,)),)) for severity in Severity
    }
    assert inspect(replace(organized, policies=policies), NOW, UNTIL).is_sound


def test_quiet_hours_are_a_choice_and_no_mistake() -> None:
    organized = sound(level(1))
    quiet = {one: replace(person, quiet=OFFICE) for one, person in organized.people.items()}
    assert inspect(replace(organized, people=quiet), NOW, UNTIL).is_sound


def test_gap_within_branch_hours_ends_with_them() -> None:
    organized = sound(level(1, targets=TO_ADA, branches=(Branch(OFFICE, TO_DEV),)))
    (uncovered,) = inspect(organized, NOW, NOW + DAY).uncovered
    assert uncovered.gaps == (
        Gap(NOW, datetime(2026, 3, 10, 16, tzinfo=UTC)),
        Gap(datetime(2026, 3, 11, 8, tzinfo=UTC), NOW + DAY),
    )


def test_severity_without_a_level_is_told() -> None:
    organized = replace(sound(level(1)), policies={})
    found = inspect(organized, NOW, UNTIL)
    assert found.unled == tuple(Place(CHECKOUT, severity, 0) for severity in Severity)
    assert not found.uncovered


def test_later_level_that_reaches_nobody_is_told() -> None:
    found = inspect(sound(level(1), level(2, targets=TO_DEV)), NOW, UNTIL)
    assert found.empty == tuple(Place(CHECKOUT, severity, 2) for severity in Severity)


def test_retired_service_need_not_reach_anybody() -> None:
    organized = replace(sound(level(1)), policies={})
    retired = replace(organized.services[CHECKOUT], is_active=False)
    assert inspect(replace(organized, services={CHECKOUT: retired}), NOW, UNTIL).is_sound


def test_who_has_left_is_told_wherever_they_are_named() -> None:
    organized = sound(level(1), level(2, targets=(*TO_ADA, *TO_DEV)))
    handle = ScheduleId("shop")
    schedule = organized.schedules[handle]
    layer = replace(schedule.layers[0], participants=(*schedule.layers[0].participants, DEV))
    overrides = (
        Override(DEV, NOW - 3 * DAY, NOW - 2 * DAY),  # over
        Override(PersonId("zoe"), NOW + DAY, NOW + 2 * DAY),
    )
    schedule = replace(schedule, layers=(layer,), overrides=overrides)
    team = replace(organized.teams[SHOP], lead=DEV)
    found = inspect(replace(organized, schedules={handle: schedule}, teams={SHOP: team}), NOW, NOW + 30 * DAY)
    levels = tuple(f"escalation_policies.{severity}.levels.2" for severity in Severity)
    assert found.left == (
        Left(DEV, ("teams.shop.lead", f"schedules.shop.layers.{layer.name}", *levels)),
        Left(PersonId("zoe"), ("schedules.shop.overrides",)),
    )


def test_team_that_is_no_more_may_name_whom_it_likes() -> None:
    organized = sound(level(1))
    gone = replace(organization().teams[DATA], is_active=False)
    assert inspect(replace(organized, teams={**organized.teams, DATA: gone}), NOW, UNTIL).is_sound


def test_service_without_a_team_reaches_no_role() -> None:
    organized = sound(level(1, targets=(Target(TargetKind.ROLE, LevelRole.PRIMARY),)))
    alone = replace(organization().services[DATABASE], team=None)
    (uncovered,) = inspect(replace(organized, services={DATABASE: alone}), NOW, UNTIL).uncovered
    assert uncovered.gaps == (Gap(NOW, UNTIL),)
    assert uncovered.time_zone == "UTC"


def test_user_group_that_slack_has_not_told_of_is_named_but_no_fault() -> None:
    group = Target(TargetKind.USER_GROUP, "experts")
    organized = sound(level(1, targets=(*TO_ADA, group)))
    found = inspect(organized, NOW, UNTIL)
    assert (found.unseen, found.is_sound) == (("experts",), True)
    assert not inspect(replace(organized, user_groups={"experts": ()}), NOW, UNTIL).unseen
