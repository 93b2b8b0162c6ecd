"""What stands on a card, a page and a timeline, read as a person reads it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import Refusal
from bot.domain.ids import ServiceId
from bot.domain.incident import Status
from bot.domain.organization import Service
from bot.domain.sla import Severity
from bot.domain.timeline import Escalated, Noted, Paged, Reason
from bot.slack.command import Command
from bot.slack.verbs import Verb
from bot.slack.views import answers, card, duty_forms, inputs, modals, page, timeline
from bot.slack.views.kit import Message
from tests.domain.samples import ADA, BEN, CHLOE, NOW, entry, organization
from tests.story import buttons_of, text_of
from tests.views.duty_samples import HOURS, NEXT, people, schedule
from tests.views.samples import events, overview, page_facts

LATER = NOW + timedelta(minutes=20)


def read(message: Message) -> str:
    return text_of({"blocks": list(message.blocks), "text": message.text})


def buttons(message: Message) -> list[str]:
    return buttons_of({"blocks": list(message.blocks)})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["acknowledge", "resolve", "escalate", "page", "more"]),
        ({"acknowledged_at": NOW}, ["resolve", "escalate", "page", "more"]),
        ({"status": Status.RESOLVED, "resolved_at": NOW}, ["close", "postmortem", "reopen"]),
        ({"status": Status.CLOSED, "closed_at": NOW}, ["postmortem", "reopen"]),
    ],
)
def test_card_has_only_buttons_that_apply(changes: dict[str, object], expected: list[str]) -> None:
    assert buttons(card.card(overview(**changes), NOW)) == expected


def test_who_ended_it_is_named_with_what_they_did_and_when() -> None:
    resolved: dict[str, Any] = {"resolved_at": NOW, "resolved_by": "Farid Haddad"}
    later = {"status": Status.CLOSED, **resolved, "closed_at": NOW + timedelta(hours=2)}
    at_once = {"status": Status.CLOSED, **resolved, "closed_at": NOW}
    assert f"Farid Haddad, {NOW:%Y-%m-%d %H:%M}" in read(card.card(overview(**later), LATER))
    for changes, word in ((later, "Resolved"), (at_once, "Closed")):
        assert f"{word} by Farid Haddad." in read(page.page(page_facts(Paged(BEN, None), **changes), LATER))


def test_level_is_never_above_how_many_there_are() -> None:
    assert "Level 4 of 4" in read(card.card(overview(level=4), NOW))


def test_card_without_a_further_level_cannot_escalate() -> None:
    shown = replace(overview(), next_level=None, by_hand=None)
    assert "escalate" not in buttons(card.card(shown, NOW))


def test_card_pings_nobody_who_is_not_paged_yet() -> None:
    facts = card.card(overview(), NOW).blocks[-2]
    assert "then Ada Okafor at" in str(facts)
    assert "<@" not in str(facts)


def test_title_that_is_too_long_for_a_header_stands_on_the_card_in_full() -> None:
    title = "Checkout answers 500 " * 9
    assert title.strip() in read(card.card(overview(title=title.strip()), NOW))


def test_overdue_acknowledgement_is_seen_on_the_card() -> None:
    assert "overdue since" not in read(card.card(overview(), NOW))
    assert ":warning: overdue since 2026-03-10 12:15 UTC" in read(card.card(overview(), LATER))


def test_headline_says_what_matters_on_a_lock_screen() -> None:
    assert card.card(overview(), NOW).text == ":red_circle: INC-2026-044 · SEV1 · Checkout is down"
    resolved = overview(status=Status.RESOLVED, resolved_at=NOW)
    assert card.card(resolved, NOW).text == ":red_circle: Resolved: INC-2026-044 · SEV1 · Checkout is down"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Database pool exhausted on primary", "inc-2026-044-database-pool-exhausted"),
        ("The API is down!", "inc-2026-044-api-down"),
        ("Überlast in Zürich", "inc-2026-044-überlast-zürich"),
        ("データベース 停止", "inc-2026-044-データベース-停止"),
        ("डेटाबेस बंद", "inc-2026-044-डटबस-बद"),
        ("İstanbul down", "inc-2026-044-istanbul-down"),
        ("௰ nodes", "inc-2026-044-nodes"),
        ("!!! ???", "inc-2026-044"),
        ("x" * 200, "inc-2026-044-" + "x" * 67),
    ],
)
def test_channel_name_is_made_of_the_title(title: str, name: str) -> None:
    assert card.channel_name(overview(title=title)) == name


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.DECLARED, "You are *on call*"),
        (Reason.UNACKNOWLEDGED, "*Nobody acknowledged in time*"),
        (Reason.BY_HAND, "*Ada* escalated it to level 1"),
        (Reason.REOPENED, "It was *reopened*"),
        (Reason.RAISED, "Its *severity was raised*"),
        (Reason.UNREACHABLE, "*could not be reached*"),
    ],
)
def test_page_says_why_this_person(reason: Reason, words: str) -> None:
    assert words in read(page.page(page_facts(Escalated(1, (BEN,), reason, None, 1)), NOW))


def test_page_says_what_happens_next_and_when() -> None:
    shown = page.page(page_facts(Escalated(1, (BEN,), Reason.DECLARED, None, 1)), LATER)
    assert "If nobody acknowledges, then Ada Okafor at 2026-03-10 12:15 UTC" in read(shown)
    assert "(20 min)" in read(shown)
    assert buttons(shown) == ["acknowledge", "escalate", "open_channel"]


def test_page_that_is_over_asks_for_nothing() -> None:
    event = Paged(BEN, "please look")
    shown = page.page(page_facts(event, status=Status.RESOLVED, resolved_at=NOW, resolved_by="Ada"), LATER)
    assert shown.text.startswith("Over: ")
    assert "Resolved by Ada" in read(shown)
    assert buttons(shown) == ["open_channel"]


def test_every_kind_of_event_has_its_own_line() -> None:
    lines = [timeline.line(entry(event), overview()) for event in events("words")]
    assert all(line.startswith(":") for line in lines)
    assert len(set(lines)) >= len(lines) - 4  # four reasons to page a level read the same


def test_who_has_left_is_still_spoken_of() -> None:
    gone = [timeline.line(entry(event), overview()) for event in events("words")]
    assert any("somebody who has left" in line for line in gone)
    assert ADA in overview().people


def test_timeline_counts_what_slack_has_no_room_for() -> None:
    entries = [entry(Noted(f"{ordinal}: {'&' * 480}")) for ordinal in range(200)]
    seen = read(timeline.timeline(entries, overview(sequence=200)))
    assert seen.count("noted") == 45
    assert "155 older events are not shown." in seen
    assert ">199: " in seen


def test_last_event_is_shown_however_long_those_before_it() -> None:
    entries = [entry(Noted(f"{ordinal}: {'x' * 480}")) for ordinal in range(8)]
    assert ">7: " in read(answers.shown(overview(), entries, [], NOW))


def test_suggestion_with_backticks_does_not_break_out_of_its_code() -> None:
    assert "Did you mean /incident note `a`?" in read(answers.refusal(Refusal("No."), "note `a`"))


def services_of(names: list[str], count: int) -> dict[str, Any]:
    services = {
        ServiceId(f"s{i}"): Service(ServiceId(f"s{i}"), f"svc_{i}", f"Service {i}") for i in range(count)
    }
    crowded = replace(organization(), services=services)
    view = modals.declare(
        crowded, title="", severity=None, services=names, metadata=inputs.Metadata(None, None)
    )
    found: dict[str, Any] = next(one for one in view["blocks"] if one["block_id"] == "services")
    return found


def test_service_that_was_named_is_chosen_once_however_many_there_are() -> None:
    block = services_of(["Service 140", "svc_140"], 150)
    assert [one["value"] for one in block["element"]["initial_options"]] == ["svc_140"]
    assert len(block["element"]["options"]) == 100
    assert "--service NAME" in block["hint"]["text"]
    assert "hint" not in services_of([], 100)


def test_long_timeline_says_what_it_leaves_out() -> None:
    shown = overview(sequence=300)
    entries = [entry(event) for event in events("words")]
    assert f"{300 - len(entries)} older events are not shown." in read(timeline.timeline(entries, shown))


SEV1 = (Severity.SEV1,)


@pytest.mark.parametrize(
    ("asked", "total", "heading", "in_short"),
    [
        (Command(Verb.LIST), 1, "Open incidents", "1 open incident"),
        (Command(Verb.LIST), 2, "2 open incidents", "2 open incidents"),
        (Command(Verb.LIST, everything=True), 1, "Incidents", "1 incident"),
        (Command(Verb.LIST, severities=SEV1), 1, "SEV1 open incidents", "1 SEV1 open incident"),
        (Command(Verb.LIST, mine=True), 1, "Your open incidents", "1 open incident of yours"),
        (Command(Verb.LIST, mine=True), 9, "9 open incidents of yours", "9 open incidents of yours"),
    ],
)
def test_list_says_how_many_of_what(asked: Command, total: int, heading: str, in_short: str) -> None:
    shown = answers.listing([overview()], total, asked, NOW)
    assert (shown.blocks[0]["text"]["text"], shown.text) == (f"*{heading}*", in_short)


def test_empty_list_says_of_what() -> None:
    assert answers.listing([], 0, Command(Verb.LIST, severities=SEV1), NOW).text == "No SEV1 open incidents."
    assert answers.listing([], 0, Command(Verb.LIST, mine=True), NOW).text == "You have no open incidents."


def test_shifts_of_two_people_with_one_name_can_both_be_taken_in_return() -> None:
    of_ada = [(schedule("Shop"), NEXT)]
    of_ben = [(schedule("Shop"), replace(NEXT, starts_at=NEXT.starts_at + HOURS))]
    ada, ben = people("Kim Lee").values()
    chloe = replace(ben, id=CHLOE, name="Chloe")
    view = duty_forms.swap(
        of_ada, [(ada, of_ada), (ben, of_ben), (chloe, of_ada)], inputs.Metadata(None, None)
    )
    groups = next(one for one in view["blocks"] if one["block_id"] == "in_return")["element"]["option_groups"]
    headings = [group["label"]["text"] for group in groups]
    assert headings == ["Kim Lee (ada)", "Kim Lee (ben)", "Chloe"]
    assert len({group["options"][0]["value"] for group in groups[:2]}) == 2
