"""A moment as people type it after `/incident oncall`."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Invalid
from bot.slack import when
from bot.slack.when import When

#: A Wednesday at noon in Berlin.
NOW = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
BERLIN, KOLKATA = "Europe/Berlin", "Asia/Kolkata"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("now", "2026-03-04 12:00"),
        ("today", "2026-03-04 12:00"),
        ("tonight", "2026-03-04 22:00"),
        ("tonight 23:30", "2026-03-04 23:30"),
        ("tomorrow", "2026-03-05 12:00"),
        ("tomorrow 9:00", "2026-03-05 09:00"),
        ("tomorrow at 9am", "2026-03-05 09:00"),
        ("Tomorrow, 9.00", "2026-03-05 09:00"),
        ("wed", "2026-03-04 12:00"),
        ("sat", "2026-03-07 12:00"),
        ("SATURDAY 02:30", "2026-03-07 02:30"),
        ("next tue 7 pm", "2026-03-10 19:00"),
        ("thurs", "2026-03-05 12:00"),
        ("9:00", "2026-03-05 09:00"),
        ("today 9:00", "2026-03-04 09:00"),
        ("13:00", "2026-03-04 13:00"),
        ("at 12 am", "2026-03-05 00:00"),
        ("midnight", "2026-03-05 00:00"),
        ("wed 11:00", "2026-03-11 11:00"),
        ("2026-10-25", "2026-10-25 12:00"),
        ("2026-10-25 02:30", "2026-10-25 02:30"),
        ("on 2026-1-5 at 8:05", "2026-01-05 08:05"),
        ("in 3 hours", "2026-03-04 15:00"),
        ("in 3h", "2026-03-04 15:00"),
        ("in 30 min", "2026-03-04 12:30"),
        ("in 2 days", "2026-03-06 12:00"),
    ],
)
def test_moment_is_understood_in_the_schedules_zone(typed: str, expected: str) -> None:
    found = when.parse(typed)
    assert found is not None
    local = when.moment(found, NOW, BERLIN).astimezone(ZoneInfo(BERLIN))
    assert f"{local:%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize(
    "typed",
    ["", "9", "payments", "25:00", "9:60", "13 pm", "0 am", "2026-02-30", "tomorrow morning", "in a while"],
)
def test_what_is_no_moment_is_left_to_be_a_team(typed: str) -> None:
    assert when.parse(typed) is None
    assert when.split(typed) == (typed, None)


@pytest.mark.parametrize(
    ("typed", "team", "moment"),
    [
        ("payments", "payments", None),
        ("payments tomorrow 9:00", "payments", When(days=1, at=time(9))),
        ("Data platform on sat", "Data platform", When(weekday=5)),
        ("payments in 3 hours", "payments", When(after=timedelta(hours=3))),
        ("sat", "", When(weekday=5)),
        ("shop at 9:00", "shop", When(at=time(9))),
        ("shop 2026-10-25 02:30", "shop", When(on=date(2026, 10, 25), at=time(2, 30))),
        ("payments tomorow", "payments tomorow", None),
    ],
)
def test_team_and_moment_are_told_apart(typed: str, team: str, moment: When | None) -> None:
    assert when.split(typed) == (team, moment)


def test_time_that_comes_twice_is_the_first_and_one_that_does_not_exist_the_next() -> None:
    twice, never = (when.parse(text) for text in ("2026-10-25 02:30", "2026-03-29 02:30"))
    assert twice is not None
    assert never is not None
    assert when.moment(twice, NOW, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert when.moment(never, NOW, BERLIN) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    found = [when.moment(one, NOW, BERLIN) for one in (twice, never)]
    assert [when.is_skipped(*one, BERLIN) for one in zip((twice, never), found, strict=True)] == [False, True]


def test_day_is_the_zones_own() -> None:
    late = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)  # Thursday in India already
    found = when.parse("tomorrow 9:00")
    assert found is not None
    assert when.moment(found, late, KOLKATA) == datetime(2026, 3, 6, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed", ["9999-12-31 23:59", "0001-01-01 00:00", "2036-12-31", "2016-01-01", "in 999 weeks"]
)
@pytest.mark.parametrize("where", [BERLIN, KOLKATA, "America/Los_Angeles", "Pacific/Apia"])
def test_moment_that_no_schedule_can_tell_of_is_refused(typed: str, where: str) -> None:
    found = when.parse(typed)
    assert found is not None
    with pytest.raises(Invalid, match="more than ten years away"):
        when.moment(found, NOW, where)


@given(st.text(max_size=60))
def test_nothing_that_people_type_breaks_it(typed: str) -> None:
    team, found = when.split(typed)
    assert len(team) <= len(typed)
    if found is not None:
        with suppress(Invalid):
            assert abs(when.moment(found, NOW, BERLIN) - NOW) <= when.FURTHEST


@pytest.mark.parametrize(
    "typed",
    [
        "tomorrow 25:00",
        "2026-02-30",
        "2026-2",
        "24.12.",
        "today 9",
        "next week",
        "payments tomorrow at 9",
        "saturday evening",
        "in 1000 hours",
        "9",
    ],
)
def test_what_was_meant_as_a_moment_looks_like_one(typed: str) -> None:
    assert when.split(typed) == (typed, None)
    assert when.looks_like_one(typed)


@pytest.mark.parametrize("typed", ["", "payments", "paymens", "Data platform", "Level3", "SRE-2 on-call"])
def test_a_teams_name_looks_like_no_moment(typed: str) -> None:
    assert not when.looks_like_one(typed)
