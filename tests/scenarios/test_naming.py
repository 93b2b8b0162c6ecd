"""Which incident a command acts on: typed in the channel of one, it may mean another."""

import pytest

from bot.domain.incident import Status
from tests.story import Story

ONE, TWO = "INC-2026-001", "INC-2026-002"
CHANNEL = "inc-2026-001-one"
#: As Slack completes it, and as it is typed where Slack does not know the channel.
COMPLETED, PLAIN = "#inc-2026-002-two", "#inc-2026-002-as-it-was"


@pytest.fixture
async def story(story: Story) -> Story:
    """Two incidents; what follows is typed in the channel of the first."""
    for title in ("One", "Two"):
        await story.person("ada").types(f"declare {title} --sev SEV3 --service Checkout")
    return story


async def state(story: Story, number: str) -> tuple[Status, bool]:
    incident = (await story.overview(number)).incident
    return incident.status, incident.acknowledged_at is not None


@pytest.mark.parametrize(
    "named", [COMPLETED, PLAIN, "INC–2026–002", "INC 2026-002", "2026-002", "2", "INC-2"]
)
async def test_ack_takes_the_incident_that_is_named(story: Story, named: str) -> None:
    answer = await story.person("ada").types(f"ack {named}", CHANNEL)
    assert f"You acknowledged {TWO}" in answer.text
    assert await state(story, ONE) == (Status.NEW, False)
    assert await state(story, TWO) == (Status.INVESTIGATING, True)


async def test_number_without_its_year_is_the_newest_that_has_it(story: Story) -> None:
    """In January nearly all that people talk of is of the last year."""
    ada = story.person("ada")
    await story.forward(days=310)
    assert TWO in (await ada.types("show 2")).text
    assert "There is no incident INC-2027-003" in (await ada.types("ack 3", CHANNEL)).text
    await ada.types("declare A new year --sev SEV4 --service Checkout")
    assert ONE not in (await ada.types("show INC-1")).text
    assert TWO in (await ada.types("show INC-2")).text


async def test_channel_is_known_by_its_id_not_by_its_name(story: Story) -> None:
    channel = story.workspace.channel("inc-2026-002-two").id
    await story.person("ada").types(f"ack <#{channel}>", CHANNEL)
    assert (await state(story, ONE), await state(story, TWO)) == (
        (Status.NEW, False),
        (Status.INVESTIGATING, True),
    )
    await story.person("ada").types(f"resolve <#{channel}|inc-2026-001-one> rolled back", CHANNEL)
    assert (await state(story, TWO))[0] is Status.RESOLVED


async def test_channel_that_is_not_known_yet_is_taken_by_its_name(story: Story) -> None:
    await story.person("ada").types("ack <#C0NEW|inc-2026-002-two>", CHANNEL)
    assert await state(story, TWO) == (Status.INVESTIGATING, True)


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        (f"resolve {COMPLETED} rolled back", Status.RESOLVED),
        ("close 2026-002 duplicate", Status.CLOSED),
        (f"status fixing {TWO} now", Status.FIXING),
        (f"status fixing {COMPLETED}", Status.FIXING),
    ],
)
async def test_words_that_begin_with_an_incident_are_about_it(
    story: Story, typed: str, status: Status
) -> None:
    await story.person("ada").types(typed, CHANNEL)
    assert ((await state(story, ONE))[0], (await state(story, TWO))[0]) == (Status.NEW, status)


@pytest.mark.parametrize("channel", [CHANNEL, "general"])
async def test_words_that_end_with_another_incident_are_asked_about(story: Story, channel: str) -> None:
    ada = story.person("ada")
    for named in (TWO, COMPLETED):
        answer = await ada.types(f"resolve rolled back {named}", channel)
        meant = f"Did you mean {TWO}? Write it first: `/incident resolve {TWO} rolled back`."
        assert meant in answer.text
        mentioned = f"If you mean {ONE}: `/incident resolve {ONE} rolled back {named}`."
        assert (mentioned in answer.text) is (channel == CHANNEL)
    await ada.types(f"note same as {TWO}", channel)
    assert ((await state(story, ONE))[0], (await state(story, TWO))[0]) == (Status.NEW, Status.NEW)
    assert (await story.events(ONE))[-1] != "Noted"


@pytest.mark.parametrize("channel", [CHANNEL, "general"])
async def test_number_that_may_be_of_another_incident_is_asked_about(story: Story, channel: str) -> None:
    ada = story.person("ada")
    for typed, words in (("#2 rolled back", "rolled back"), ("rolled back INC-2", "rolled back")):
        answer = await ada.types(f"resolve {typed}", channel)
        assert f"Did you mean {TWO}? Write it first: `/incident resolve {TWO} {words}`." in answer.text
        assert (f"`/incident resolve {ONE} {typed}`." in answer.text) is (channel == CHANNEL)
    assert ((await state(story, ONE))[0], (await state(story, TWO))[0]) == (Status.NEW, Status.NEW)


async def test_number_of_no_incident_is_a_word(story: Story) -> None:
    await story.person("ada").types("resolve #4312 is deployed", CHANNEL)
    assert (await state(story, ONE))[0] is Status.RESOLVED
    assert "#4312 is deployed" in (await story.said(ONE))[-1]


async def test_question_is_answered_by_writing_the_number_first(story: Story) -> None:
    await story.person("ada").types(f"close {ONE} duplicate of {TWO}", CHANNEL)
    assert ((await state(story, ONE))[0], (await state(story, TWO))[0]) == (Status.CLOSED, Status.NEW)
    assert f"duplicate of {TWO}" in (await story.said(ONE))[-1]


async def test_words_may_end_with_the_channels_own_incident(story: Story) -> None:
    await story.person("ada").types(f"resolve rolled back {ONE}", CHANNEL)
    assert (await state(story, ONE))[0] is Status.RESOLVED


async def test_another_incident_may_be_mentioned_among_the_words(story: Story) -> None:
    await story.person("ada").types(f"note looks like {TWO} again", CHANNEL)
    assert f"looks like {TWO} again" in (await story.said(ONE))[-1]


async def test_ack_refuses_words(story: Story) -> None:
    answer = await story.person("ada").types(f"ack it, {TWO}", CHANNEL)
    assert f"Did you mean `/incident ack {TWO}`?" in answer.text
    assert await state(story, ONE) == (Status.NEW, False)


async def test_channel_of_no_incident_is_refused(story: Story) -> None:
    ada = story.person("ada")
    for typed in ("ack #general", "resolve #general rolled back", "status #general fixing", "note #general"):
        assert "#general is no incident's channel" in (await ada.types(typed, CHANNEL)).text
    assert await state(story, ONE) == (Status.NEW, False)


async def test_words_may_begin_and_end_with_a_channel_of_no_incident(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("note #general is asking", CHANNEL)
    assert "#general is asking" in (await story.said(ONE))[-1]
    await ada.types("note told #general", CHANNEL)
    assert "told #general" in (await story.said(ONE))[-1]
