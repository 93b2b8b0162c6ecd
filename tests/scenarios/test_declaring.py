"""An incident comes into being."""

from pathlib import Path

import pytest

from bot.domain.incident import Status
from bot.domain.sla import Severity
from bot.domain.timeline import DeliveryFailed
from tests.story import ORGANIZATION, Story, buttons_of, opened, text_of


async def test_declared_incident_gets_channel_card_and_page(story: Story) -> None:
    answer = await story.person("ada").types("declare Database pool exhausted --sev SEV1 --service Database")
    overview = await story.overview()
    channel = story.workspace.channel(await story.channel())
    assert "INC-2026-001" in answer.text
    assert channel.name == "inc-2026-001-database-pool-exhausted"
    assert channel.topic == "SEV1 · New · INC-2026-001 · Database pool exhausted"
    assert channel.pins == [overview.place.card_ts]
    assert [bookmark["title"] for bookmark in channel.bookmarks] == ["INC-2026-001: card"]
    assert overview.assignee is not None
    assert {story.ids["ada"], story.ids[overview.assignee.id]} <= set(channel.members)
    assert len(story.person(overview.assignee.id).pages) == 1


async def test_card_shows_what_matters_and_what_can_be_done(story: Story) -> None:
    await story.person("ada").types("declare Database pool exhausted --sev SEV1 --service Database")
    card, overview = await story.card(), await story.overview()
    for words in ("Database pool exhausted", "SEV1", "New", "Database", "Level 1 of 3", "INC-2026-001"):
        assert words in text_of(card)
    assert overview.incident.acknowledge_by == overview.incident.created_at.replace(minute=15)
    assert buttons_of(card) == ["acknowledge", "resolve", "escalate", "page", "more"]
    assert "2026-03-02 03:15 UTC" in text_of(card)


async def test_announcement_channel_gets_the_card_and_the_way_in(story: Story) -> None:
    await story.person("ada").types("declare Search is slow --service Search")
    announced = await story.announcement()
    assert "Search is slow" in text_of(announced)
    assert f"<#{await story.channel()}>" in str(announced["blocks"])
    assert "more" not in buttons_of(announced)


async def test_announcement_goes_to_the_channel_that_has_the_name_now(story: Story) -> None:
    """The one that had it is archived under another name."""
    story.tolerated.add("is_archived")
    ada, old = story.person("ada"), story.workspace.channel("incidents")
    await ada.types("declare Search is slow --service Search")
    old.name, old.is_archived = "incidents-old", True
    story.workspace.add_channel("incidents", members=[ada.id])
    await ada.types("declare Checkout is down --service Checkout")
    (announced,) = story.workspace.messages("incidents")
    assert "Checkout is down" in text_of(announced)


async def test_title_with_markup_shows_as_typed_and_pings_nobody(story: Story) -> None:
    await story.person("ada").types("declare <!channel> & friends <!here> <https://evil.example|click>")
    assert (
        await story.overview()
    ).incident.title == "<!channel> & friends <!here> <https://evil.example|click>"
    assert "<!channel> & friends" in text_of(await story.card())
    rung = {what.removeprefix("@") for _, _, what in story.workspace.pings}
    assert rung <= set(story.ids.values())


async def test_people_are_called_in_a_title_by_what_was_typed(story: Story) -> None:
    ada, ben = story.person("ada"), story.person("ben")
    story.workspace.add_user("zoe")
    story.workspace.add_user_group("sre")
    await ada.types(f"declare @ben and <@{ben.id}> asked @zoe, @sre and @here in #general")
    title = "@ben and @Ben Li asked @zoe, @sre and @here in #general"
    assert (await story.overview()).incident.title == title
    assert title in text_of(await story.card())
    assert ben.id not in {what.removeprefix("@") for _, _, what in story.workspace.pings}


async def test_severity_comes_from_the_services_when_not_given(story: Story) -> None:
    await story.person("ada").types("declare Something odd --service Search --service Checkout")
    assert (await story.overview()).incident.severity is Severity.SEV1


async def test_incident_without_service_is_about_the_default_one(story: Story) -> None:
    await story.person("ada").types("declare Something odd")
    overview = await story.overview()
    assert [service.id for service in overview.services] == ["storefront"]
    assert overview.incident.severity is Severity.SEV2


@pytest.mark.parametrize("word", ["declare", "new", "create"])
async def test_missing_title_is_asked_for_in_a_form(story: Story, word: str) -> None:
    ada = story.person("ada")
    await ada.types(f"{word} --sev SEV0")
    assert ada.modal["callback_id"] == "declare"
    services = [option["value"] for option in ada.modal["blocks"][1]["element"]["options"]]
    assert await ada.submits(title="Shop is down", services=services[:2], description="500s everywhere") == {}
    incident = (await story.overview()).incident
    assert (incident.title, incident.severity, incident.status) == ("Shop is down", Severity.SEV0, Status.NEW)
    assert incident.description == "500s everywhere"
    assert not ada.has_modal


