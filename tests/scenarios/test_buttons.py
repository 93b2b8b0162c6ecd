"""Every button and menu, on the card, the page, the announcement, the answers and the home tab."""

import asyncio
import copy
from collections.abc import Sequence

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.incident import Status
from bot.domain.timeline import Entry, Escalated
from tests.story import Json, Person, Story, buttons_of, text_of


@pytest.fixture
async def story(story: Story) -> Story:
    await story.person("ada").types("declare Oh no --sev SEV1 --service Checkout")
    return story


async def paged(story: Story) -> Person:
    assignee = (await story.overview()).assignee
    assert assignee is not None
    return story.person(assignee.id)


async def test_acknowledge_on_the_card_takes_it(story: Story) -> None:
    await story.person("ben").presses(await story.card(), "acknowledge")
    assert (await story.overview()).incident.assignee_id == "ben"
    assert buttons_of(await story.card()) == ["resolve", "escalate", "page", "more"]


async def test_acknowledge_on_the_page_takes_it_and_tidies_the_page(story: Story) -> None:
    person = await paged(story)
    await person.presses(person.pages[0], "acknowledge")
    assert (await story.overview()).incident.assignee_id == person.name
    assert "Acknowledged by" in text_of(person.pages[0])
    assert "acknowledge" not in buttons_of(person.pages[0])
    assert len(person.pages) == 1


async def test_of_two_who_acknowledge_at_once_one_is_told(story: Story) -> None:
    card = await story.card()
    told = await asyncio.gather(*(story.person(name).presses(card, "acknowledge") for name in ("ben", "dev")))
    assert sum("already acknowledged by" in text for text in told) == 1
    assert (await story.events()).count("Acknowledged") == 1


async def test_acknowledge_on_the_announcement_works_too(story: Story) -> None:
    await story.person("ben").presses(await story.announcement(), "acknowledge")
    assert "acknowledge" not in buttons_of(await story.announcement())


async def test_resolve_asks_what_fixed_it(story: Story) -> None:
    ben = story.person("ben")
    await ben.presses(await story.card(), "resolve")
    await ben.submits(comment="turned it off and on")
    assert (await story.overview()).incident.status is Status.RESOLVED
    assert buttons_of(await story.card()) == ["close", "postmortem", "reopen"]


async def test_closing_and_reopening_from_the_card(story: Story) -> None:
    ben = story.person("ben")
    await ben.types("resolve INC-2026-001 fixed")
    await ben.presses(await story.card(), "close")
    await ben.submits()
    assert buttons_of(await story.card()) == ["postmortem", "reopen"]
    await ben.presses(await story.card(), "reopen")
    await ben.submits(comment="it is back")
    assert "acknowledge" in buttons_of(await story.card())


async def test_of_two_who_reopen_the_second_is_told_and_changes_nothing(story: Story) -> None:
    ben, emi = story.person("ben"), story.person("emi")
    await ben.types("resolve INC-2026-001 fixed")
    for one in (ben, emi):
        await one.presses(await story.card(), "reopen")
    await ben.submits(comment="it is back")
    await story.person("farid").types("ack INC-2026-001")
    await story.person("farid").types("status INC-2026-001 fixing")
    await story.forward(minutes=3)
    errors = await emi.submits(comment="it is back")
    assert errors["comment"].startswith("It is open already (reopened by Ben Li at 03:0")
    assert (await story.overview()).incident.status is Status.FIXING


async def test_escalate_asks_first_and_names_whom_it_pages(story: Story) -> None:
    card = await story.card()
    assert "level 2" in whom(card)
    await story.person("ben").presses(card, "escalate")
    assert (await story.overview()).incident.level == 2


async def test_escalate_goes_away_after_the_last_level(story: Story) -> None:
    for _ in range(2):
        await story.person("ben").presses(await story.card(), "escalate")
    assert "escalate" not in buttons_of(await story.card())


def escalate_of(message: Json) -> Json:
    """The button to escalate in a message."""
    rows = (block for block in message["blocks"] if block["type"] == "actions")
    return next(one for row in rows for one in row["elements"] if one["action_id"] == "escalate")


