"""The pager goes from one to the next: both are told once, whatever runs and whatever does not."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.app import App
from bot.domain.ids import PersonId, TeamId
from tests.scenarios.outages import is_quiet
from tests.scenarios.rotas import forged_press, of_kind, organization, relayered, reorganized, told
from tests.story import Story, buttons_of, text_of

#: Platform hands over on Mondays at nine in Berlin, five hours after the stories begin: from Chloé to Dev.
HANDOFF = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WEEK = 7 * 24
BEN, CHLOE = PersonId("ben"), PersonId("chloe")


def pagers(story: Story) -> list[tuple[str, str]]:
    """Who was told what of a handoff of Platform."""
    return [
        (name, kind)
        for name in story.ids
        for kind in ("pager_taken", "pager_given")
        for message in of_kind(story.person(name), kind)
        if "Platform on call" in text_of(message)
    ]


async def test_both_are_told_at_the_handoff_and_not_before(story: Story) -> None:
    await story.forward(hours=4, minutes=59, seconds=59)
    assert pagers(story) == []
    await story.forward(seconds=1)
    assert story.clock.now() < HANDOFF.replace(second=5)
    assert pagers(story) == [("chloe", "pager_given"), ("dev", "pager_taken")]
    assert "*You have the pager* until 2026-03-09 08:00 UTC" in told(story.person("dev"), "pager_taken")[0]
    assert story.ids["dev"] in told(story.person("chloe"), "pager_given")[0]


async def test_handoff_names_the_open_incidents_and_their_assignees(story: Story) -> None:
    await story.person("ben").types("declare Pool is full --sev SEV3 --service Database")
    await story.person("ben").types("declare The till is on fire --sev SEV3 --service Checkout")
    await story.person("ben").types("assign INC-2026-001 me")
    await story.forward(hours=5)
    (taken,) = of_kind(story.person("dev"), "pager_taken")
    assert "Pool is full" in text_of(taken)
    assert story.ids["ben"] in text_of(taken)
    assert "till" not in text_of(taken)  # another team's
    assert "Pool is full" in await story.person("dev").presses(taken, "show", "INC-2026-001")


async def test_restart_between_shift_change_and_message_tells_once(story: Story) -> None:
    story.workspace.faults.add("chat.postMessage", "service_unavailable", times=50)
    story.tolerated.add("service_unavailable")
    story.clock.forward(hours=5)
    await story.app.handoffs.look()  # it is written down, and cannot be said
    await story.app.stop()
    story.workspace.faults.clear()
    await story.start_app()
    await story.forward(minutes=1)
    assert pagers(story) == [("chloe", "pager_given"), ("dev", "pager_taken")]


async def test_handoffs_while_nothing_ran_are_told_once_for_the_current_shift(story: Story) -> None:
    await story.app.stop()
    story.clock.forward(hours=2 * WEEK + 5)  # to Dev, to Ben, and back to Chloé
    await story.start_app()
    assert pagers(story) == []  # who had it has it: nothing to say
    await story.app.stop()
    story.clock.forward(hours=2 * WEEK)  # to Dev, and to Ben
    await story.start_app()
    assert pagers(story) == [("ben", "pager_taken"), ("chloe", "pager_given")]


async def test_message_held_up_by_slack_says_what_is_so_when_it_arrives(story: Story) -> None:
    """Dev's shift came and went while Slack was away: he is not told that he has the pager."""
    story.tolerated.add("service_unavailable")
    story.workspace.faults.add("chat.postMessage", "service_unavailable", times=10_000)
    story.clock.forward(hours=5)
    await story.app.handoffs.look()
    await is_quiet(story)  # else a message that is being written says what is so before the next handoff
    story.clock.forward(hours=WEEK)
    await story.app.handoffs.look()
    await is_quiet(story)
    story.workspace.faults.clear()
    await story.forward(minutes=3)
    assert of_kind(story.person("dev"), "pager_taken") == []
    assert len(of_kind(story.person("ben"), "pager_taken")) == 1
    assert story.ids["ben"] in told(story.person("chloe"), "pager_given")[0]


async def test_same_person_again_hears_nothing(story: Story) -> None:
    await relayered(story, participants=(CHLOE,))
    await story.forward(hours=WEEK)
    assert pagers(story) == []


