"""Who is paged differently because of a change: where, and from when to when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.ids import ScheduleId, ServiceId
from bot.domain.organization import Organization, Service, Target, TargetKind
from bot.domain.schedule import Override
from bot.domain.sla import Severity
from bot.domain.turnover import Place, Same, Turnover, turnovers
from tests.domain.samples import ADA, BEN, CHECKOUT, CHLOE, DATABASE, NOW, SHOP, level, organization

DAY = timedelta(days=1)
UNTIL = NOW + 14 * DAY
SHOP_ON_CALL = ScheduleId("shop")


def overridden(organized: Organization, *overrides: Override) -> Organization:
    schedule = replace(organized.schedules[SHOP_ON_CALL], overrides=overrides)
    return replace(organized, schedules={**organized.schedules, SHOP_ON_CALL: schedule})


def test_equal_organizations_page_alike() -> None:
    assert turnovers(organization(level(1)), organization(level(1)), NOW, UNTIL) == ()


def test_override_is_told_with_exact_bounds() -> None:
    was = organization(level(1))
    start, end = NOW + DAY + timedelta(minutes=7), NOW + 2 * DAY
    found = turnovers(was, overridden(was, Override(ADA, start, end)), NOW, UNTIL)
    place = Place(CHECKOUT, Severity.SEV1, 1)
    assert found == (Same((place,), "UTC", (Turnover(start, end, (BEN,), (ADA,)),)),)


def test_stretches_across_a_handoff_are_told_apart() -> None:
    was = organization(level(1))
    handoff = datetime(2026, 3, 16, 9, tzinfo=UTC)
    found = turnovers(was, overridden(was, Override(ADA, NOW, NOW + 9 * DAY)), NOW, UNTIL)
    assert [(one.starts_at, one.was) for one in found[0].turnovers] == [(NOW, (BEN,)), (handoff, (CHLOE,))]


def test_who_would_have_been_paged_anyway_is_not_told() -> None:
    was = organization(level(1))
    assert turnovers(was, overridden(was, Override(BEN, NOW, NOW + DAY)), NOW, UNTIL) == ()


def test_order_of_the_paged_is_no_difference() -> None:
    both = [Target(TargetKind.PERSON, one) for one in (ADA, BEN)]
    was, to = (level(1, targets=tuple(targets)) for targets in (both, both[::-1]))
    assert turnovers(organization(was), organization(to), NOW, UNTIL) == ()


def test_alike_services_stand_together() -> None:
    was = organization(level(1))
    cart = Service(ServiceId("cart"), "", "Cart", team=SHOP)
    was = replace(was, services={**was.services, cart.id: cart})
    (same,) = turnovers(was, overridden(was, Override(ADA, NOW, UNTIL)), NOW, UNTIL)
    assert [place.service for place in same.places] == [CHECKOUT, cart.id]


def test_new_level_pages_whom_nobody_paged() -> None:
    to = organization(level(1), level(2, targets=(Target(TargetKind.PERSON, ADA),)))
    (same,) = turnovers(organization(level(1)), to, NOW, UNTIL)
    assert [place.service for place in same.places] == [CHECKOUT, DATABASE]
    assert same.turnovers == (Turnover(NOW, UNTIL, (), (ADA,)),)


def test_retired_service_pages_nobody_any_more() -> None:
    was = organization(level(1, targets=(Target(TargetKind.PERSON, ADA),)))
    retired = replace(was.services[CHECKOUT], is_active=False)
    to = replace(was, services={**was.services, CHECKOUT: retired})
    (same,) = turnovers(was, to, NOW, UNTIL)
    assert same.turnovers == (Turnover(NOW, UNTIL, (ADA,), ()),)
