"""Whom a level reaches over time: as the rule that pages says at every minute, told in stretches."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import coverage, escalation
from bot.domain.coverage import Stretch
from bot.domain.hours import Hours, LocalHours, Weekday
from bot.domain.ids import ScheduleId
from bot.domain.organization import Branch, Level, LevelRole, Organization, Target, TargetKind
from bot.domain.rotation import Period, Rotation
from bot.domain.schedule import Layer, Override, Schedule
from bot.domain.sla import Severity
from tests.domain.samples import ADA, BEN, CHLOE, DEV, NOW, SHOP, level, organization

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OFFICE = LocalHours((Hours(time(9), time(17), tuple(Weekday)[:5]),), "Europe/Berlin")
NIGHTS = ScheduleId("nights")


def within(organized: Organization, one: Level, starts_at: datetime, span: timedelta) -> tuple[Stretch, ...]:
    teams = [organized.teams[SHOP]]
    return coverage.stretches(organized, one, teams, starts_at, starts_at + span)


def test_primary_changes_exactly_at_the_handoff() -> None:
    found = within(organization(), level(1), NOW, 7 * DAY)
    handoff = datetime(2026, 3, 16, 9, tzinfo=UTC)
    assert found == (Stretch(NOW, handoff, (BEN,)), Stretch(handoff, NOW + 7 * DAY, (CHLOE,)))


def test_branch_takes_over_at_the_edges_of_its_hours() -> None:
    lead = (Target(TargetKind.ROLE, LevelRole.TEAM_LEAD),)
    found = within(organization(), level(1, branches=(Branch(OFFICE, lead),)), NOW, DAY)
    morning, evening = datetime(2026, 3, 11, 8, tzinfo=UTC), datetime(2026, 3, 10, 16, tzinfo=UTC)
    assert found == (
        Stretch(NOW, evening, (CHLOE,)),
        Stretch(evening, morning, (BEN,)),
        Stretch(morning, NOW + DAY, (CHLOE,)),
    )


def test_handoff_between_the_same_people_is_no_edge() -> None:
    named = level(1, targets=(Target(TargetKind.PERSON, ADA),))
    assert within(organization(), named, NOW, 90 * DAY) == (Stretch(NOW, NOW + 90 * DAY, (ADA,)),)


def test_who_has_left_reaches_nobody_for_exactly_their_shift() -> None:
    organized = organization()
    people = {**organized.people, CHLOE: replace(organized.people[CHLOE], is_active=False)}
    found = within(replace(organized, people=people), level(1), NOW, 14 * DAY)
    nobody = [one for one in found if not one.people]
    assert [(one.starts_at, one.ends_at) for one in nobody] == [
        (datetime(2026, 3, 16, 9, tzinfo=UTC), datetime(2026, 3, 23, 9, tzinfo=UTC))
    ]


def test_every_enabled_level_of_every_active_service_is_told() -> None:
    organized = organization(level(1), level(2, enabled=False), level(3))
    found = [*coverage.reaches(organized, NOW, NOW + DAY)]
    assert [(one.service.name, one.severity, one.level.level) for one in found] == [
        (name, Severity.SEV1, number) for name in ("Checkout", "The database") for number in (1, 3)
    ]
    assert [one.stretches[0].people for one in found] == [(BEN,), (BEN,), (), ()]


zones = st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/New_York"])
people = st.lists(st.sampled_from([ADA, BEN, CHLOE, DEV]), min_size=1, max_size=3).map(tuple)
#: Around the nights in which some of these zones change their clocks.
starts = st.sampled_from([date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 4), date(2026, 10, 24)]).flatmap(
    lambda day: st.integers(0, 47).map(
        lambda half: datetime.combine(day, time(), tzinfo=UTC) + half * timedelta(minutes=30)
    )
)
clock = st.integers(0, 23).map(time)
windows = st.builds(
    Hours, clock, clock, st.lists(st.sampled_from(Weekday), min_size=1, max_size=7, unique=True).map(tuple)
)
layers = st.builds(
    Layer,
    name=st.just("layer"),
    rotation=st.builds(
        Rotation,
        st.sampled_from([Period.HOUR, Period.DAY]),
        st.integers(1, 5),
        clock,
        st.dates(date(2026, 2, 20), date(2026, 3, 9)),
    ),
    participants=people,
    hours=st.lists(windows, max_size=1).map(tuple),
    time_zone=st.one_of(st.none(), zones),
)
targets = st.lists(
    st.sampled_from(
        [
            Target(TargetKind.ROLE, LevelRole.PRIMARY),
            Target(TargetKind.ROLE, LevelRole.SECONDARY),
            Target(TargetKind.SCHEDULE, NIGHTS),
            Target(TargetKind.SECONDARY, NIGHTS),
            Target(TargetKind.TEAM, SHOP),
            Target(TargetKind.PERSON, DEV),
        ]
    ),
    min_size=1,
    max_size=2,
).map(tuple)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Organization, Level, datetime]:
    """Schedules with layers and an override, a level with a branch, and a moment."""
    at = draw(starts)
    override = Override(draw(st.sampled_from([ADA, DEV])), at + 2 * HOUR, at + timedelta(hours=4, minutes=7))
    nights = Schedule(
        NIGHTS,
        "Nights",
        draw(zones),
        tuple(draw(st.lists(layers, min_size=1, max_size=2))),
        draw(st.sampled_from([(), (override,)])),
    )
    organized = organization()
    organized = replace(organized, schedules={**organized.schedules, NIGHTS: nights})
    branch = Branch(LocalHours((draw(windows),), draw(zones)), draw(targets))
    return organized, level(1, targets=draw(targets), branches=(branch,)), at


@settings(deadline=None, max_examples=60)  # the reference takes its time
@given(worlds())
def test_stretches_say_what_each_minute_says(world: tuple[Organization, Level, datetime]) -> None:
    organized, one, at = world
    span, teams = timedelta(hours=9), [organized.teams[SHOP]]
    found = within(organized, one, at, span)
    assert found[0].starts_at == at
    assert found[-1].ends_at == at + span
    for before, after in pairwise(found):
        assert before.ends_at == after.starts_at
        assert before.people != after.people
    for minute in range(int(span.total_seconds()) // 60):
        moment = at + timedelta(minutes=minute)
        (covering,) = [stretch for stretch in found if stretch.starts_at <= moment < stretch.ends_at]
        assert covering.people == escalation.targets(organized, one, teams, moment)
