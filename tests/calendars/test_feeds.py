"""What a feed tells, read back by two readers that share nothing."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from bot import organization_file
from bot.calendars import feeds
from bot.domain import feed
from bot.domain.feed import Feed, FeedContent, FeedShift
from bot.domain.ids import PersonId, ScheduleId
from tests.calendars import rfc5545
from tests.calendars.samples import expanded
from tests.story import ORGANIZATION

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
NORTHWIND = organization_file.read(ORGANIZATION)


def content(
    schedule: str | None = None, person: str | None = None, now: datetime = NOW, revision: int = 1
) -> FeedContent:
    one = Feed(
        "1", "cal_x", ScheduleId(schedule) if schedule else None, PersonId(person) if person else None, NOW
    )
    return feed.content(one, NORTHWIND, now, revision, NOW)


def test_schedule_feed_tells_every_shift_with_its_people() -> None:
    calendar = rfc5545.read(feeds.text(content("platform")))
    assert calendar.text("X-WR-CALNAME") == "On call: Platform on call"
    assert calendar.values["REFRESH-INTERVAL"] == calendar.values["X-PUBLISHED-TTL"] == "PT1H"
    told = [(one.values["DTSTART"], one.text("SUMMARY")) for one in calendar.blocks]
    # Mondays at nine in Berlin; from 29 March on that is seven in UTC.
    assert told[3:8] == [
        ("20260216T080000Z", "On call: Platform on call (Ben Li)"),
        ("20260223T080000Z", "On call: Platform on call (Chloé Martin)"),
        ("20260302T080000Z", "On call: Platform on call (Dev Patel)"),
        ("20260309T080000Z", "On call: Platform on call (Ben Li)"),
        ("20260316T080000Z", "On call: Platform on call (Chloé Martin)"),
    ]
    assert ("20260330T070000Z", "On call: Platform on call (Ben Li)") in told
    assert calendar.blocks[5].text("DESCRIPTION") == "Primary: Dev Patel\nSecondary: Ben Li\nLayer: rotation"


def test_feed_reaches_from_a_month_back_to_half_a_year_ahead() -> None:
    calendar = rfc5545.read(feeds.text(content("platform")))
    first, last = calendar.blocks[0].values, calendar.blocks[-1].values
    assert first["DTSTART"] <= f"{NOW - timedelta(days=30):%Y%m%dT}" < first["DTEND"]
    assert last["DTSTART"] <= f"{NOW + timedelta(days=180):%Y%m%dT}" < last["DTEND"]


def test_person_feed_tells_first_and_second_of_all_schedules() -> None:
    calendar = rfc5545.read(feeds.text(content(person="ben")))
    assert calendar.text("X-WR-CALNAME") == "On call: Ben Li"
    summaries = {one.text("SUMMARY") for one in calendar.blocks}
    assert {"On call: Platform on call (primary)", "On call: Platform on call (secondary)"} <= summaries
    for one in calendar.blocks:
        role = "Primary" if one.text("SUMMARY").endswith("(primary)") else "Secondary"
        assert f"{role}: Ben Li" in one.text("DESCRIPTION")


def test_event_keeps_its_identity_from_day_to_day() -> None:
    def uids(now: datetime) -> dict[str, tuple[str, str]]:
        read = rfc5545.read(feeds.text(content("platform", now=now)))
        return {one.values["UID"]: (one.values["DTSTART"], one.values["DTEND"]) for one in read.blocks}

    today, later = uids(NOW), uids(NOW + timedelta(days=10))
    shared = today.keys() & later.keys()
    assert len(shared) >= len(today) - 2
    assert {one: today[one] for one in shared} == {one: later[one] for one in shared}


def test_same_day_gives_the_same_bytes_and_a_change_a_new_version() -> None:
    assert feeds.text(content("platform")) == feeds.text(content("platform", now=NOW + timedelta(hours=9)))
    before = rfc5545.read(feeds.text(content("platform", revision=4))).blocks[0].values
    after = rfc5545.read(feeds.text(content("platform", revision=5))).blocks[0].values
    assert int(before["SEQUENCE"]) < int(after["SEQUENCE"])
    assert before["UID"] == after["UID"]


def test_feed_that_is_imported_says_the_same() -> None:
    told = content("payments")
    read = expanded(
        feeds.text(told).decode(), "Asia/Kolkata", told.shifts[0].starts_at, NOW + timedelta(days=400)
    )
    assert [(one.starts_at, one.ends_at) for one in read.occurrences] == [
        (one.starts_at, one.ends_at) for one in told.shifts
    ]
    assert read.skipped == ()


@given(
    schedule=st.text(max_size=200),
    person=st.text(max_size=200),
    layer=st.one_of(st.none(), st.text(max_size=40)),
    is_primary=st.sampled_from([None, True, False]),
)
@settings(max_examples=200, deadline=None)
def test_whatever_people_write_the_calendar_is_valid(
    schedule: str, person: str, layer: str | None, is_primary: bool | None
) -> None:
    shift = FeedShift(
        ScheduleId("payments"), schedule, person, person, NOW, NOW + timedelta(days=7), layer, is_primary
    )
    text = feeds.text(FeedContent(f"On call: {schedule}", (shift,), 3, NOW))
    calendar = rfc5545.read(text)
    (event,) = calendar.blocks
    assert _seen(event.text("SUMMARY")).startswith(_seen(f"On call: {schedule}"))
    (again,) = Calendar.from_ical(text).walk("VEVENT")
    assert str(again["SUMMARY"]) == event.text("SUMMARY")
    assert str(again["DESCRIPTION"]) == event.text("DESCRIPTION")


def _seen(text: str) -> str:
    """As a person sees it; icalendar takes a backslash with an N that somebody wrote for a line break."""
    return "".join(one if one.isprintable() else " " for one in text.replace("\\N", "\n"))
