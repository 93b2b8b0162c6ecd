"""What an override may be, whom it relieves, and how a stretch of a schedule is named."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import gap, handoff, override
from bot.domain.delivery import DeliveryKind
from bot.domain.errors import Invalid
from bot.domain.handoff import Holder
from bot.domain.hours import Hours, Weekday
from bot.domain.ids import ScheduleId, TeamId
from bot.domain.override import Stretch
from bot.domain.rotation import Period, Rotation
from bot.domain.schedule import Gap, Layer, Override, Schedule, gaps, on_call
from tests.domain.samples import ADA, BEN, CHLOE, DEV

#: A Monday. Ada's week, then Ben's, then Chloé's, from nine to nine in Berlin.
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
NINE = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
WEEK, HOUR, DAY = timedelta(weeks=1), timedelta(hours=1), timedelta(days=1)
WEEKLY = Rotation(Period.WEEK, 1, time(9), date(2026, 1, 5))
SHOP = Schedule(
    ScheduleId("shop"), "Shop", "Europe/Berlin", (Layer("weekly", WEEKLY, participants=(ADA, BEN, CHLOE)),)
)
moments = st.integers(0, 55 * 86400).map(lambda seconds: NINE + timedelta(seconds=seconds))


@given(moments, moments)
def test_stretch_is_the_same_after_it_was_a_text(first: datetime, last: datetime) -> None:
    found = Stretch(ScheduleId("shop-2_b"), first, last)
    assert override.stretch(str(found)) == found
    assert len(str(found)) <= 150  # the value of a choice in Slack


@pytest.mark.parametrize("text", ["", "shop", "shop a b", "shop 2026-01-05 2026-01-06", "a b c d", "x" * 999])
def test_forged_stretch_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        override.stretch(text)


@pytest.mark.parametrize(
    ("starts", "ends", "field"),
    [
        (HOUR, HOUR, "ends_at"),
        (HOUR, -HOUR, "ends_at"),
        (-2 * HOUR, -HOUR, "ends_at"),
        (-2 * HOUR, HOUR, "starts_at"),
        (HOUR, HOUR + 60 * DAY + timedelta(seconds=1), "ends_at"),
    ],
)
def test_wrong_bounds_are_told_beside_the_one_that_is_wrong(
    starts: timedelta, ends: timedelta, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        override.checked(ADA, NOW + starts, NOW + ends, NOW)
    assert list(refused.value.details) == [field]


def test_form_filled_in_slowly_begins_now() -> None:
    assert override.checked(ADA, NOW - 5 * timedelta(minutes=1), NOW + HOUR, NOW).starts_at == NOW


@given(st.lists(st.tuples(moments, st.integers(1, 2000), st.sampled_from([ADA, BEN, DEV])), max_size=6))
def test_who_was_put_on_top_last_has_the_pager_and_nobody_else_is_touched(
    added: list[tuple[datetime, int, str]],
) -> None:
    schedule = SHOP
    for starts_at, minutes, person in added:
        new = Override(person, starts_at, starts_at + timedelta(minutes=minutes))  # type: ignore[arg-type]
        before, schedule = schedule, override.with_overrides(schedule, [new], NOW)
        shift = on_call(schedule, starts_at)
        assert shift is not None
        assert shift.primary == person
        assert override.holds(schedule, new.person, new.starts_at, new.ends_at)
        after = on_call(before, new.ends_at), on_call(schedule, new.ends_at)
        assert [one and one.primary for one in after[:1]] == [one and one.primary for one in after[1:]]


def test_relieved_are_all_who_would_have_had_it() -> None:
    long = Override(DEV, NINE + DAY, NINE + WEEK + DAY)
    assert override.relieved(override.with_overrides(SHOP, [long], NOW), long) == (ADA, BEN)
    own = Override(ADA, NINE + DAY, NINE + 2 * DAY)
    assert override.relieved(override.with_overrides(SHOP, [own], NOW), own) == ()


def test_overrides_of_long_ago_are_forgotten_with_the_next_change() -> None:
    old, recent = (Override(DEV, NOW - age, NOW - age + HOUR) for age in (100 * DAY, 80 * DAY))
    schedule = replace(SHOP, overrides=(old, recent))
    new = Override(DEV, NOW, NOW + HOUR)
    assert override.with_overrides(schedule, [new], NOW).overrides == (recent, new)


def test_taking_over_lasts_to_the_end_of_the_shift_or_of_the_gap_but_a_day_at_most() -> None:
    assert override.until(SHOP, NOW) == NINE + WEEK
    office = replace(
        SHOP, layers=(replace(SHOP.layers[0], hours=(Hours(time(9), time(17), tuple(Weekday)[:5]),)),)
    )
    night = NOW + timedelta(hours=12)
    assert override.until(office, night) == NINE + DAY
    friday_night = NINE + timedelta(days=4, hours=12)
    assert override.until(office, friday_night) == friday_night + DAY


def test_own_shifts_come_in_order_and_whole() -> None:
    found = override.upcoming([SHOP], ADA, NOW, 4 * WEEK)
    assert [(shift.starts_at, shift.ends_at) for _, shift in found] == [
        (NOW, NINE + WEEK),
        (NINE + 3 * WEEK, NINE + 4 * WEEK),
    ]
    assert override.upcoming([SHOP], DEV, NOW) == ()


def holder(schedule: Schedule, now: datetime, before: Holder | None = None) -> Holder:
    return handoff.next_holder(before, schedule, on_call(schedule, now), now)


def test_handoff_is_told_to_both_and_to_nobody_when_it_is_the_first_that_is_known() -> None:
    first = holder(SHOP, NOW)
    assert handoff.told(None, first, [ADA, BEN]) == []
    later = holder(SHOP, NOW + WEEK, first)
    told = handoff.told(first, later, [ADA, BEN])
    assert [(one.kind, one.person_id) for one in told] == [
        (DeliveryKind.PAGER_TAKEN, BEN),
        (DeliveryKind.PAGER_GIVEN, ADA),
    ]
    assert [one.person_id for one in handoff.told(first, later, [BEN])] == [BEN]  # Ada has left


def test_same_person_is_the_same_holder_whatever_else_changes() -> None:
    first = holder(SHOP, NOW)
    assert holder(SHOP, NOW + DAY, first) == first
    assert holder(replace(SHOP, overrides=(Override(ADA, NOW, NOW + DAY),)), NOW + HOUR, first) == first


def test_pager_that_comes_back_is_another_handoff() -> None:
    """Otherwise the second one would have the key of the first, and be told to nobody."""
    keys = set()
    found = holder(SHOP, NOW)
    for week in range(1, 7):
        after = holder(SHOP, NOW + week * WEEK, found)
        keys |= {one.key for one in handoff.told(found, after, [ADA, BEN, CHLOE])}
        found = after
    assert len(keys) == 12


#: From nine to five on working days.
OFFICE = replace(
    SHOP, layers=(replace(SHOP.layers[0], hours=(Hours(time(9), time(17), tuple(Weekday)[:5]),)),)
)


@given(moments)
def test_gap_has_its_true_ends_whenever_one_looks(now: datetime) -> None:
    for found in gap.outlook(OFFICE, now).near:
        assert found.ends_at > now
        assert on_call(OFFICE, found.ends_at) is not None
        assert on_call(OFFICE, found.starts_at) is None
        assert found.starts_at == gap.FAR_BACK or on_call(OFFICE, found.starts_at - HOUR) is not None


@given(moments)
def test_next_look_comes_before_the_next_gap_is_due(now: datetime) -> None:
    found = gap.outlook(OFFICE, now)
    assert now < found.next_at <= now + DAY
    due = [one.starts_at - gap.NOTICE for one in gaps(OFFICE, now + gap.NOTICE, now + gap.NOTICE + DAY)]
    assert all(found.next_at <= moment for moment in due if moment > now)


def test_gap_is_unknown_until_it_was_told_and_again_when_an_end_moves() -> None:
    one = Gap(NOW + DAY, NOW + 2 * DAY)
    assert gap.unknown([one], []) == (one,)
    assert gap.unknown([one], [one]) == ()
    for other in (Gap(NOW + DAY, NOW + 3 * DAY), Gap(NOW, NOW + 2 * DAY)):
        assert gap.unknown([other], [one]) == (other,)


def test_gap_whose_end_comes_into_sight_is_the_same() -> None:
    seen_before, now = Gap(NOW, gap.FAR_AHEAD), Gap(NOW, NOW + 50 * DAY)
    assert gap.unknown([now], [seen_before]) == ()


def test_nights_of_office_hours_are_a_habit_after_a_week_also_when_the_clocks_change() -> None:
    warned: list[Gap] = []
    loud = []
    at = datetime(2026, 3, 16, 12, 0, tzinfo=UTC)  # two weeks later Berlin's clocks go forward
    while at < datetime(2026, 4, 13, 12, 0, tzinfo=UTC):
        fresh = gap.unknown(gap.outlook(OFFICE, at).near, warned)
        loud += [one for one in fresh if not gap.is_habit(one, warned, OFFICE.time_zone)]
        warned += fresh
        at += HOUR
    assert max(one.starts_at for one in loud) < datetime(2026, 3, 24, tzinfo=UTC)


def test_warning_says_which_gaps_it_speaks_of() -> None:
    (owed,) = gap.warnings(SHOP.id, NOW, [Gap(NOW, NOW + DAY)], {"shop-team": TeamId("shop")})
    assert gap.warning(owed.subject or "") == (SHOP.id, NOW, TeamId("shop"))