async def test_form_refuses_an_empty_title_beside_its_input(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("declare")
    assert list(await ada.submits(title=" ")) == ["title"]
    assert list(await ada.submits()) == ["title"]


async def test_form_that_stays_open_after_it_was_taken_declares_once(story: Story) -> None:
    """Our acknowledgement is lost: Slack keeps the form open, and asks to submit it again."""
    ada = story.person("ada")
    await ada.types("declare")
    assert list(await ada.submits(title=" ")) == ["title"]
    story.workspace.lose_acknowledgements()
    assert not (await story.workspace.submit(ada.id, ada.modal["id"], {"title": "Oh no"})).ok
    assert await ada.submits() == {}
    assert not ada.has_modal
    listed = await ada.types("list")
    assert [f"INC-2026-00{n}" in listed.text for n in (1, 2)] == [True, False]


async def test_other_words_in_a_form_that_was_taken_already_are_not_dropped_in_silence(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("declare Oh no")
    await ada.types("note INC-2026-001")
    story.workspace.lose_acknowledgements()
    assert not (await story.workspace.submit(ada.id, ada.modal["id"], {"note": "do restart db-1"})).ok
    errors = await ada.submits(note="do NOT restart db-1")
    assert "What you sent first was done already, and this was not" in " ".join(errors.values())
    assert ada.has_modal
    await ada.types("note INC-2026-001 do NOT restart db-1")
    said = await story.said()
    assert ["do restart" in said[-2], "do NOT restart" in said[-1]] == [True, True]


async def test_unknown_service_is_answered_with_the_nearest(story: Story) -> None:
    ada = story.person("ada")
    for title in ("Oh no", ""):
        answer = await ada.types(f"declare {title} --service Chekout")
        assert "Did you mean Checkout?" in answer.text
        assert not ada.has_modal


async def test_numbers_count_up_within_the_year(story: Story) -> None:
    ada = story.person("ada")
    for title in ("first", "second", "third"):
        await ada.types(f"declare {title}")
    listed = await ada.types("list")
    assert [f"INC-2026-00{n}" in listed.text for n in (1, 2, 3)] == [True, True, True]


async def test_taken_channel_name_gets_the_next_one(story: Story) -> None:
    story.workspace.add_channel("inc-2026-001-oh-no", members=[story.ids["ada"]])
    await story.person("ada").types("declare Oh no")
    assert story.workspace.channel(await story.channel()).name == "inc-2026-001-oh-no-2"


async def test_where_channels_are_forbidden_a_thread_serves(story: Story) -> None:
    story.tolerated.add("restricted_action")
    story.workspace.faults.add("conversations.create", error="restricted_action", times=9)
    await story.person("ada").types("declare Oh no")
    overview = await story.overview()
    assert overview.place.thread_ts == overview.place.announcement_ts
    thread = story.workspace.messages("incidents", overview.place.thread_ts)
    assert len(thread) == 1 + 1 + overview.incident.sequence


async def test_incident_that_can_be_nowhere_in_slack_says_so(tmp_path: Path) -> None:
    """No channel may be created, and there is no announcement whose thread could serve."""
    path = tmp_path / "organization.yaml"
    text = ORGANIZATION.read_text(encoding="utf-8")
    path.write_text(text.replace("announcement_channel: incidents", ""), encoding="utf-8")
    async with opened(tmp_path, organization=path) as story:
        story.tolerated.add("restricted_action")
        story.workspace.faults.add("conversations.create", error="restricted_action", times=9)
        await story.person("ada").types("declare Oh no --service Checkout")
        failed = [one.event for one in await story.entries() if isinstance(one.event, DeliveryFailed)]
        assert "restricted_action, and there is no announcement" in failed[0].why
        assert len(story.person("farid").pages) == 1


async def test_page_that_was_faster_than_the_channel_gets_the_way_there(story: Story) -> None:
    story.tolerated.add("ratelimited")
    story.workspace.faults.add("conversations.create", error="ratelimited", retry_after=5)
    await story.person("ada").types("declare Oh no --service Checkout")
    (page,) = story.person("farid").pages
    assert buttons_of(page) == ["acknowledge", "escalate", "open_channel"]


async def test_description_that_the_card_cuts_stands_in_the_channel(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("declare")
    trace = "\n".join(f"frame {n} of <module> & more" for n in range(90))
    assert not await ada.submits(title="Search is slow", severity="SEV3", description=trace)
    assert "frame 89" not in text_of(await story.card())
    assert "frame 89 of <module> & more" in (await story.said())[1]


async def test_on_call_is_rung_by_the_page_alone(story: Story) -> None:
    await story.person("ada").types("declare Oh no --sev SEV1 --service Checkout")
    farid = story.person("farid")
    assert len(farid.pages) == 1
    assert "Farid Haddad" in text_of(await story.card())
    channels = (await story.channel(), story.workspace.channel("incidents").id)
    assert [ping for ping in story.workspace.pings if ping[0] in channels] == []
