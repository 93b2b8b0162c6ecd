"""What happens by itself, as time passes."""

from pathlib import Path

from bot.domain.timeline import Escalated
from tests.story import ORGANIZATION, START, Story, buttons_of, opened, text_of


async def declare(story: Story, severity: str = "SEV1", service: str = "Checkout") -> None:
    await story.person("ada").types(f"declare Oh no --sev {severity} --service {service}")


async def pages(story: Story) -> dict[str, int]:
    """How many pages each person got."""
    counts = {name: len(story.person(name).pages) for name in story.ids}
    return {name: count for name, count in counts.items() if count}


async def test_unacknowledged_incident_climbs_level_by_level(story: Story) -> None:
    await declare(story)
    overview = await story.overview()
    assert await pages(story) == {"farid": 1}
    await story.forward(minutes=14)
    assert (await story.overview()).incident.level == 1
    await story.forward(minutes=1)
    assert (await story.overview()).incident.level == 2
    assert await pages(story) == {"farid": 1, "ada": 1}
    assert "Nobody acknowledged in time" in text_of(story.person("ada").pages[0])
    await story.forward(minutes=10)
    assert await pages(story) == {"farid": 1, "ada": 1, "emi": 1}
    assert overview.next_level is not None


async def test_after_the_last_level_the_admins_are_paged_once(story: Story) -> None:
    await declare(story)
    for minutes in (15, 10, 10):
        await story.forward(minutes=minutes)
    assert (await story.events())[-1] == "EscalationExhausted"
    assert await pages(story) == {"farid": 1, "ada": 2, "emi": 1, "gus": 1}
    assert "No level answered" in (await story.said())[-1]
    await story.forward(hours=1)
    assert await pages(story) == {"farid": 1, "ada": 2, "emi": 1, "gus": 1}


async def test_acknowledgement_stops_the_escalation(story: Story) -> None:
    await declare(story)
    await story.forward(minutes=14)
    await story.person("ben").types("ack INC-2026-001")
    await story.forward(hours=1)
    assert await pages(story) == {"farid": 1}
    assert (await story.overview()).incident.level == 1


async def test_late_acknowledgement_is_called_late(story: Story) -> None:
    await declare(story)
    await story.forward(minutes=16)
    await story.person("ben").types("ack INC-2026-001")
    assert "late" in (await story.said())[-1]
    assert "(late)" in text_of(await story.card())


async def test_disabled_level_is_never_paged(story: Story) -> None:
    await declare(story)
    assert (await story.overview()).levels == 3


async def test_reopening_starts_the_escalation_again(story: Story) -> None:
    await declare(story)
    await story.person("ben").types("ack INC-2026-001")
    await story.person("ben").types("resolve INC-2026-001 fixed")
    await story.forward(hours=2)
    await story.person("ben").types("reopen INC-2026-001 it is back")
    assert (await pages(story))["farid"] == 2
    await story.forward(minutes=15)
    assert (await story.overview()).incident.level == 2


async def test_raising_the_severity_starts_the_escalation_again(story: Story) -> None:
    await declare(story, "SEV3")
    await story.person("ben").types("ack INC-2026-001")
    await story.person("ben").types("severity INC-2026-001 SEV0")
    assert (await pages(story))["farid"] == 2
    assert "acknowledge" in buttons_of(await story.card())
    await story.forward(minutes=5)
    assert (await story.overview()).incident.level == 2


async def test_lowering_the_severity_moves_the_deadline(story: Story) -> None:
    await declare(story, "SEV1")
    await story.person("ben").types("severity INC-2026-001 SEV3")
    await story.forward(minutes=30)
    assert (await story.overview()).incident.level == 1
    await story.forward(minutes=90)
    assert (await story.overview()).incident.level == 2


