"""Postmortems: written in Slack, read in the channel."""

from tests.story import Json, Story, buttons_of, text_of


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
    await hana.types("postmortem INC-2026-001")
    errors = await hana.submits(summary="I was not there")
    assert "role does not let you" in " ".join(errors.values())


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