def whom(message: Json) -> str:
    """What one is asked before one escalates from a message."""
    return str(escalate_of(message)["confirm"]["text"]["text"])


async def test_of_many_who_escalate_one_card_at_once_one_pages_and_the_others_hear_who(story: Story) -> None:
    card = await story.card()
    people = [story.person(name) for name in ("ada", "ben", "chloe", "dev", "emi", "farid", "gus")]
    told = await asyncio.gather(*(one.presses(card, "escalate") for one in people))
    assert (await story.overview()).incident.level == 2
    escalated = [entry for entry in await story.entries() if type(entry.event).__name__ == "Escalated"]
    assert len(escalated) == 2  # the declaration's, and one by hand
    expected = f"{escalated[-1].by.name} escalated it to level 2 just now. Look again before you escalate"
    assert sorted(expected in text for text in told) == [False, *[True] * 6]


async def test_stale_card_says_when_it_was_escalated_and_offers_the_level_that_is_next(story: Story) -> None:
    stale, dev = await story.card(), story.person("dev")
    await story.person("ben").presses(stale, "escalate")
    await story.forward(minutes=3)
    told = await dev.presses(await story.card(), "escalate", seen=stale)
    assert "Ben Li escalated it to level 2 at 2026-03-02 03:0" in told
    assert (await story.overview()).incident.level == 2
    offered = story.workspace.ephemerals(dev.id)[-1]
    assert "level 3" in whom(offered)
    assert whom(offered) == whom(await story.card())
    assert await dev.presses(offered, "escalate") == ""
    assert (await story.overview()).incident.level == 3


@pytest.mark.parametrize("status", [404, 500])
async def test_answer_that_slack_refuses_comes_by_direct_message(story: Story, status: int) -> None:
    stale, dev = await story.card(), story.person("dev")
    await story.person("ben").presses(stale, "acknowledge")
    story.workspace.faults.add("response_url", http_status=status)
    assert await dev.presses(await story.card(), "acknowledge", seen=stale) == ""
    assert "already acknowledged by Ben Li" in text_of(dev.dm[-1])


async def test_page_of_a_level_that_was_passed_escalates_no_further(story: Story) -> None:
    person = await paged(story)
    page = person.pages[0]
    await story.forward(minutes=16)
    told = await person.presses(page, "escalate")
    assert "Tocsin escalated it to level 2" in told
    assert (await story.overview()).incident.level == 2


async def test_card_of_an_earlier_round_escalates_nothing_in_this_one(story: Story) -> None:
    stale, ben = await story.card(), story.person("ben")
    await ben.types("resolve INC-2026-001 fixed")
    await ben.types("reopen INC-2026-001 it is back")
    told = await story.person("dev").presses(await story.card(), "escalate", seen=stale)
    assert "Ben Li reopened it just now" in told
    await ben.types("severity INC-2026-001 SEV0")
    told = await story.person("dev").presses(await story.card(), "escalate", seen=stale)
    assert "Ben Li raised its severity just now" in told
    assert (await story.overview()).incident.level == 1


async def test_whom_the_button_names_is_whom_it_pages_though_a_shift_ends_before_the_deadline(
    story: Story,
) -> None:
    """It is ten minutes before the handoff, and the clock runs out five minutes after it."""
    await story.forward(hours=4, minutes=50)
    await story.person("dev").types("declare Replication lags --sev SEV1 --service Database")
    card = await story.card("INC-2026-002")
    named = whom(card)
    assert await story.person("dev").presses(card, "escalate") == ""
    assert escalated_to(await story.entries("INC-2026-002")) in named


async def test_others_who_are_on_call_by_now_are_not_paged_by_a_card_that_names_somebody_else(
    story: Story,
) -> None:
    dev = story.person("dev")
    await dev.types("declare Replication lags --sev SEV1 --service Database")
    await dev.types("ack INC-2026-002")
    stale = await story.card("INC-2026-002")
    await story.forward(days=7)
    told = await dev.presses(await story.card("INC-2026-002"), "escalate", seen=stale)
    assert "Others are on call by now" in told
    assert (await story.overview("INC-2026-002")).incident.level == 1
    offered = story.workspace.ephemerals(dev.id)[-1]
    assert whom(offered) != whom(stale)
    assert await dev.presses(offered, "escalate") == ""
    assert escalated_to(await story.entries("INC-2026-002")) in whom(offered)


