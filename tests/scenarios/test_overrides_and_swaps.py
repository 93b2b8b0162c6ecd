"""An override and a swap: who is on call changes, everybody concerned hears of it, and nothing is lost."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bot.domain.audit import Action
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.rights import Role
from bot.domain.schedule import Override
from bot.domain.timeline import TOCSIN
from bot.operations import audit, look_up, stand_in
from storage.database import Connection
from tests.scenarios.rotas import forged_press, of_kind, organization, relayered, told
from tests.scenarios.test_rights import demoted
from tests.story import Json, Story, buttons_of, text_of

PLATFORM = ScheduleId("platform")
#: Platform's next weeks, in Berlin: Dev's, Ben's and Chloé's. Chloé has the first hours of the story.
DEVS = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
BENS = DEVS + timedelta(weeks=1)
CHLOES = DEVS + timedelta(weeks=2)
STAMP = "%Y-%m-%dT%H:%M:%SZ"


def shift(starts_at: datetime) -> str:
    return f"platform {starts_at:{STAMP}} {starts_at + timedelta(weeks=1):{STAMP}}"


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


async def overrides(story: Story) -> tuple[Override, ...]:
    return (await organization(story)).schedules[PLATFORM].overrides


async def test_override_is_set_in_the_form_and_told_to_both(story: Story) -> None:
    ada, starts_at = story.person("ada"), DEVS + timedelta(days=1)
    await ada.types("override platform")
    values = {
        "person": story.ids["farid"],
        "starts_at": seconds(starts_at),
        "ends_at": seconds(starts_at + timedelta(hours=12)),
    }
    assert await ada.submits(**values) == {}
    assert await overrides(story) == (
        Override(PersonId("farid"), starts_at, starts_at + timedelta(hours=12)),
    )
    assert (
        "*Ada Okafor* put you on call from 2026-03-03 08:00"
        in told(story.person("farid"), "shift_changed")[0]
    )
    assert "is on call in your place" in told(story.person("dev"), "shift_changed")[0]
    await story.forward(hours=29)
    assert len(of_kind(story.person("farid"), "pager_taken")) == 1
    await story.forward(hours=12)
    given = [one for one in told(story.person("farid"), "pager_given") if "Platform" in one]
    assert len(given) == 1


async def test_override_for_later_is_named_on_the_card_that_pages_then(story: Story) -> None:
    ada, now = story.person("ada"), story.clock.now()
    await ada.types("declare Pool is full --sev SEV2 --service Database")
    await ada.types("declare The till is on fire --sev SEV2 --service Checkout")
    other = await story.card("INC-2026-002")
    assert "then Dev Patel at" in text_of(await story.card())
    await ada.types("override platform")
    values = {
        "person": story.ids["dev"],
        "starts_at": seconds(now + timedelta(minutes=20)),
        "ends_at": seconds(now + timedelta(minutes=50)),
    }
    assert await ada.submits(**values) == {}
    card = text_of(await story.card())
    assert "then Ben Li at 2026-03-02 03:30" in card  # who stands behind Dev then
    assert "This pages Dev Patel (level 2)" in card  # and now
    assert await story.card("INC-2026-002") == other


async def test_override_is_kept_in_the_audit_log(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("override platform")
    await ada.submits(person=story.ids["farid"], starts_at=seconds(DEVS), ends_at=seconds(BENS))
    kept = await story.app.database.read(lambda tx: audit.review(tx, TOCSIN))
    (entry,) = [one for one in kept if one.action is Action.DUTY]
    assert (entry.actor, entry.subject, entry.before) == ("Ada Okafor", "platform", "dev")
    assert entry.after == "farid, 2026-03-02 08:00 – 2026-03-09 08:00 UTC"


@pytest.mark.parametrize(
    ("values", "field", "what"),
    [
        ({"ends_at": DEVS - timedelta(hours=1)}, "ends_at", "after the beginning"),
        (
            {"starts_at": DEVS - timedelta(days=9), "ends_at": DEVS - timedelta(days=8)},
            "ends_at",
            "in the past",
        ),
        ({"starts_at": DEVS - timedelta(days=8)}, "starts_at", "in the past"),
        ({"ends_at": DEVS + timedelta(days=61)}, "ends_at", "more than 60 days"),
        ({"person": "hana"}, "person", "could not acknowledge"),
        ({"person": "nobody"}, "person", "not in the organization"),
    ],
)
async def test_wrong_value_is_told_beside_its_field(
    story: Story, values: Json, field: str, what: str
) -> None:
    ada = story.person("ada")
    stranger = story.workspace.add_user("nobody", real_name="No Body", email="nobody@example.com")
    await ada.types("override platform")
    filled = {"person": "farid", "starts_at": DEVS, "ends_at": DEVS + timedelta(hours=1)} | values
    sent = {name: seconds(one) if isinstance(one, datetime) else one for name, one in filled.items()}
    sent["person"] = {**story.ids, "nobody": stranger.id}[str(sent["person"])]
    errors = await ada.submits(**sent)
    assert list(errors) == [field]
    assert what in errors[field]
    assert await overrides(story) == ()


async def test_viewer_is_shown_no_form_and_who_became_one_is_refused(story: Story) -> None:
    hana, ben = story.person("hana"), story.person("ben")
    for command in ("override platform", "swap"):
        assert "does not let you change who is on call" in (await hana.types(command)).text
        assert not hana.has_modal
    await ben.types("override platform")
    await demoted(story, ben)
    errors = await ben.submits(person=story.ids["farid"])
    assert "does not let you" in " ".join(errors.values())
    assert await overrides(story) == ()


async def test_of_two_overrides_at_the_same_moment_both_are_kept(story: Story) -> None:
    now = story.clock.now()

    def override(tx: Connection, name: str, day: int) -> Override:
        actor = look_up.as_actor(look_up.organization(tx).people[PersonId("ada")])
        starts_at = DEVS + timedelta(days=day)
        ends_at = starts_at + timedelta(hours=6)
        return stand_in.override(tx, now, actor, PLATFORM, PersonId(name), starts_at, ends_at)

    names = ["ben", "chloe", "dev", "emi", "farid", "gus"]
    writes = [partial(override, name=name, day=day) for day, name in enumerate(names)]
    made = await asyncio.gather(*map(story.app.database.write, writes))
    assert set(await overrides(story)) == set(made)
    assert len(made) == len(names)


async def asked(story: Story, **values: str) -> Json:
    """Dev asks Ben to take his week; the question as Ben sees it."""
    dev = story.person("dev")
    await dev.types("swap")
    assert await dev.submits(shift=shift(DEVS), person=story.ids["ben"], **values) == {}
    return of_kind(story.person("ben"), "swap_asked")[-1]


async def test_accepted_swap_changes_both_shifts_and_the_buttons_go(story: Story) -> None:
    question = await asked(story, in_return=shift(BENS))
    assert buttons_of(question) == ["accept_swap", "decline_swap"]
    assert await story.person("ben").presses(question, "accept_swap") == ""
    assert set(await overrides(story)) == {
        Override(PersonId("ben"), DEVS, BENS),
        Override(PersonId("dev"), BENS, CHLOES),
    }
    (after,) = of_kind(story.person("ben"), "swap_asked")
    assert buttons_of(after) == []
    assert "You accepted" in text_of(after)
    assert "takes your shift" in told(story.person("dev"), "swap_answered")[0]
    await story.forward(hours=5)
    assert len(of_kind(story.person("ben"), "pager_taken")) == 1


async def test_declined_swap_changes_nothing(story: Story) -> None:
    question = await asked(story)
    await story.person("ben").presses(question, "decline_swap")
    assert await overrides(story) == ()
    assert "declined" in told(story.person("dev"), "swap_answered")[0]
    again = await story.person("ben").presses(question, "accept_swap", seen=question)
    assert "You declined this swap already" in again
    assert await overrides(story) == ()


async def test_nobody_else_answers(story: Story) -> None:
    question = await asked(story)
    swap_id = next(
        element["value"]
        for block in question["blocks"]
        for element in block.get("elements", ())
        if element.get("action_id") == "accept_swap"
    )
    for name in ("ada", "dev", "hana"):
        assert "Only who was asked" in await forged_press(story, name, "accept_swap", swap_id)
    assert "no such swap" in await forged_press(story, "ben", "accept_swap", "nonsense")
    assert await overrides(story) == ()


async def test_unanswered_swap_expires_when_the_shift_begins(story: Story) -> None:
    question = await asked(story)
    await story.forward(hours=5)
    (after,) = of_kind(story.person("ben"), "swap_asked")
    assert buttons_of(after) == []
    assert "did not answer in time" in told(story.person("dev"), "swap_answered")[0]
    late = await story.person("ben").presses(question, "accept_swap", seen=question)
    assert "too late" in late
    assert await overrides(story) == ()


async def test_swap_of_a_shift_that_is_no_longer_theirs_is_void(story: Story) -> None:
    question = await asked(story)
    ada = story.person("ada")
    await ada.types("override platform")
    await ada.submits(person=story.ids["farid"], starts_at=seconds(DEVS), ends_at=seconds(BENS))
    before = await overrides(story)
    await story.person("ben").presses(question, "accept_swap")
    assert await overrides(story) == before
    assert "is void" in told(story.person("dev"), "swap_answered")[0]
    assert buttons_of(of_kind(story.person("ben"), "swap_asked")[0]) == []


async def test_of_two_who_are_asked_for_one_shift_the_first_takes_it(story: Story) -> None:
    await asked(story)
    dev, ben, farid = (story.person(name) for name in ("dev", "ben", "farid"))
    await dev.types("swap")
    assert await dev.submits(shift=shift(DEVS), person=farid.id) == {}
    (question,) = of_kind(farid, "swap_asked")
    await ben.presses(of_kind(ben, "swap_asked")[-1], "accept_swap")
    (after,) = of_kind(farid, "swap_asked")
    assert buttons_of(after) == []
    assert "This swap is void" in await farid.presses(question, "decline_swap", seen=question)
    accepted, void = told(dev, "swap_answered")
    assert ("takes your shift" in accepted, "is void" in void) == (True, True)


async def test_swap_that_is_declined_once_the_shift_is_gone_is_void(story: Story) -> None:
    question = await asked(story)
    ada = story.person("ada")
    await ada.types("override platform")
    await ada.submits(person=story.ids["farid"], starts_at=seconds(DEVS), ends_at=seconds(BENS))
    await story.person("ben").presses(question, "decline_swap")
    (answered,) = told(story.person("dev"), "swap_answered")
    assert ("is void" in answered, "stays yours" in answered) == (True, False)


async def test_of_accept_and_decline_at_the_same_moment_one_counts(story: Story) -> None:
    question = await asked(story)
    ben, channel = story.person("ben"), story.channel_with(question)
    await asyncio.gather(
        *(
            story.workspace.press(ben.id, channel, question["ts"], one)
            for one in ("accept_swap", "decline_swap")
        )
    )
    await story.settle()
    assert len(told(story.person("dev"), "swap_answered")) == 1
    accepted = "takes your shift" in told(story.person("dev"), "swap_answered")[0]
    assert (len(await overrides(story)) == 1) is accepted


async def test_swap_is_asked_once_and_of_somebody_who_may(story: Story) -> None:
    await asked(story)
    dev = story.person("dev")
    for person, what in (("ben", "asked Ben Li for that already"), ("dev", "Must be somebody else")):
        await dev.types("swap")
        errors = await dev.submits(shift=shift(DEVS), person=story.ids[person])
        assert what in " ".join(errors.values())
    await dev.types("swap")
    errors = await dev.submits(shift=shift(DEVS), person=story.ids["hana"])
    assert "could not acknowledge" in errors["person"]
    await dev.types("swap")
    errors = await dev.submits(shift=shift(DEVS), person=story.ids["farid"], in_return=shift(BENS))
    assert errors == {"in_return": "Is none of Farid Haddad's."}


async def test_who_has_no_shift_is_told_so(story: Story) -> None:
    answer = await story.person("gus").types("swap")
    assert "You have no shift in the next 60 days" in answer.text
    assert not story.person("gus").has_modal


async def test_asker_who_became_a_viewer_gives_no_shift_away(story: Story) -> None:
    question = await asked(story)
    await demoted(story, story.person("dev"))
    await story.person("ben").presses(question, "accept_swap")
    assert await overrides(story) == ()
    assert (await organization(story)).people[PersonId("dev")].role is Role.VIEWER


async def test_question_answered_before_it_arrived_comes_without_buttons(story: Story) -> None:
    """Slack was away until the shift began."""
    story.tolerated.add("service_unavailable")
    story.workspace.faults.add("chat.postMessage", "service_unavailable", times=10_000)
    dev = story.person("dev")
    await dev.types("swap")
    await story.workspace.submit(dev.id, dev.modal["id"], {"shift": shift(DEVS), "person": story.ids["ben"]})
    story.clock.forward(hours=5)
    await story.app.handoffs.look()
    story.workspace.faults.clear()
    await story.forward(minutes=3)
    (question,) = of_kind(story.person("ben"), "swap_asked")
    assert buttons_of(question) == []


async def test_oncall_tells_a_moment_in_the_schedules_zone_and_who_is_next(story: Story) -> None:
    ada = story.person("ada")
    now = (await ada.types("oncall platform")).text
    assert story.ids["chloe"] in now
    assert f"behind them and next <@{story.ids['dev']}>" in now
    then = (await ada.types("oncall platform tue 9:00")).text
    assert "Tue 3 Mar 2026, 09:00 (Europe/Berlin)" in then
    assert f":pager: <@{story.ids['dev']}>" in then
    both = (await ada.types("oncall 2026-03-09 12:00")).text
    assert "(Europe/Berlin)" in both
    assert "(America/New_York)" in both
    assert "There is no team “payments tomorow”" in (await ada.types("oncall payments tomorow")).text


async def test_oncall_says_which_time_there_is_not(story: Story) -> None:
    ada = story.person("ada")
    answer = (await ada.types("oncall platform 2026-03-29 02:30")).text
    assert "The change of clocks skips that time (Europe/Berlin): this is the next" in answer
    assert "Sun 29 Mar 2026, 03:00 (Europe/Berlin)" in answer
    assert "change of clocks" not in (await ada.types("oncall platform 2026-03-29 03:30")).text


async def test_oncall_marks_the_gap_that_follows(story: Story) -> None:
    await relayered(story, ends_at=DEVS)
    answer = await story.person("ada").types("oncall platform")
    assert "nobody after that" in answer.text


async def test_own_shifts_stand_in_the_home_tab(story: Story) -> None:
    dev = story.person("dev")
    home = await dev.opens_home()
    assert "Your shifts" in text_of(home)
    assert "2026-03-02 08:00 UTC – 2026-03-09 08:00 UTC" in text_of(home)


async def test_override_button_suggests_the_shift_that_was_asked_for(story: Story) -> None:
    ada = story.person("ada")
    answer = await ada.types("oncall platform 2026-03-10")
    assert answer.message is not None
    await ada.presses(answer.message, "override")
    assert await ada.submits(person=story.ids["farid"]) == {}
    assert await overrides(story) == (Override(PersonId("farid"), BENS, CHLOES),)
