"""Postmortems: written in Slack, read in the channel."""

from pathlib import Path

from tests.story import ORGANIZATION, Json, Story, buttons_of, opened, text_of


async def resolved(story: Story) -> None:
    await story.person("ada").types("declare checkout is down --sev SEV1 --service Checkout")
    await story.person("emi").types("ack INC-2026-001")
    await story.forward(minutes=10)
    await story.person("emi").types("resolve INC-2026-001 rolled back the deploy")


async def written(story: Story, **values: str) -> Json:
    """The form's errors after `/incident postmortem` was filled in."""
    emi = story.person("emi")
    await emi.types("postmortem INC-2026-001")
    return await emi.submits(summary="Checkout answered 500 for ten minutes", **values)


async def test_postmortem_goes_to_the_channel(story: Story) -> None:
    await resolved(story)
    assert not await written(story, root_cause="A pool of one", action_items="- Alert on it\n\n* Enlarge it")
    said = (await story.said())[-1]
    for words in (
        "Postmortem of INC-2026-001: checkout is down",
        "PM-2026-001",
        "Checkout answered 500 for ten minutes",
        "A pool of one",
        "rolled back the deploy",
        "Alert on it",
        "resolved after",
    ):
        assert words in said
    assert (await story.events())[-1] == "PostmortemCreated"


async def test_long_postmortem_says_where_the_rest_is(story: Story) -> None:
    await resolved(story)
    await written(story, root_cause="A pool of <one> & " * 160, resolution="<&>" * 900)
    said = (await story.said())[-1]
    assert "rolled back" not in said
    assert "`GET /api/v1/postmortems/PM-2026-001/export`" in said


async def test_form_knows_how_the_incident_ended(story: Story) -> None:
    await resolved(story)
    emi = story.person("emi")
    await emi.types("postmortem INC-2026-001")
    filled = {block["block_id"]: block["element"].get("initial_value") for block in emi.modal["blocks"][1:]}
    assert filled["resolution"] == "rolled back the deploy"


async def test_second_postmortem_is_shown_instead_of_asked_for(story: Story) -> None:
    await resolved(story)
    await written(story)
    answer = await story.person("ada").types("pm INC-2026-001")
    assert "PM-2026-001" in answer.text
    assert not story.person("ada").has_modal


async def test_incident_that_is_open_gets_no_postmortem(story: Story) -> None:
    await story.person("ada").types("declare checkout is down")
    answer = await story.person("ada").types("postmortem INC-2026-001")
    assert "INC-2026-001 is new" in answer.text
    assert "Resolve or close it first" in answer.text


async def test_who_may_only_look_cannot_write_one(story: Story) -> None:
    await resolved(story)
    hana = story.person("hana")
    answer = await hana.types("postmortem INC-2026-001")
    assert "does not let you write postmortems" in answer.text
    assert not hana.has_modal


async def test_card_of_a_resolved_incident_offers_the_postmortem(story: Story) -> None:
    await resolved(story)
    card = await story.card()
    assert "postmortem" in buttons_of(card)
    assert not await story.person("emi").presses(card, "postmortem")
    assert story.person("emi").has_modal


async def test_markup_of_people_stays_text(story: Story) -> None:
    await resolved(story)
    await written(story, root_cause="<!channel> & <@U1>")
    assert "<!channel> & <@U1>" in text_of(story.workspace.messages(await story.channel())[-1])


async def test_channel_of_the_incident_needs_no_number(story: Story) -> None:
    await resolved(story)
    emi = story.person("emi")
    await emi.types("retro", channel=await story.channel())
    assert not await emi.submits(summary="It broke")
    assert (await story.events())[-1] == "PostmortemCreated"


async def test_items_are_lines_and_only_their_bullets_go(story: Story) -> None:
    await resolved(story)
    await written(story, action_items="- Alert on it\n  • Enlarge it\n*\n\n--force must go\n-1 is no size")
    said = (await story.said())[-1]
    for line in ("◻︎ Alert on it\n", "◻︎ Enlarge it\n", "◻︎ --force must go\n", "◻︎ -1 is no size"):
        assert line in said
    assert said.count("◻︎") == 4


async def test_form_asks_for_what_the_level_requires(tmp_path: Path) -> None:
    async with opened(tmp_path, organization=of_level(tmp_path, "full")) as story:
        await resolved(story)
        emi = story.person("emi")
        await emi.types("pm INC-2026-001")
        asked = {block["block_id"]: block["optional"] for block in emi.modal["blocks"] if "element" in block}
        assert asked == dict.fromkeys(
            ["summary", "root_cause", "resolution", "impact", "action_items"], False
        )
        assert await emi.submits(summary="x", root_cause="y", impact="all", action_items="- \n•") == {
            "action_items": "Is required at the level full."
        }
        assert not await emi.submits(action_items="Alert on it")
        assert "PM-2026-001 · SEV1 · full level · draft · by Emi Sato" in (await story.said())[-1]


async def test_what_does_not_fit_is_said_beside_its_field(story: Story) -> None:
    await resolved(story)
    errors = await written(story, action_items="a\n" * 201)
    assert errors == {"action_items": "Must have at most 200 items, has 201."}
    assert (await story.events())[-1] == "Resolved"


async def test_of_two_open_forms_the_second_names_the_first(story: Story) -> None:
    await resolved(story)
    ada = story.person("ada")
    await ada.types("postmortem INC-2026-001")
    await written(story)
    errors = await ada.submits(summary="My own view")
    assert "INC-2026-001 has its postmortem already: PM-2026-001." in errors.values()
    assert (await story.events()).count("PostmortemCreated") == 1


async def test_incident_that_was_reopened_meanwhile_gets_none(story: Story) -> None:
    await resolved(story)
    emi = story.person("emi")
    await emi.types("postmortem INC-2026-001")
    await story.person("ada").types("reopen INC-2026-001 it is back")
    errors = await emi.submits(summary="It broke")
    assert "Resolve or close it first" in " ".join(errors.values())
    assert "PostmortemCreated" not in await story.events()


def of_level(folder: Path, level: str) -> Path:
    """The stories' organization, which asks for this much."""
    text = ORGANIZATION.read_text(encoding="utf-8")
    changed = folder / "organization.yaml"
    changed.write_text(
        text.replace("organization:\n", f"organization:\n  postmortem_level: {level}\n", 1), encoding="utf-8"
    )
    return changed