def escalated_to(entries: Sequence[Entry]) -> str:
    """The name of the one whom the last escalation paged."""
    (person,) = [one.event for one in entries if isinstance(one.event, Escalated)][-1].people
    names = {"ben": "Ben Li", "chloe": "Chloé Martin", "dev": "Dev Patel"}
    return names[person]


async def test_card_of_an_older_version_escalates_as_it_did(story: Story) -> None:
    old = copy.deepcopy(await story.card())
    escalate_of(old)["value"] = "INC-2026-001"
    for level in (2, 3):
        assert await story.person("dev").presses(await story.card(), "escalate", seen=old) == ""
        assert (await story.overview()).incident.level == level


async def test_page_button_pages_whom_one_chooses(story: Story) -> None:
    ben = story.person("ben")
    await ben.presses(await story.card(), "page")
    await ben.submits(person=story.ids["gus"], message="help")
    assert "help" in text_of(story.person("gus").pages[0])


@pytest.mark.parametrize(
    ("choice", "values", "field", "expected"),
    [
        ("status", {"status": "fixing"}, "status", "fixing"),
        ("severity", {"severity": "SEV3"}, "severity", "SEV3"),
        ("close", {"comment": "a duplicate"}, "status", "closed"),
    ],
)
async def test_menu_opens_the_form_it_names(
    story: Story, choice: str, values: dict[str, str], field: str, expected: str
) -> None:
    ben = story.person("ben")
    await ben.presses(await story.card(), "more", f"{choice}:INC-2026-001")
    assert await ben.submits(**values) == {}
    assert getattr((await story.overview()).incident, field) == expected


async def test_menu_assigns_and_notes(story: Story) -> None:
    ben = story.person("ben")
    await ben.presses(await story.card(), "more", "assign:INC-2026-001")
    await ben.submits(person=story.ids["dev"])
    await ben.presses(await story.card(), "more", "note:INC-2026-001")
    await ben.submits(note="look at the graphs")
    assert (await story.overview()).incident.assignee_id == "dev"
    assert "look at the graphs" in (await story.said())[-1]


async def test_old_card_is_decided_by_the_database(story: Story) -> None:
    stale = await story.card()
    await story.person("ben").types("resolve INC-2026-001 fixed")
    told = await story.person("dev").presses(await story.card(), "acknowledge", seen=stale)
    assert "is resolved and cannot be acknowledged" in told


async def test_help_buttons_open_what_they_say(story: Story) -> None:
    ben = story.person("ben")
    for action, words in (
        ("show_open", "Open incidents"),
        ("show_mine", "You have no open"),
        ("show_oncall", "On call"),
    ):
        help_message = (await ben.types("help")).message
        assert help_message is not None
        assert words in await ben.presses(help_message, action)
    help_message = (await ben.types("help")).message
    assert help_message is not None
    await ben.presses(help_message, "open_declare")
    assert ben.modal["callback_id"] == "declare"


async def test_show_button_in_a_list_shows_the_incident(story: Story) -> None:
    ben = story.person("ben")
    listed = (await ben.types("list")).message
    assert listed is not None
    assert "declared it" in await ben.presses(listed, "show")


async def test_home_tab_shows_what_is_open_and_declares(story: Story) -> None:
    ben = story.person("ben")
    home = await ben.opens_home()
    assert "Oh no" in text_of(home)
    assert "Hello Ben Li" in text_of(home)
    await ben.presses_in(home, "open_declare")
    assert ben.modal["callback_id"] == "declare"


async def test_incident_declared_from_the_home_tab_stands_in_it(story: Story) -> None:
    ben = story.person("ben")
    home = await ben.opens_home()
    await ben.presses_in(home, "open_declare")
    await ben.submits(title="The till is on fire")
    assert "The till is on fire" in text_of(home_of(story, ben))