async def test_severity_that_was_raised_by_mistake_and_put_back_pages_nobody_else(story: Story) -> None:
    ben = story.person("ben")
    await declare(story, "SEV2")
    await ben.types("ack INC-2026-001")
    await story.forward(hours=3)
    await ben.types("severity INC-2026-001 SEV1")
    before = await pages(story)
    await story.forward(minutes=1)
    await ben.types("severity INC-2026-001 SEV2")
    await story.forward(seconds=1)
    assert await pages(story) == before


async def test_lowering_the_severity_moves_the_deadline_also_of_a_later_level(story: Story) -> None:
    await declare(story, "SEV1")
    await story.person("ben").types("escalate INC-2026-001")
    await story.person("ben").types("severity INC-2026-001 SEV2")
    await story.forward(minutes=20)
    assert "AcknowledgementMissed" not in await story.events()
    await story.forward(minutes=10)
    assert (await story.events())[-1] == "AcknowledgementMissed"


async def test_missed_acknowledgement_is_not_missed_again_with_another_severity(story: Story) -> None:
    await declare(story, "SEV1")
    await story.forward(minutes=15)
    await story.person("ben").types("severity INC-2026-001 SEV2")
    before = await story.events()
    await story.forward(minutes=30)
    assert "AcknowledgementMissed" not in (await story.events())[len(before) :]


async def test_level_escalated_by_hand_gets_its_own_time(story: Story) -> None:
    await declare(story)
    await story.forward(minutes=10)
    await story.person("ben").types("escalate INC-2026-001")
    await story.forward(minutes=5)
    assert (await story.events())[-1] == "AcknowledgementMissed"
    assert (await story.overview()).incident.level == 2
    await story.forward(minutes=5)
    assert (await story.overview()).incident.level == 3


async def test_level_with_time_of_its_own_is_shown_with_that_time(story: Story) -> None:
    """The acknowledge deadline still runs beside it, and pages nobody."""
    await declare(story)
    await story.forward(minutes=10)
    for level in (2, 3):
        await story.person("ben").types("escalate INC-2026-001")
        (ends,) = [
            entry.event.until
            for entry in await story.entries()
            if isinstance(entry.event, Escalated) and entry.event.level == level
        ]
        overview = await story.overview()
        assert ends == (overview.next_level.at if overview.next_level else overview.admins_at)
        assert ends is not None
        assert f"at <!date^{int(ends.timestamp())}^" in str(await story.card())


async def test_assignee_is_warned_when_closing_time_runs_out(story: Story) -> None:
    await declare(story)
    await story.person("ben").types("ack INC-2026-001")
    await story.forward(hours=3, minutes=12)
    assert "80 % of the time to close" in text_of(story.person("ben").dm[-1])
    assert "ClosureWarned" in await story.events()


async def test_assignee_who_could_not_be_warned_is_not_said_to_have_been(story: Story) -> None:
    await declare(story)
    await story.person("ben").types("ack INC-2026-001")
    story.tolerated |= {"user_disabled"}
    story.workspace.deactivate(story.ids["ben"])
    await story.forward(hours=3, minutes=12)
    *_, warned, failed = await story.said()
    assert "80 % of the time to close is used; *Ben Li* has it. Close by" in warned
    assert "A message to Ben Li failed: their Slack account is deactivated (user_disabled)" in failed


async def test_missed_closure_is_recorded_and_sent_to_the_next_level(story: Story) -> None:
    await declare(story)
    await story.person("ben").types("ack INC-2026-001")
    await story.forward(hours=4)
    assert "ClosureMissed" in await story.events()
    assert "overdue" in text_of(await story.card())
    assert "closure deadline has passed" in text_of(story.person("ada").pages[-1])


async def test_missed_closure_is_not_missed_again_with_another_severity(story: Story) -> None:
    await declare(story)
    await story.person("ben").types("ack INC-2026-001")
    await story.forward(hours=9)
    await story.person("ben").types("severity INC-2026-001 SEV2")
    await story.person("ben").types("severity INC-2026-001 SEV3")
    await story.forward(minutes=1)
    assert (await story.events()).count("ClosureMissed") == 1
    await story.forward(hours=15)
    assert (await story.events()).count("ClosureMissed") == 2


