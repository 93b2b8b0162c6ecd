"""What would happen if nobody answered. Whether the engine does the same is tried in a workspace."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.contact import Method, Rule, Urgency
from bot.domain.hours import Hours, LocalHours
from bot.domain.ids import PersonId
from bot.domain.organization import EscalationPolicy, Level, Organization, Target, TargetKind
from bot.domain.simulation import simulate
from bot.domain.sla import DEFAULT_SLAS, Severity
from tests.domain.samples import ADA, BEN, CHECKOUT, CHLOE, DEV, NOW, level, organization

TO_CHLOE, TO_DEV = ((Target(TargetKind.PERSON, one),) for one in (CHLOE, DEV))


def pages(
    organized: Organization, severity: Severity = Severity.SEV1, at: datetime = NOW
) -> list[tuple[int, PersonId, str]]:
    """After how many minutes who is paged by what."""
    steps = simulate(organized, severity, DEFAULT_SLAS[severity], [organized.services[CHECKOUT]], at)
    return [
        (round((step.at - at).total_seconds() / 60), page.person_id, page.method.value)
        for step in steps
        for page in step.pages
    ]


def ruled(organized: Organization, person: PersonId, **fields: object) -> Organization:
    changed = replace(organized.people[person], **fields)  # type: ignore[arg-type] # fields of a person
    return replace(organized, people={**organized.people, person: changed})


def test_levels_follow_one_another_then_the_admins_then_the_closure() -> None:
    assert pages(organization(level(1), level(2, targets=TO_CHLOE))) == [
        (0, BEN, "slack"),
        (15, CHLOE, "slack"),
        (25, ADA, "slack"),
        (240, ADA, "slack"),
    ]


def test_level_with_nobody_is_passed_at_once() -> None:
    found = pages(organization(level(1, targets=TO_DEV), level(2, targets=TO_CHLOE)))
    assert found[0] == (0, CHLOE, "slack")


def test_policy_repeats_before_the_admins() -> None:
    policy = EscalationPolicy(Severity.SEV1, (level(1), level(2, targets=TO_CHLOE)), repeat=1)
    found = pages(replace(organization(), policies={Severity.SEV1: policy}))
    assert [(after, person) for after, person, _ in found] == [
        (0, BEN),
        (15, CHLOE),
        (25, BEN),
        (35, CHLOE),
        (45, ADA),
        (240, ADA),
    ]


def test_rules_page_again_later_until_somebody_answers() -> None:
    rules = (Rule(Method.SLACK), Rule(Method.EMAIL, timedelta(minutes=5)))
    found = pages(ruled(organization(level(1)), BEN, rules={Urgency.HIGH: rules}))
    assert found[:3] == [(0, BEN, "slack"), (5, BEN, "email"), (15, ADA, "slack")]


def test_low_urgency_waits_for_the_end_of_quiet_hours() -> None:
    quiet = LocalHours((Hours(NOW.time(), NOW.replace(hour=13).time()),), "UTC")
    levels: tuple[Level, ...] = (level(1),)
    organized = ruled(organization(*levels), BEN, quiet=quiet)
    low = replace(organized, urgencies={**organized.urgencies, Severity.SEV1: Urgency.LOW})
    assert pages(organized)[0] == (0, BEN, "slack")
    assert (60, BEN, "slack") in pages(low)
    assert pages(low)[0] != (0, BEN, "slack")