async def test_pager_taken_in_the_home_tab_is_shown_in_it(story: Story) -> None:
    ben = story.person("ben")
    home = await ben.opens_home()
    assert f":pager: <@{ben.id}>" not in text_of(home)
    await ben.presses_in(home, "take_over", "payments farid")
    assert f":pager: <@{ben.id}>" in text_of(home_of(story, ben))


def home_of(story: Story, person: Person) -> Json:
    home = story.workspace.home(person.id)
    assert home is not None
    return home


async def test_shortcuts_open_their_forms(story: Story) -> None:
    ben = story.person("ben")
    await ben.picks_globally("declare")
    assert ben.modal["callback_id"] == "declare"
    channel = await story.channel()
    story.workspace.join(ben.id, channel)
    ts = await story.workspace.say(ben.id, channel, "the disk is full")
    await ben.picks(channel, ts, "note_message")
    await ben.submits()
    assert "the disk is full" in (await story.said())[-1]
    await ben.picks(channel, ts, "declare_message")
    assert filled(ben, "title") == "the disk is full"
    assert filled(ben, "description") == ""


async def test_message_is_taken_over_as_people_see_it(story: Story) -> None:
    ben = story.person("ben")
    channel = await story.channel()
    story.workspace.join(ben.id, channel)
    ts = await story.workspace.say(ben.id, channel, "@ada & co: see <disk>")
    seen = "@Ada Okafor & co: see <disk>"
    await ben.picks(channel, ts, "declare_message")
    assert filled(ben, "title") == seen
    await ben.picks(channel, ts, "note_message")
    await ben.submits()
    assert seen in (await story.said())[-1]


def filled(person: Person, field: str) -> str:
    """What stands in a field of the form before the person writes there."""
    block = next(one for one in person.modal["blocks"] if one.get("block_id") == field)
    return str(block["element"].get("initial_value", ""))


async def test_message_becomes_a_note_as_it_was_typed(story: Story) -> None:
    ben, channel = story.person("ben"), await story.channel()
    story.workspace.join(ben.id, channel)
    ts = await story.workspace.say(ben.id, channel, "p99 > 3s & <rising> in #general")
    await ben.picks(channel, ts, "note_message")
    assert filled(ben, "note").startswith("p99 > 3s & <rising> in ")
    assert "<#" not in filled(ben, "note")
    await ben.submits()
    assert "p99 > 3s & <rising> in" in (await story.said())[-1]


async def test_incident_declared_from_a_message_is_called_as_it_was_typed(story: Story) -> None:
    ben, general = story.person("ben"), story.workspace.channel("general").id
    ts = await story.workspace.say(ben.id, general, "latency > 3s & <rising>")
    await ben.picks(general, ts, "declare_message")
    await ben.submits()
    overview = await story.overview("INC-2026-002")
    assert overview.incident.title == "latency > 3s & <rising>"
    assert overview.place.channel_name == "inc-2026-002-latency-3s-rising"
    assert (
        "latency &gt; 3s &amp; &lt;rising&gt;"
        in story.workspace.channel(str(overview.place.channel_id)).topic
    )


async def test_long_message_is_kept_whole_in_the_description(story: Story) -> None:
    ben, general = story.person("ben"), story.workspace.channel("general").id
    said = "\n".join(f"{n}: the queue > 90 % & growing" for n in range(30))
    ts = await story.workspace.say(ben.id, general, said)
    await ben.picks(general, ts, "declare_message")
    assert len(filled(ben, "title")) == 150
    assert filled(ben, "description") == said
    await ben.submits()
    assert (await story.overview("INC-2026-002")).incident.description == said


async def test_alert_without_a_text_fills_the_form_with_what_it_shows(story: Story) -> None:
    general = story.workspace.channel("general").id
    attachment = {"fallback": "[FIRING] disk", "title": "Disk > 90 %", "text": "on db-1 &amp; db-2"}
    monitor = AsyncWebClient(story.installed.bot_token, base_url=story.workspace.api_url)
    posted = await monitor.chat_postMessage(channel=general, attachments=[attachment])
    ben = story.person("ben")
    await ben.picks(general, posted["ts"], "declare_message")
    assert filled(ben, "title") == "Disk > 90 % on db-1 & db-2"


