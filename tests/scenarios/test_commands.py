"""Every command, as it is typed."""

import re
from datetime import timedelta

import pytest

from bot.domain.incident import Status
from bot.domain.sla import Severity
from bot.domain.timeline import TOCSIN
from bot.operations import respond
from tests.scenarios.test_buttons import filled
from tests.story import Story, buttons_of, text_of

CHANNEL = "inc-2026-001-oh-no"


@pytest.fixture
async def story(story: Story) -> Story:
    """One SEV1 incident on the checkout, declared by Ada."""
    await story.person("ada").types("declare Oh no --sev SEV1 --service Checkout")
    return story


async def test_help_shows_every_command_with_buttons(story: Story) -> None:
    answer = await story.person("ben").types("")
    assert answer.message is not None
    assert buttons_of(answer.message) == ["open_declare", "show_mine", "show_open", "show_oncall"]
    for verb in ("declare", "list", "show", "ack", "resolve", "close", "reopen", "oncall"):
        assert f"/incident {verb}" in answer.text


async def test_help_explains_one_command(story: Story) -> None:
    answer = await story.person("ben").types("help ack")
    assert "/incident ack [INC-…]" in answer.text


async def test_list_narrows_by_mine_severity_and_status(story: Story) -> None:
    ben = story.person("ben")
    await ben.types("declare Small thing --sev SEV4 --service Deploys")
    assert "INC-2026-002" not in (await ben.types("list SEV1")).text
    assert "INC-2026-001" in (await ben.types("list new")).text
    await ben.types("ack INC-2026-002")
    mine = (await ben.types("list mine")).text
    assert ("INC-2026-002" in mine, "INC-2026-001" in mine) == (True, False)


