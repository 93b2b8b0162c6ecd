"""Calendars say who is on call: recurrences, exceptions, zones, and hostile text."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.calendars.apart import expand_apart
from bot.calendars.imports import MOST_EVENTS, BadCalendar
from tests.calendars.samples import END, START, calendar, expanded, sample, told

HOUR = timedelta(hours=1)


def test_google_calendar_is_read_by_hand() -> None:
    assert told(expanded(sample("google"))) == [
        "Mon 05 Oct 07:00 – Mon 12 Oct 07:00 Pager",
        "Tue 20 Oct 07:00 – Mon 26 Oct 08:00 Pager",  # moved; the clocks change before its end
        "Mon 02 Nov 08:00 – Mon 09 Nov 08:00 Pager",
        "Mon 30 Nov 08:00 – Mon 07 Dec 08:00 Pager",  # UNTIL is that very moment; 16 November is left out
        "Wed 23 Dec 23:00 – Sat 26 Dec 23:00 On call: Dev Patel",  # whole days in Berlin
    ]


def test_outlook_calendar_is_read_by_hand() -> None:
    assert told(expanded(sample("outlook"))) == [
        "Fri 23 Oct 20:00 – Sat 24 Oct 04:00 Night shift emi",
        "Sat 24 Oct 20:00 – Sun 25 Oct 05:00 Night shift emi",  # 22:00 to 06:00, nine hours long
        "Sun 25 Oct 22:00 – Mon 26 Oct 05:00 Night shift farid",
        "Wed 28 Oct 21:00 – Thu 29 Oct 05:00 Night shift emi",
        "Sun 01 Nov 07:30 – Sun 01 Nov 11:30 Bereitschaft Hana?",
    ]


def test_apple_calendar_is_read_by_hand() -> None:
    assert told(expanded(sample("apple"))) == [
        "Sat 31 Oct 17:00 – Sun 01 Nov 18:00 Weekend, with both phones",
        "Sat 07 Nov 18:00 – Sun 08 Nov 18:00 Weekend, with both phones",
        "Tue 10 Nov 23:00 – Wed 11 Nov 23:00 🔔 Chloé Martin",
        "Sat 28 Nov 18:00 – Sun 29 Nov 18:00 Weekend, with both phones",
        "Thu 03 Dec 19:00 – Fri 04 Dec 05:00 ben@example.com",
        "Sat 26 Dec 18:00 – Sun 27 Dec 18:00 Weekend, with both phones",
    ]


def test_who_is_invited_is_read_but_not_who_declined() -> None:
    first, *_ = expanded(sample("google")).occurrences
    assert first.attendees == ("ada@example.com",)
    weekend, *_ = expanded(sample("apple")).occurrences
    assert weekend.attendees == ("emi@example.com", "gus@example.com")
    assert weekend.organizer == "gus@example.com"


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("Europe/Berlin", "2026-10-05T09:00"),
        ("America/New_York", "2026-10-12T02:30"),
        ("Australia/Lord_Howe", "2026-09-14T01:45"),
        ("Asia/Kolkata", "2026-10-05T09:00"),
    ],
)
def test_weeks_follow_one_another_without_gap_or_overlap(zone: str, begins: str) -> None:
    start = datetime.fromisoformat(begins)
    week = (
        f"DTSTART;TZID={zone}:{start:%Y%m%dT%H%M%S}\n"
        f"DTEND;TZID={zone}:{start + timedelta(days=7):%Y%m%dT%H%M%S}\nRRULE:FREQ=WEEKLY\nSUMMARY:ben"
    )
    found = expanded(calendar(week)).occurrences
    assert len(found) > 15
    assert all(before.ends_at == after.starts_at for before, after in pairwise(found))
    walls = {one.starts_at.astimezone(ZoneInfo(zone)).time() for one in found}
    assert start.time() in walls


def test_time_that_does_not_exist_counts_from_before_the_gap() -> None:
    night = "DTSTART;TZID=Europe/Berlin:20260328T023000\nDURATION:PT4H\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:a"
    found = expanded(calendar(night), start=datetime(2026, 3, 1, tzinfo=UTC))
    assert [one[:16] for one in told(found)] == ["Sat 28 Mar 01:30", "Sun 29 Mar 01:30", "Mon 30 Mar 00:30"]
    assert {one.ends_at - one.starts_at for one in found.occurrences} == {4 * HOUR}


def test_days_and_floating_times_are_the_schedules() -> None:
    text = calendar(
        "DTSTART;VALUE=DATE:20261001\nSUMMARY:day", "DTSTART:20261002T080000\nDURATION:PT1H\nSUMMARY:float"
    )
    assert told(expanded(text, "Asia/Kolkata")) == [
        "Wed 30 Sep 18:30 – Thu 01 Oct 18:30 day",
        "Fri 02 Oct 02:30 – Fri 02 Oct 03:30 float",
    ]


def test_cancelled_series_takes_its_exceptions_along() -> None:
    main = "UID:x\nSTATUS:CANCELLED\nDTSTART:20261001T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3"
    exception = "UID:x\nRECURRENCE-ID:20261002T080000Z\nDTSTART:20261002T090000Z\nDURATION:PT1H"
    assert expanded(calendar(main, exception)).occurrences == ()


def test_cancelled_exception_leaves_the_others() -> None:
    main = "UID:x\nDTSTART:20261001T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:a"
    exception = "UID:x\nRECURRENCE-ID:20261002T080000Z\nDTSTART:20261002T080000Z\nSTATUS:CANCELLED"
    found = expanded(calendar(main, exception)).occurrences
    assert [one.starts_at.day for one in found] == [1, 3]


def test_newest_version_of_an_event_counts() -> None:
    old = "UID:x\nSEQUENCE:1\nDTSTART:20261001T080000Z\nDURATION:PT1H\nSUMMARY:old"
    new = "UID:x\nSEQUENCE:2\nDTSTART:20261005T080000Z\nDURATION:PT1H\nSUMMARY:new"
    assert [one.title for one in expanded(calendar(new, old)).occurrences] == ["new"]


def test_added_dates_may_have_their_own_length() -> None:
    event = (
        "DTSTART:20261001T080000Z\nDURATION:PT1H\nSUMMARY:a\n"
        "RDATE;VALUE=PERIOD:20261002T080000Z/PT2H,20261003T080000Z/20261003T110000Z"
    )
    lengths = [(one.ends_at - one.starts_at) // HOUR for one in expanded(calendar(event)).occurrences]
    assert lengths == [1, 2, 3]


def test_rotation_that_began_long_ago_is_read_where_it_is_asked_for() -> None:
    event = (
        "DTSTART;TZID=Europe/Berlin:19990104T090000\nDURATION:P1W\nRRULE:FREQ=WEEKLY;INTERVAL=3\nSUMMARY:a"
    )
    first, *_ = told(expanded(calendar(event)))
    assert first == "Mon 31 Aug 07:00 – Mon 07 Sep 07:00 a"


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("DTSTART;TZID=Mars/Olympus:20261001T080000\nDURATION:PT1H", "time zone"),
        ("DTSTART:20261001T080000Z", "lasts no time"),
        ("DTSTART:20261001T080000Z\nDTEND:20261001T070000Z", "lasts no time"),
        ("DTSTART:20261301T080000Z\nDURATION:PT1H", "DTSTART"),
        ("DURATION:PT1H", "no beginning"),
        ("DTSTART:20261001T080000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY", "repeat by"),
        ("DTSTART:20261001T080000Z\nDURATION:PT1H\nRRULE:FREQ=MINUTELY;COUNT=3", "repeat by"),
        ("DTSTART:20261001T080000Z\nDURATION:PT1H\nRRULE:FREQ=OFTEN", "RRULE"),
        ("DTSTART:20261001T080000Z\nDURATION:PT1H\nRRULE:", "repeat by"),
        ("DTSTART:20261001T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEXDATE:soon", "EXDATE"),
        ("DTSTART:20261001T080000Z\nDURATION:PT1H\nEXDATE;TZID=Mars/Olympus:20261001T080000", "time zone"),
        ("DTSTART:20261001T080000Z\nDURATION:PT1H\nEXRULE:FREQ=DAILY", "EXRULE"),
        (
            "DTSTART:20261001T080000Z\nDURATION:PT1H\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261001T080000Z",
            "THISANDFUTURE",
        ),
    ],
)
def test_event_that_cannot_be_read_is_told_of(event: str, why: str) -> None:
    good = "DTSTART:20261001T080000Z\nDURATION:PT1H\nSUMMARY:good"
    found = expanded(calendar(f"{event}\nSUMMARY:bad", good))
    assert [one.title for one in found.occurrences] == ["good"]
    ((title, reason),) = [(one.title, one.why) for one in found.skipped]
    assert title == "bad"
    assert why in reason


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no iCalendar"),
        ("<html>Sign in</html>", "no iCalendar"),
        ("BEGIN:VCALENDAR\r\n" + "X" * 1024 * 1024, "1 MiB"),
        ("BEGIN:VCALENDAR\r\n" + "BEGIN:VEVENT\r\n" * (MOST_EVENTS + 1), "events"),
        ("BEGIN:VCALENDAR\r\nno colon\r\nEND:VEVENT\r\n", "damaged"),
    ],
)
def test_text_that_is_no_calendar_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadCalendar, match=why):
        expanded(text)


def test_more_shifts_than_anybody_works_are_refused() -> None:
    hourly = "DTSTART:20260901T000000Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY\nSUMMARY:a"
    with pytest.raises(BadCalendar, match="shifts"):
        expanded(calendar(*[hourly] * 6))


def test_title_is_one_line_that_a_terminal_can_show() -> None:
    event = "DTSTART:20261001T080000Z\nDURATION:PT1H\nSUMMARY:\x1b[2Jben\\nli\u202e"
    (found,) = expanded(calendar(event)).occurrences
    assert found.title == "[2Jben li"


def test_rule_that_never_comes_true_is_ended() -> None:
    never = "DTSTART:20260101T000000Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"
    with pytest.raises(BadCalendar, match="more than 2 s"):
        expand_apart(calendar(never), "Europe/Berlin", START, END, patience=2)


def test_process_apart_finds_the_same() -> None:
    assert expand_apart(sample("google"), "Europe/Berlin", START, END) == expanded(sample("google"))
    with pytest.raises(BadCalendar, match="no iCalendar"):
        expand_apart("\ud800", "Europe/Berlin", START, END)


LINES = st.sampled_from(
    [
        "DTSTART:20261001T080000Z",
        "DTSTART;VALUE=DATE:20261001",
        "DTSTART;TZID=Europe/Berlin:20261025T023000",
        "DTSTART;TZID=:20261025T023000",
        "DTEND:20261001T090000",
        "DTEND;VALUE=DATE:99991231",
        "DURATION:-PT1H",
        "DURATION:P99999999D",
        "DURATION:PT1H",
        "RRULE:FREQ=WEEKLY;COUNT=3",
        "RRULE:FREQ=WEEKLY;UNTIL=20261101",
        "RRULE:FREQ=MONTHLY;BYDAY=-1MO;BYSETPOS=0",
        "RRULE:",
        "RDATE:20261002T080000Z",
        "RDATE;VALUE=PERIOD:20261002T080000Z/PT0S",
        "EXDATE;VALUE=DATE:20261001",
        "RECURRENCE-ID:20261001T080000Z",
        "SEQUENCE:x",
        "STATUS:CANCELLED",
        "ATTENDEE:mailto:",
        'ORGANIZER;CN="a:b',
        "BEGIN:VALARM",
        "END:VALARM",
        "END:VEVENT",
        "UID:",
        "X-WR-TIMEZONE:../../etc/passwd",
    ]
)


@given(st.lists(st.one_of(LINES, st.text(max_size=30)), max_size=12))
@settings(max_examples=150, deadline=None)
def test_whatever_is_in_it_is_read_or_refused(lines: list[str]) -> None:
    try:
        found = expanded(calendar("\n".join(lines), "UID:z\nDTSTART:20261001T080000Z\nDURATION:PT1H"))
    except BadCalendar:
        return
    for one in found.occurrences:
        assert one.starts_at < one.ends_at
        assert one.ends_at > START
        assert one.starts_at < END