async def test_note_from_the_thread_that_serves_as_channel_needs_no_number(story: Story) -> None:
    story.tolerated.add("restricted_action")
    story.workspace.faults.add("conversations.create", error="restricted_action", times=9)
    ben = story.person("ben")
    await ben.types("declare Second")
    place = (await story.overview("INC-2026-002")).place
    incidents = str(place.channel_id)
    ts = await story.workspace.say(ben.id, incidents, "the disk is full", thread_ts=place.thread_ts)
    for noted in (ts, str(place.thread_ts)):
        await ben.picks(incidents, noted, "note_message")
        await ben.submits(note="the disk is full")
    assert (await story.events("INC-2026-002")).count("Noted") == 2
    elsewhere = await story.workspace.say(ben.id, incidents, "another thing")
    await ben.picks(incidents, elsewhere, "note_message")
    assert not ben.has_modal
    assert "Which incident?" in text_of(story.workspace.ephemerals(ben.id)[-1])


def shown_to(story: Story, person: Person) -> Json:
    """The card that only this person sees, as it is now."""
    (card,) = [one for one in story.workspace.ephemerals(person.id) if len(one["blocks"]) > 2]
    return card


async def becomes(story: Story, person: Person, words: str) -> Json:
    """The card that only this person sees, once it says this: it changes after the press is acknowledged."""
    await story.workspace.until(lambda: words in text_of(shown_to(story, person)))
    return shown_to(story, person)


async def test_card_that_only_one_sees_changes_with_what_they_press(story: Story) -> None:
    ben = story.person("ben")
    await ben.types("show INC-2026-001")
    assert "acknowledge" in buttons_of(shown_to(story, ben))
    assert await ben.presses(shown_to(story, ben), "acknowledge") == ""
    card = await becomes(story, ben, "Ben Li* acknowledged")
    assert "acknowledge" not in buttons_of(card)
    assert "Investigating" in text_of(card)
    assert await ben.presses(card, "escalate") == ""
    assert "level 3" in whom(await becomes(story, ben, "Level 2 of 3"))
    assert len(story.workspace.ephemerals(ben.id)) == 1


async def test_card_that_only_one_sees_changes_with_what_others_did_when_it_is_pressed(story: Story) -> None:
    ben = story.person("ben")
    await ben.types("show INC-2026-001")
    await story.person("dev").types("ack INC-2026-001")
    assert "already acknowledged by Dev Patel" in await ben.presses(shown_to(story, ben), "acknowledge")
    card = await becomes(story, ben, "Dev Patel* acknowledged")
    assert "acknowledge" not in buttons_of(card)


@pytest.mark.parametrize(
    ("action", "value", "filled_in", "expected"),
    [
        ("resolve", None, {"comment": "fixed"}, "Resolved"),
        ("page", None, {"person": "gus"}, "Gus Lindqvist"),
        ("more", "severity:INC-2026-001", {"severity": "SEV3"}, "SEV3"),
        ("more", "status:INC-2026-001", {"status": "fixing"}, "Fixing"),
        ("more", "assign:INC-2026-001", {"person": "dev"}, "Ben Li* assigned"),
        ("more", "note:INC-2026-001", {"note": "look at the graphs"}, "look at the graphs"),
        ("more", "close:INC-2026-001", {"comment": "a duplicate"}, "Closed"),
    ],
)
async def test_card_that_only_one_sees_changes_with_its_forms(
    story: Story, action: str, value: str | None, filled_in: dict[str, str], expected: str
) -> None:
    ben = story.person("ben")
    await ben.types("show INC-2026-001")
    card = shown_to(story, ben)
    assert expected not in text_of(card)
    await ben.presses(card, action, value)
    assert await ben.submits(**{name: story.ids.get(one, one) for name, one in filled_in.items()}) == {}
    await becomes(story, ben, expected)
    assert len(story.workspace.ephemerals(ben.id)) == 1