async def test_schedule_that_comes_back_tells_of_its_handoffs(story: Story) -> None:
    """It counts them from the beginning again."""
    await story.forward(hours=5)
    whole = await organization(story)
    without = {handle: one for handle, one in whole.schedules.items() if handle != "platform"}
    team = replace(whole.teams[TeamId("platform")], schedule=None)
    await reorganized(story, schedules=without, teams={**whole.teams, team.id: team})
    await story.forward(weeks=2)
    await reorganized(story, schedules=whole.schedules, teams=whole.teams)
    await story.forward(weeks=1)
    assert len(told(story.person("dev"), "pager_taken")) == 2


async def test_another_organization_hands_over_too(story: Story) -> None:
    await relayered(story, participants=(CHLOE, BEN))
    assert pagers(story) == [("ben", "pager_taken"), ("chloe", "pager_given")]


async def test_handoff_into_a_gap_says_that_nobody_follows(story: Story) -> None:
    await relayered(story, ends_at=HANDOFF)
    await story.forward(hours=5)
    assert "nobody is on call" in told(story.person("chloe"), "pager_given")[0]
    assert "nobody is on call" in (await story.person("ada").types("oncall platform")).text


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_of_two_processes_one_tells(story: Story) -> None:
    second = App(story.settings(), story.clock)
    await second.start()
    story.clock.forward(hours=5)
    await asyncio.gather(story.app.handoffs.look(), second.handoffs.look())
    while not second.outbox.is_idle:  # noqa: ASYNC110 - a test waits from outside
        await asyncio.sleep(0.01)
    await story.settle()
    await second.stop()
    assert pagers(story) == [("chloe", "pager_given"), ("dev", "pager_taken")]


async def test_taking_over_tells_both_at_once_and_ends_with_the_shift(story: Story) -> None:
    farid = story.person("farid")
    answer = await farid.types("oncall platform")
    assert answer.message is not None
    assert "I've got the pager" in answer.text
    said = await farid.presses(answer.message, "take_over")
    assert "You have the pager of *Platform on call* until 2026-03-02 08:00 UTC" in said
    assert pagers(story) == [("chloe", "pager_given"), ("farid", "pager_taken")]
    assert story.ids["farid"] in (await story.person("ada").types("oncall platform")).text
    await story.forward(hours=5)
    assert pagers(story)[1:] == [("dev", "pager_taken"), ("farid", "pager_taken"), ("farid", "pager_given")]


async def test_of_several_who_take_the_pager_at_once_one_has_it_and_the_others_hear_who(story: Story) -> None:
    people = {name: story.person(name) for name in ("ben", "emi", "farid")}
    shown = {name: (await one.types("oncall platform")).message for name, one in people.items()}
    told = await asyncio.gather(
        *(one.presses(shown[name] or {}, "take_over") for name, one in people.items())
    )
    (taken,) = [one for one in told if "You have the pager" in one]
    holder = list(people)[told.index(taken)]
    name = {"ben": "Ben Li", "emi": "Emi Sato", "farid": "Farid Haddad"}[holder]
    assert sum(f"{name} has the pager of Platform on call by now" in one for one in told) == 2
    assert sorted(pagers(story)) == sorted([("chloe", "pager_given"), (holder, "pager_taken")])


async def test_card_names_whoever_is_next_since_the_pager_was_taken(story: Story) -> None:
    await story.person("ada").types("declare Pool is full --sev SEV1 --service Database")
    dev, before = story.person("dev"), await story.events()
    assert "then Dev Patel at" in text_of(await story.card())
    answer = await dev.types("oncall platform")
    assert answer.message is not None
    await dev.presses(answer.message, "take_over")
    card = text_of(await story.card())
    assert "then Ben Li at" in card  # who stands behind Dev now
    assert "This pages Ben Li (level 2)" in card
    assert (await story.events(), dev.pages, story.person("ben").pages) == (before, [], [])


async def test_pager_is_not_offered_to_who_has_it_or_may_not(story: Story) -> None:
    for name, offered in (("chloe", False), ("hana", False), ("ben", True)):
        answer = await story.person(name).types("oncall platform")
        assert answer.message is not None
        assert ("take_over" in buttons_of(answer.message)) is offered, name
    before = await organization(story)
    assert "does not let you" in await forged_press(story, "hana", "take_over", "platform")
    assert await organization(story) == before


async def test_page_goes_to_whoever_took_the_pager(story: Story) -> None:
    farid = story.person("farid")
    answer = await farid.types("oncall platform")
    assert answer.message is not None
    await farid.presses(answer.message, "take_over")
    await farid.presses(answer.message, "take_over")  # an old message: refused, and nothing happens
    await story.person("ada").types("declare Pool is full --sev SEV1 --service Database")
    assert (len(farid.pages), len(story.person("chloe").pages)) == (1, 0)
