"""Every button and menu, on the card, the page, the announcement, the answers and the home tab."""

import asyncio

import pytest

from bot.domain.incident import Status
from tests.story import Person, Story, buttons_of, text_of


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


async def test_escalate_asks_first_and_names_whom_it_pages(story: Story) -> None:
    card = await story.card()
    actions = next(block for block in card["blocks"] if block["type"] == "actions")
    escalate = next(one for one in actions["elements"] if one["action_id"] == "escalate")
    assert "level 2" in escalate["confirm"]["text"]["text"]
    await story.person("ben").presses(card, "escalate")
    assert (await story.overview()).incident.level == 2


async def test_escalate_goes_away_after_the_last_level(story: Story) -> None:
    for _ in range(2):
        await story.person("ben").presses(await story.card(), "escalate")
    assert "escalate" not in buttons_of(await story.card())


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
    await story.workspace.open_home(ben.id)
    home = await story.workspace.until(lambda: story.workspace.home(ben.id))
    assert "Oh no" in text_of(home)
    assert "Hello Ben Li" in text_of(home)
    await story.workspace.press_in_view(ben.id, home["id"], "open_declare")
    assert ben.modal["callback_id"] == "declare"


async def test_shortcuts_open_their_forms(story: Story) -> None:
    ben = story.person("ben")
    await story.workspace.shortcut(ben.id, "declare")
    assert ben.modal["callback_id"] == "declare"
    channel = await story.channel()
    story.workspace.join(ben.id, channel)
    ts = await story.workspace.say(ben.id, channel, "the disk is full")
    await story.workspace.message_shortcut(ben.id, channel, ts, "note_message")
    await ben.submits()
    assert "the disk is full" in (await story.said())[-1]
    await story.workspace.message_shortcut(ben.id, channel, ts, "declare_message")
    assert ben.modal["blocks"][0]["element"]["initial_value"] == "the disk is full"


async def test_message_is_taken_over_as_people_see_it(story: Story) -> None:
    ben = story.person("ben")
    channel = await story.channel()
    story.workspace.join(ben.id, channel)
    ts = await story.workspace.say(ben.id, channel, "@ada & co: see <disk>")
    seen = "@Ada Okafor & co: see <disk>"
    await story.workspace.message_shortcut(ben.id, channel, ts, "declare_message")
    assert ben.modal["blocks"][0]["element"]["initial_value"] == seen
    await story.workspace.message_shortcut(ben.id, channel, ts, "note_message")
    await ben.submits()
    assert seen in (await story.said())[-1]
