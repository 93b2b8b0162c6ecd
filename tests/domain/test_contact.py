"""By which method somebody is paged when: rules, and quiet hours."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.contact import LaterPage, Method, Rule, Urgency, pages
from bot.domain.hours import Hours, LocalHours, Weekday
from bot.domain.ids import PersonId
from bot.domain.organization import Organization, Person
from tests.domain.samples import ADA, level

NIGHT = LocalHours((Hours(time(22), time(7)),), "Europe/Berlin")
SLACK, EMAIL = Method.SLACK, Method.EMAIL
AT_NIGHT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_rules_without_delay_page_at_once() -> None:
    assert pages([Rule(SLACK), Rule(EMAIL)], AT_NIGHT) == ((SLACK, EMAIL), ())


def test_later_rules_page_in_the_order_of_their_moments() -> None:
    rules = [Rule(EMAIL, 10 * MINUTE), Rule(SLACK), Rule(SLACK, 5 * MINUTE)]
    later = (LaterPage(SLACK, AT_NIGHT + 5 * MINUTE), LaterPage(EMAIL, AT_NIGHT + 10 * MINUTE))
    assert pages(rules, AT_NIGHT) == ((SLACK,), later)


def test_same_method_at_the_same_moment_pages_once() -> None:
    assert pages([Rule(SLACK), Rule(SLACK), Rule(EMAIL, MINUTE), Rule(EMAIL, MINUTE)], AT_NIGHT) == (
        (SLACK,),
        (LaterPage(EMAIL, AT_NIGHT + MINUTE),),
    )


def test_quiet_hours_put_everything_off_and_keep_its_order() -> None:
    later = (LaterPage(SLACK, MORNING), LaterPage(EMAIL, MORNING + 5 * MINUTE))
    assert pages([Rule(SLACK), Rule(EMAIL, 5 * MINUTE)], AT_NIGHT, NIGHT) == ((), later)


def test_later_page_waits_for_the_end_of_quiet_hours_that_begin_before_it() -> None:
    evening = datetime(2026, 3, 2, 20, 58, tzinfo=UTC)
    at_seven = LaterPage(EMAIL, datetime(2026, 3, 3, 6, 0, tzinfo=UTC))
    assert pages([Rule(SLACK), Rule(EMAIL, 5 * MINUTE)], evening, NIGHT) == ((SLACK,), (at_seven,))


def test_quiet_hours_end_by_the_clock_on_the_wall_when_it_changes() -> None:
    (page,) = pages([Rule(SLACK)], datetime(2026, 3, 29, 0, 30, tzinfo=UTC), NIGHT)[1]
    assert page.at == datetime(2026, 3, 29, 5, 0, tzinfo=UTC)


moments = st.integers(0, 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE
)
rules = st.lists(st.builds(Rule, st.sampled_from(Method), st.integers(0, 60).map(lambda n: n * MINUTE)))
weekdays = st.sets(st.sampled_from(Weekday), min_size=1, max_size=6).map(tuple)
hours = st.builds(Hours, st.times().map(lambda t: time(t.hour, t.minute)), st.just(time(7)), weekdays)
quiets = st.none() | st.builds(
    LocalHours, st.tuples(hours), st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"])
)


@settings(deadline=None, max_examples=60)
@given(rules, moments, quiets)
def test_no_rule_is_forgotten_doubled_early_or_within_quiet_hours(
    rules: list[Rule], now: datetime, quiet: LocalHours | None
) -> None:
    at_once, later = pages(rules, now, quiet)
    all_pages = [*(LaterPage(method, now) for method in at_once), *later]
    assert len(set(all_pages)) == len(all_pages)
    assert [one.at for one in later] == sorted(one.at for one in later)
    assert all(one.at > now for one in later)
    for rule in rules:
        assert any(one.method is rule.method and one.at >= now + rule.after for one in all_pages)
    if quiet is not None:
        assert not any(quiet.covers(one.at) for one in all_pages)
    else:
        assert {(one.method, one.at) for one in all_pages} == {(r.method, now + r.after) for r in rules}


def paged(person: Person, urgency: Urgency, *of_level: Method) -> tuple[object, object]:
    organization = Organization("N", people={person.id: person})
    methods, later = organization.pages([person.id], urgency, AT_NIGHT, level(1, channels=of_level))
    return methods[person.id], later.get(person.id, ())


RULES = {Urgency.HIGH: (Rule(SLACK), Rule(EMAIL, 5 * MINUTE))}


@pytest.mark.parametrize(
    ("channels", "rules", "urgency", "of_level", "expected"),
    [
        ((), {}, Urgency.HIGH, (), ((SLACK,), ())),
        ((EMAIL,), {}, Urgency.HIGH, (), ((EMAIL,), ())),
        ((EMAIL,), {}, Urgency.HIGH, (SLACK,), ((SLACK, EMAIL), ())),
        ((), RULES, Urgency.HIGH, (), ((SLACK,), (LaterPage(EMAIL, AT_NIGHT + 5 * MINUTE),))),
        ((), RULES, Urgency.HIGH, (EMAIL,), ((EMAIL, SLACK), (LaterPage(EMAIL, AT_NIGHT + 5 * MINUTE),))),
        ((EMAIL,), RULES, Urgency.LOW, (), ((), (LaterPage(EMAIL, MORNING),))),
        ((), {}, Urgency.LOW, (), ((), (LaterPage(SLACK, MORNING),))),
    ],
)
def test_level_person_and_urgency_decide_together(
    channels: tuple[Method, ...],
    rules: dict[Urgency, tuple[Rule, ...]],
    urgency: Urgency,
    of_level: tuple[Method, ...],
    expected: object,
) -> None:
    person = Person(ADA, "Ada", "ada@example.com", channels=channels, rules=rules, quiet=NIGHT)
    assert paged(person, urgency, *of_level) == expected


def test_person_who_has_left_is_reached_as_usual() -> None:
    gone = PersonId("gone")
    assert Organization("N").pages([gone], Urgency.HIGH, AT_NIGHT) == ({gone: (SLACK,)}, {})
