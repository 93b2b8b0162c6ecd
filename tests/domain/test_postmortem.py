"""What a postmortem must tell, what it may hold, and what the incident knows by itself."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import postmortem
from bot.domain.errors import Invalid
from bot.domain.ids import IncidentId, PersonId
from bot.domain.incident import DESCRIPTION_LIMIT, Status
from bot.domain.postmortem import (
    DAY_LIMIT,
    FACT_LIMIT,
    LINE_LIMIT,
    LIST_LIMIT,
    TEXT_LIMIT,
    ActionItem,
    Content,
    Impact,
    Moment,
    PostmortemLevel,
    ResponseTimes,
)
from bot.domain.timeline import Acknowledged, DescriptionChanged, Entry, Event, Noted, StatusChanged
from tests.domain.samples import BY_ADA, NOW, incident

WHOLE = Content(
    summary="The pool ran out",
    root_cause="A leak",
    resolution="Rolled back",
    impact=Impact(users_affected="300"),
    action_items=(ActionItem("Alert at 80 %"),),
)
#: Each says nothing, although it is there.
EMPTY: dict[str, tuple[Any, ...]] = {
    "summary": (None, "", " \n"),
    "root_cause": (None, "", " \n"),
    "resolution": (None, "", " \n"),
    "impact": (None, Impact(), Impact(users_affected="  "), Impact(services_affected=())),
    "action_items": (None, ()),
}
REQUIRED = {
    PostmortemLevel.BASIC: {"summary"},
    PostmortemLevel.STANDARD: {"summary", "root_cause", "resolution"},
    PostmortemLevel.FULL: {"summary", "root_cause", "resolution", "impact", "action_items"},
}
short_texts = st.none() | st.text(max_size=20)
contents = st.builds(
    Content,
    summary=short_texts,
    root_cause=short_texts,
    resolution=short_texts,
    five_whys=short_texts,
    impact=st.none() | st.builds(Impact, short_texts, short_texts, st.none() | st.just(("Shop",))),
    action_items=st.none() | st.just((ActionItem("Alert"),)),
)


def missing(content: Content, level: PostmortemLevel) -> set[str]:
    return set(postmortem.missing(postmortem.checked(content), level))


def at(minutes: float, event: Event) -> Entry:
    return Entry(IncidentId("i1"), 1, NOW + timedelta(minutes=minutes), BY_ADA, event)


def moved(to: Status) -> StatusChanged:
    return StatusChanged(Status.INVESTIGATING, to, None)


def name_of(person_id: PersonId | None) -> str:
    return str(person_id)


@pytest.mark.parametrize("level", PostmortemLevel)
def test_all_that_is_missing_is_named_at_once(level: PostmortemLevel) -> None:
    assert missing(Content(), level) == REQUIRED[level]
    assert missing(WHOLE, level) == set()


@pytest.mark.parametrize(("field", "value"), [(field, one) for field, many in EMPTY.items() for one in many])
def test_what_says_nothing_counts_as_missing(field: str, value: Any) -> None:
    assert missing(replace(WHOLE, **{field: value}), PostmortemLevel.FULL) == {field}


@given(contents)
def test_higher_level_never_asks_for_less(content: Content) -> None:
    basic, standard, full = (missing(content, level) for level in PostmortemLevel)
    assert basic <= standard <= full


@given(contents)
def test_checking_twice_changes_nothing_more(content: Content) -> None:
    once = postmortem.checked(content)
    assert postmortem.checked(once) == once
    texts = [getattr(once, field.name) for field in fields(once)]
    assert all(text == text.strip() != "" for text in texts if isinstance(text, str))


@pytest.mark.parametrize(
    ("field", "fits", "too_much"),
    [
        ("summary", "x" * TEXT_LIMIT, "x" * (TEXT_LIMIT + 1)),
        ("five_whys", "x" * TEXT_LIMIT, "x" * (TEXT_LIMIT + 1)),
        ("impact", Impact("x" * FACT_LIMIT), Impact("x" * (FACT_LIMIT + 1))),
        ("impact", Impact(None, "x" * FACT_LIMIT), Impact(None, "x" * (FACT_LIMIT + 1))),
        ("impact", Impact(services_affected=("x",) * LIST_LIMIT), Impact(services_affected=("x",) * 201)),
        ("impact", Impact(services_affected=("x" * FACT_LIMIT,)), Impact(services_affected=(" ",))),
        ("timeline", (Moment("t", "x" * LINE_LIMIT),), (Moment("t", "x" * (LINE_LIMIT + 1)),)),
        ("timeline", (Moment("t", "x"),) * LIST_LIMIT, (Moment("t", "x"),) * (LIST_LIMIT + 1)),
        ("timeline", (Moment("t", "x"),), (Moment("t", " "),)),
        ("action_items", (ActionItem("x" * LINE_LIMIT),), (ActionItem("x" * (LINE_LIMIT + 1)),)),
        ("action_items", (ActionItem("x"),) * LIST_LIMIT, (ActionItem("x"),) * (LIST_LIMIT + 1)),
        ("action_items", (ActionItem("x"),), (ActionItem("\t"),)),
        ("action_items", (ActionItem("x", None, "x" * DAY_LIMIT),), (ActionItem("x", None, "x" * 101),)),
        ("response_timeline", ResponseTimes("x" * FACT_LIMIT), ResponseTimes("x" * (FACT_LIMIT + 1))),
    ],
)
def test_what_is_too_large_or_empty_names_its_field(field: str, fits: Any, too_much: Any) -> None:
    assert getattr(postmortem.checked(replace(WHOLE, **{field: fits})), field) == fits
    with pytest.raises(Invalid) as refused:
        postmortem.checked(replace(WHOLE, **{field: too_much}))
    assert refused.value.details.keys() == {field}


def test_response_times_count_from_the_declaration() -> None:
    over = incident(resolved_at=NOW + timedelta(hours=2, minutes=5))
    turns = [at(4, Acknowledged(timedelta(minutes=4), is_late=False)), at(30, moved(Status.FIXING))]
    expected = ResponseTimes("4 min", "30 min", "2 h 5 min")
    assert postmortem.response_times(over, turns) == expected


@pytest.mark.parametrize(
    ("to", "identified"),
    [(Status.FIXING, "9 min"), (Status.MONITORING, "9 min"), (Status.INVESTIGATING, None)],
)
def test_cause_is_known_from_the_first_fix(to: Status, identified: str | None) -> None:
    over = incident(resolved_at=NOW + timedelta(hours=1))
    turns = [at(9, moved(to)), *([at(20, moved(Status.FIXING))] if identified else [])]
    assert postmortem.response_times(over, turns).time_to_identify == identified


def test_reopening_does_not_move_the_first_acknowledgement() -> None:
    again = incident(acknowledged_at=NOW + timedelta(days=2), resolved_at=NOW + timedelta(days=3))
    turns = [at(minutes, Acknowledged(timedelta(minutes=4), is_late=False)) for minutes in (4, 2 * 24 * 60)]
    times = postmortem.response_times(again, turns)
    assert (times.time_to_acknowledge, times.time_to_resolve) == ("4 min", "3 d")


def test_what_never_happened_took_no_time() -> None:
    assert postmortem.response_times(incident(), []) == ResponseTimes()


def test_timeline_keeps_the_newest_moments_in_order() -> None:
    moments = postmortem.timeline([at(n, Noted(f"n{n}")) for n in range(LIST_LIMIT + 50)], name_of)
    assert len(moments) == LIST_LIMIT
    assert (moments[0].description, moments[-1].description) == ("Note: n50", "Note: n249")
    assert moments[0] == Moment("2026-03-10T12:50:00Z", "Note: n50")


def test_long_event_fits_into_its_moment() -> None:
    [moment] = postmortem.timeline([at(0, DescriptionChanged(None, "x" * DESCRIPTION_LIMIT))], name_of)
    assert len(moment.description) == LINE_LIMIT
    assert moment.description.endswith("…")
    assert postmortem.checked(Content(timeline=(moment,))).timeline == (moment,)


def filled(content: Content, resolved_at: datetime | None = NOW + timedelta(hours=1)) -> Content:
    known = ResponseTimes("4 min", None, "1 h")
    moments = (Moment("2026-03-10T12:00:00Z", "Incident created"),)
    return postmortem.filled_in(content, incident(resolved_at=resolved_at), ["Checkout"], moments, known)


def test_what_the_incident_knows_is_filled_in() -> None:
    content = filled(Content(summary="x"))
    assert content.impact == Impact("1 h", None, ("Checkout",), None)
    assert content.response_timeline == ResponseTimes("4 min", None, "1 h")
    assert content.timeline is not None
    assert content.timeline[0].description == "Incident created"
    assert content.action_items is None


def test_what_the_author_said_stays_as_it_was() -> None:
    said = Content(
        impact=Impact("a long while", None, ()),
        timeline=(),
        response_timeline=ResponseTimes("at once", "late", "in the end"),
    )
    assert filled(said) == said


@given(contents)
def test_filling_in_never_changes_what_was_said(content: Content) -> None:
    before, after = postmortem.checked(content), filled(postmortem.checked(content))
    for name in ("summary", "root_cause", "resolution", "five_whys", "action_items"):
        assert getattr(after, name) == getattr(before, name)
    assert filled(after) == after