async def test_resolving_stops_every_clock(story: Story) -> None:
    await declare(story)
    await story.person("ben").types("resolve INC-2026-001 fixed")
    before = await story.events()
    await story.forward(days=3)
    assert await story.events() == before


async def test_level_that_nobody_can_reach_is_passed_at_once(story: Story) -> None:
    story.tolerated |= {"user_disabled"}
    story.workspace.faults.add("conversations.open", error="user_disabled")
    await declare(story)
    events = await story.events()
    assert events[-3:] == ["PageFailed", "LevelPassed", "Escalated"]
    assert (await story.overview()).incident.level == 2
    assert "could not be paged by Slack: their Slack account is deactivated" in " ".join(await story.said())


async def test_level_asked_for_after_an_acknowledgement_is_passed_when_nobody_can_reach_it(
    story: Story,
) -> None:
    farid = story.person("farid")
    await declare(story)
    await farid.types("ack INC-2026-001")
    story.tolerated.add("user_disabled")
    story.workspace.faults.add("conversations.open", "user_disabled", times=1)
    await farid.types("escalate INC-2026-001")
    assert (await story.events())[-3:] == ["PageFailed", "LevelPassed", "Escalated"]
    assert await pages(story) == {"farid": 1, "emi": 1}


async def test_level_with_nobody_in_it_is_passed_at_once(tmp_path: Path) -> None:
    organization = tmp_path / "organization.yaml"
    text = ORGANIZATION.read_text(encoding="utf-8")
    organization.write_text(text.replace("    schedule: payments\n", ""), encoding="utf-8")
    story = Story(tmp_path, organization=organization)
    await story.open()
    try:
        await declare(story)
        assert (await story.events())[:4] == ["Declared", "LevelPassed", "LevelPassed", "Escalated"]
        assert await pages(story) == {"emi": 1}
        assert (await story.overview()).assignee is None
        await story.forward(minutes=15)
        assert (await story.events())[-1] == "EscalationExhausted"
        await story.check_promises()
    finally:
        await story.close()


async def test_nobody_is_paged_for_what_was_acknowledged_meanwhile(story: Story) -> None:
    """The acknowledgement commits while the page still waits to be claimed."""
    await declare(story)
    story.workspace.faults.add("*", error="service_unavailable", times=30)
    story.tolerated |= {"service_unavailable"}
    story.clock.forward(minutes=15)
    await story.app.deadlines.look()
    await story.workspace.command(
        story.ids["ben"], story.workspace.channel("general").id, "/incident", "ack INC-2026-001"
    )
    await story.settle()
    assert await pages(story) == {"farid": 1}


async def test_jump_of_the_clock_fires_each_deadline_once(tmp_path: Path) -> None:
    async with opened(tmp_path, start=START) as story:
        await declare(story)
        await story.forward(hours=1)
        await story.forward(hours=-1)
        await story.forward(hours=1)
        assert (await story.events()).count("Escalated") == 2
        await story.forward(minutes=10)
        assert (await story.events()).count("Escalated") == 3


async def test_who_pages_somebody_who_cannot_be_reached_is_told_wherever_they_are(story: Story) -> None:
    ben = story.person("ben")
    await ben.types("declare Oh no --sev SEV3 --service Database")
    story.tolerated.add("user_disabled")
    story.workspace.faults.add("conversations.open", "user_disabled", times=1)
    before = len(ben.dm)
    await ben.types("page INC-2026-001 @dev please look")
    (told,) = ben.dm[before:]
    assert "Dev Patel" in text_of(told)
    assert "deactivated" in text_of(told)
    await ben.types("page INC-2026-001 @dev please look")
    assert len(ben.dm) == before + 1