async def test_list_leaves_out_what_has_ended_unless_asked(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("resolve INC-2026-001 rolled back")
    assert "INC-2026-001" not in (await ada.types("list")).text
    assert "INC-2026-001" in (await ada.types("list resolved")).text
    assert "INC-2026-001" in (await ada.types("list all")).text


async def test_show_gives_the_card_and_the_last_events(story: Story) -> None:
    answer = await story.person("ben").types("show INC-2026-001")
    assert "Oh no" in answer.text
    assert "declared it" in answer.text


async def test_number_may_be_left_out_in_its_channel(story: Story) -> None:
    await story.person("ada").types("ack", CHANNEL)
    assert (await story.overview()).incident.acknowledged_by == "Ada Okafor"


async def test_number_is_asked_for_elsewhere(story: Story) -> None:
    assert "Which incident?" in (await story.person("ada").types("ack")).text


async def test_number_is_understood_however_it_is_typed(story: Story) -> None:
    await story.person("ada").types("ack inc-2026-1")
    assert (await story.overview()).incident.acknowledged_by == "Ada Okafor"


async def test_ack_assigns_and_moves_to_investigating(story: Story) -> None:
    await story.forward(minutes=4)
    await story.person("ada").types("ack INC-2026-001")
    incident = (await story.overview()).incident
    assert (incident.assignee_id, incident.status) == ("ada", Status.INVESTIGATING)
    assert "acknowledged after 4 min" in (await story.said())[-1]
    assert "Investigating" in story.workspace.channel(await story.channel()).topic


@pytest.mark.parametrize(
    "typed", ["status investigating on it", "assign me", "note looking", "severity SEV1"]
)
async def test_what_stops_no_escalation_says_that_it_goes_on(story: Story, typed: str) -> None:
    farid = story.person("farid")
    following = (await story.overview()).next_level
    assert following is not None
    answer = (await farid.types(typed, CHANNEL)).text
    assert f"Nobody has acknowledged it yet. Next: {following.people[0].name} at 2026-03-02 03:15" in answer
    assert "unless somebody types `/incident ack INC-2026-001`." in answer
    await farid.types("ack", CHANNEL)
    assert "acknowledged it yet" not in (await farid.types(typed, CHANNEL)).text


async def test_second_acknowledgement_names_the_first(story: Story) -> None:
    await story.person("ada").types("ack INC-2026-001")
    answer = await story.person("ben").types("ack INC-2026-001")
    assert "already acknowledged by Ada Okafor at 2026-03-02 03:0" in answer.text
    again = await story.person("ada").types("ack INC-2026-001")
    assert "You have acknowledged INC-2026-001 already, at 2026-03-02 03:0" in again.text


async def test_resolve_with_words_needs_no_form(story: Story) -> None:
    await story.person("ada").types("resolve rolled back the deploy", CHANNEL)
    incident = (await story.overview()).incident
    assert (incident.status, incident.resolved_by) == (Status.RESOLVED, "Ada Okafor")
    assert "rolled back the deploy" in (await story.said())[-1]


async def test_resolve_without_words_asks_in_a_form(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("resolve INC-2026-001")
    assert list(await ada.submits()) == ["comment"]
    assert await ada.submits(comment="restarted it") == {}
    assert (await story.overview()).incident.status is Status.RESOLVED


async def test_status_that_needs_words_asks_in_the_form_of_its_own(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("status done", CHANNEL)
    assert ada.modal["callback_id"] == "resolve"
    assert await ada.submits(comment="restarted it") == {}
    await ada.types("status closed", CHANNEL)
    assert (await story.overview()).incident.status is Status.CLOSED


async def test_close_and_reopen_ask_for_a_reason(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("close INC-2026-001")
    await ada.submits(comment="false alarm")
    assert (await story.overview()).incident.status is Status.CLOSED
    await ada.types("reopen INC-2026-001")
    await ada.submits(comment="it is back")
    assert (await story.overview()).incident.status is Status.INVESTIGATING


async def test_resolved_incident_closes_without_a_reason(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("resolve INC-2026-001 fixed")
    await ada.types("close INC-2026-001")
    assert (await story.overview()).incident.status is Status.CLOSED


async def test_status_takes_a_word_or_asks_in_a_form(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("status fixing found it", CHANNEL)
    assert (await story.overview()).incident.status is Status.FIXING
    await ada.types("status", CHANNEL)
    offered = [option["value"] for option in ada.modal["blocks"][1]["element"]["options"]]
    assert offered == ["investigating", "monitoring", "resolved", "closed"]
    assert list(await ada.submits(status="resolved")) == ["comment"]
    await ada.submits(status="monitoring")
    assert (await story.overview()).incident.status is Status.MONITORING


async def test_comment_on_the_status_it_has_is_kept_as_a_note(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("status fixing", CHANNEL)
    answer = await ada.types("status fixing still restarting", CHANNEL)
    assert "INC-2026-001 is fixing already. What you wrote is kept as a note" in answer.text
    assert "still restarting" in (await story.said())[-1]
    assert (await story.events())[-2:] == ["StatusChanged", "Noted"]


async def test_second_who_resolves_or_closes_is_told_of_the_first(story: Story) -> None:
    ada, ben = story.person("ada"), story.person("ben")
    await ada.types("resolve rolled back", CHANNEL)
    await story.forward(minutes=2)
    answer = (await ben.types("resolve restarted it too", CHANNEL)).text
    assert "INC-2026-001 is resolved already (by Ada Okafor at 2026-03-02 03:0" in answer
    assert "restarted it too" in (await story.said())[-1]
    await ada.types("close", CHANNEL)
    for typed in ("close", "resolve", "close twice"):
        answer = (await ben.types(typed, CHANNEL)).text
        assert "INC-2026-001 is closed already (by Ada Okafor just now)" in answer
        assert "`/incident reopen`" in answer


async def test_form_that_could_only_fail_does_not_open(story: Story) -> None:
    ada = story.person("ada")
    for ended in ("resolve fixed", "close"):
        await ada.types(ended, CHANNEL)
        for typed in ("resolve", "assign", "page"):
            assert "INC-2026-001 is" in (await ada.types(typed, CHANNEL)).text
            assert not ada.has_modal


async def test_forbidden_status_says_what_is_allowed(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("status fixing", CHANNEL)
    answer = await ada.types("status new", CHANNEL)
    assert "Allowed from here: investigating, monitoring, resolved, closed" in answer.text


@pytest.mark.parametrize(
    ("typed", "cannot"),
    [
        ("ack", "be acknowledged"),
        ("assign @ben", "be assigned"),
        ("page @ben", "be paged about"),
        ("escalate", "be escalated"),
        ("status fixing", "become fixing"),
    ],
)
async def test_refusal_says_what_an_ended_incident_cannot(story: Story, typed: str, cannot: str) -> None:
    ada = story.person("ada")
    await ada.types("resolve rolled back", CHANNEL)
    answer = await ada.types(typed, CHANNEL)
    allowed = "Allowed from here: investigating, closed."
    assert f"INC-2026-001 is resolved and cannot {cannot}. {allowed}" in answer.text


@pytest.mark.parametrize("chosen", ["SEV1", "SEV2"])
async def test_severity_form_does_not_undo_what_somebody_else_did_meanwhile(
    story: Story, chosen: str
) -> None:
    """Chosen was SEV1, when it was opened."""
    ada, ben = story.person("ada"), story.person("ben")
    await ada.types("severity", CHANNEL)
    await ben.types("severity SEV0", CHANNEL)
    errors = await ada.submits(severity=chosen)
    assert "Was changed meanwhile to SEV0; close" in errors["severity"]
    assert (await story.overview()).incident.severity is Severity.SEV0
    assert await ada.submits(severity="SEV0") == {}


async def test_severity_takes_a_word_or_asks_in_a_form(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("severity sev3", CHANNEL)
    assert (await story.overview()).incident.severity is Severity.SEV3
    await ada.types("severity", CHANNEL)
    await ada.submits(severity="SEV2")
    assert (await story.overview()).incident.severity is Severity.SEV2


async def test_assign_names_a_person_or_me(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("assign @ben", CHANNEL)
    assert (await story.overview()).incident.assignee_id == "ben"
    assert "assigned INC-2026-001 to you" in text_of(story.person("ben").dm[-1]).replace("*", "")
    await ada.types("assign me", CHANNEL)
    assert (await story.overview()).incident.assignee_id == "ada"


async def test_assign_without_a_person_asks_in_a_form(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("assign", CHANNEL)
    await ada.submits(person=story.ids["dev"])
    assert (await story.overview()).incident.assignee_id == "dev"


async def test_escalate_pages_the_next_level(story: Story) -> None:
    await story.person("ada").types("escalate", CHANNEL)
    assert (await story.overview()).incident.level == 2
    assert (await story.events())[-1] == "Escalated"


async def test_escalate_says_who_is_paged(story: Story) -> None:
    following = (await story.overview()).next_level
    assert following is not None
    answer = (await story.person("ada").types("escalate", CHANNEL)).text
    assert "INC-2026-001 is at level 2." in answer
    assert f"Level 2 by Ada Okafor: paged *{following.people[0].name}*" in answer


async def test_second_who_types_escalate_is_asked_first(story: Story) -> None:
    await story.person("ada").types("escalate", CHANNEL)
    ben = story.person("ben")
    asked = await ben.types("escalate", CHANNEL)
    assert "Ada Okafor escalated it to level 2 just now. Look again before you escalate" in asked.text
    assert (await story.overview()).incident.level == 2
    assert asked.message is not None
    await ben.presses(asked.message, "escalate")
    assert (await story.overview()).incident.level == 3


async def test_escalate_asks_nothing_once_the_last_is_no_news(story: Story) -> None:
    await story.person("ada").types("escalate", CHANNEL)
    await story.forward(seconds=31)
    await story.person("ben").types("escalate", CHANNEL)
    assert (await story.overview()).incident.level == 3


async def test_escalate_stops_at_the_last_level(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("escalate", CHANNEL)
    await ada.types("escalate", CHANNEL)
    assert "at its last level" in (await ada.types("escalate", CHANNEL)).text


async def test_page_reaches_the_person_with_the_message(story: Story) -> None:
    await story.person("ada").types("page @hana please look", CHANNEL)
    (page,) = story.person("hana").pages
    assert "Ada Okafor* pages you" in text_of(page)
    assert "please look" in text_of(page)


async def test_page_reaches_each_person_named_or_nobody(story: Story) -> None:
    ada = story.person("ada")
    answer = await ada.types("page @ben, @chloe and @hana: all of you", CHANNEL)
    assert "Ben Li, Chloé Martin and Hana Kovač are being paged about INC-2026-001." in answer.text
    assert ["all of you" in text_of(story.person(one).pages[-1]) for one in ("ben", "chloe", "hana")]
    story.workspace.add_user("zoe")
    assert "does not know that person" in (await ada.types("page @ben @zoe again", CHANNEL)).text
    assert len(story.person("ben").pages) == 1


async def test_page_without_a_person_asks_in_a_form(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("page", CHANNEL)
    await ada.submits(person=story.ids["gus"], message="need you")
    assert len(story.person("gus").pages) == 1


async def test_note_stands_on_the_timeline(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("note the pool is at 100 %", CHANNEL)
    assert "the pool is at 100 %" in (await story.said())[-1]
    await ada.types("note", CHANNEL)
    await ada.submits(note="and the queue grows")
    assert "and the queue grows" in (await ada.types("timeline", CHANNEL)).text


async def test_title_that_was_typed_in_a_hurry_is_changed_and_shown_everywhere(story: Story) -> None:
    ada = story.person("ada")
    answer = await ada.types('rename "Checkout is slow, <not> down"', CHANNEL)
    assert "INC-2026-001 is called “Checkout is slow, <not> down” now" in answer.text
    assert "Checkout is slow, <not> down" in text_of(await story.card())
    assert "Checkout is slow, <not> down" in (await story.said())[-1]
    await ada.types(f"rename {'too long ' * 30} to be a title", CHANNEL)
    assert len((await story.overview()).incident.title) <= 200
    assert "to be a title" in (await story.said())[-1]


async def test_form_changes_the_title_and_the_description(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("rename", CHANNEL)
    assert filled(ada, "title") == (await story.overview()).incident.title
    await ada.submits(title="Checkout is slow", description="p99 is 9 s")
    incident = (await story.overview()).incident
    assert (incident.title, incident.description) == ("Checkout is slow", "p99 is 9 s")
    await ada.types("rename", CHANNEL)
    assert filled(ada, "description") == "p99 is 9 s"
    await ada.submits(title="Checkout is slow", description=None)
    assert (await story.overview()).incident.description is None


async def test_form_leaves_alone_what_somebody_else_changed_meanwhile(story: Story) -> None:
    ada, ben = story.person("ada"), story.person("ben")
    await ada.types("rename", CHANNEL)
    await ben.types("rename Checkout is slow", CHANNEL)
    assert not await ada.submits(description="p99 is 9 s")
    incident = (await story.overview()).incident
    assert (incident.title, incident.description) == ("Checkout is slow", "p99 is 9 s")


async def test_form_says_what_somebody_else_changed_it_to_meanwhile(story: Story) -> None:
    """What was typed still stands there."""
    ada, ben = story.person("ada"), story.person("ben")
    await ada.types("rename", CHANNEL)
    await ben.types("rename Checkout is slow", CHANNEL)
    errors = await ada.submits(title="Checkout is late")
    assert errors == {"title": "Was changed meanwhile to: Checkout is slow."}
    assert (await story.overview()).incident.title == "Checkout is slow"


async def test_description_that_the_form_cannot_hold_stays_whole(story: Story) -> None:
    ada, description = story.person("ada"), "p99 is 9 s. " * 400
    await story.app.database.write(
        lambda tx: respond.describe(tx, story.clock.now(), TOCSIN, "INC-2026-001", description)
    )
    await ada.types("rename", CHANNEL)
    await ada.submits(title="Checkout is slow")
    assert (await story.overview()).incident.description == description.strip()


async def test_timeline_tells_the_whole_story_in_order(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("ack", CHANNEL)
    await ada.types("resolve fixed", CHANNEL)
    text = (await ada.types("timeline", CHANNEL)).text
    places = [
        text.index(words) for words in ("declared it", "is on call", "Level 1", "acknowledged", "resolved it")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize("typed", ["tomorrow 25:00", "2026-02-30", "today 9", "next week", "payments sat 9"])
async def test_oncall_says_what_a_time_looks_like(story: Story, typed: str) -> None:
    answer = (await story.person("ben").types(f"oncall {typed}")).text
    assert f"There is no team “{typed}”" in answer
    assert "Times look like `tomorrow 9:00`" in answer


async def test_oncall_shows_every_team_or_one(story: Story) -> None:
    ben = story.person("ben")
    everyone = (await ben.types("oncall")).text
    assert all(team in everyone for team in ("Platform", "Payments", "Web"))
    one = (await ben.types("oncall payments")).text
    assert ("Payments" in one, "Platform" in one) == (True, False)
    unknown = (await ben.types("oncall paymens")).text
    assert ("Did you mean Payments?" in unknown, "Times look like" in unknown) == (True, False)


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [("delcare fire", "declare fire"), ("ackn INC-2026-001", "ack INC-2026-001"), ("stat", "status")],
)
async def test_typo_is_answered_with_the_nearest_command(story: Story, typed: str, suggested: str) -> None:
    answer = await story.person("ben").types(typed)
    assert f"Did you mean `/incident {suggested}" in answer.text


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("page ben come quick", "page @Ben Li come quick"),
        ("page ben li: come", "page @Ben Li come"),
        ("page INC-2026-001 ben@example.com", "page INC-2026-001 @Ben Li"),
        ("assign to Sato", "assign @Emi Sato"),
        ("assign zoe", "assign @"),
        ("page @farid and @sato: come", "page @farid @Emi Sato come"),
    ],
)
async def test_name_of_a_person_is_offered_marked(story: Story, typed: str, suggested: str) -> None:
    answer = await story.person("ada").types(typed, CHANNEL)
    assert f"Did you mean `/incident {suggested}`" in answer.text


async def test_oncall_tells_of_one_person(story: Story) -> None:
    ben = story.person("ben")
    for typed in ("oncall @emi", "oncall emi", "oncall Emi Sato"):
        assert "When Emi Sato is on call" in (await ben.types(typed)).text
    assert "When Ben Li is on call" in (await ben.types("oncall me")).text
    assert "Gus Lindqvist has no shift soon." in (await ben.types("oncall @gus")).text


async def test_unknown_number_is_refused_clearly(story: Story) -> None:
    assert "There is no incident INC-2026-999" in (await story.person("ben").types("show INC-2026-999")).text


async def test_person_unknown_to_tocsin_cannot_be_assigned(story: Story) -> None:
    story.workspace.add_user("zoe")
    answer = await story.person("ada").types("assign @zoe", CHANNEL)
    assert "does not know that person" in answer.text


async def test_long_wait_is_shown_in_words(story: Story) -> None:
    await story.forward(hours=1)
    overview = await story.overview()
    assert story.clock.now() - overview.incident.created_at >= timedelta(hours=1)
    assert "1 h" in (await story.person("ben").types("list")).text


async def test_long_note_stands_in_the_channel_with_every_word(story: Story) -> None:
    words = " ".join(f"word{n}<&>" for n in range(200))
    await story.person("ada").types(f"note {words} end", CHANNEL)
    await story.settle()
    note = text_of(story.workspace.channel(await story.channel()).posts[-1])
    for n in range(200):
        assert f"word{n}<&>" in note
    assert note.rstrip().endswith("end")


async def test_what_is_typed_at_length_is_cut_and_kept_whole(story: Story) -> None:
    ada, words = story.person("ada"), " ".join(f"word{n}" for n in range(100))
    await ada.types(f"declare {words} --sev SEV1")
    declared = (await story.overview("INC-2026-002")).incident
    assert (declared.title[-8:], len(declared.title) <= 200, declared.description) == (
        " word28…",
        True,
        words,
    )
    await ada.types(f"page INC-2026-002 @hana {words}")
    assert re.search(r"word7\d…", text_of(story.person("hana").pages[-1]))
    await ada.types(f"resolve INC-2026-002 {words}")
    assert (await story.events("INC-2026-002"))[-4:] == ["Paged", "Noted", "Resolved", "Noted"]
    said = (await story.said("INC-2026-002"))[-1]
    assert words in " ".join(said.replace(">", " ").split())
    await ada.types("note INC-2026-002 " + "long " * 700 + "end")
    assert (await story.events("INC-2026-002"))[-2:] == ["Noted", "Noted"]


async def test_reopening_what_is_open_is_refused(story: Story) -> None:
    ben = story.person("ben")
    await ben.types("status fixing", CHANNEL)
    for words in ("reopen", "reopen it is back"):
        assert "INC-2026-001 is open." in (await ben.types(words, CHANNEL)).text
        assert not ben.has_modal
    await ben.types("resolve fixed", CHANNEL)
    assert "INC-2026-001 is investigating" in (await ben.types("reopen it is back", CHANNEL)).text
    told = (await story.person("dev").types("reopen it is back", CHANNEL)).text
    assert "It is open already (reopened by Ben Li just now)." in told
    assert (await story.events()).count("Reopened") == 1
    assert (await story.overview()).incident.status is Status.INVESTIGATING
