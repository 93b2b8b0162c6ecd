"""People's rules: which method after how long, until somebody acknowledges; and quiet hours."""

import asyncio
from pathlib import Path

import pytest

from bot.domain.organization import Person
from bot.operations import audit_backlog
from bot.slack.posting import Posting
from tests.mail.post_office import PostOffice
from tests.scenarios.outages import (
    FARID,
    SLACK_TWICE,
    declares,
    fail,
    is_quiet,
    pass_by,
    types,
    with_mail,
)
from tests.story import Story

PLAIN = "email: farid@example.com}"
SLACK_THEN_EMAIL = (
    PLAIN,
    "email: farid@example.com, notify: {high: [{channel: slack}, {channel: email, after: 5 min}]}}",
)
#: It is four in the morning in Berlin when the stories begin.
QUIET = (
    PLAIN,
    """email: farid@example.com, notify: {low: [{channel: slack}, {channel: email, after: 10 min}]},
    quiet_hours: {time_zone: Europe/Berlin, hours: [{from: "22:00", to: "07:00"}]}}""",
)


async def declare(story: Story, severity: str) -> None:
    await story.person("ada").types(f"declare Oh no --sev {severity} --service Checkout")


def paged(story: Story) -> int:
    return len(story.person("farid").pages)


async def test_later_method_follows_while_nobody_acknowledges(tmp_path: Path) -> None:
    async with with_mail(tmp_path, SLACK_THEN_EMAIL) as (story, office):
        await declare(story, "SEV1")
        await story.forward(minutes=4)
        assert (paged(story), len(office.letters)) == (1, 0)
        await story.forward(minutes=1)
        assert (paged(story), [one.recipient for one in office.letters]) == (1, [FARID])
        await story.forward(minutes=5)
        assert (paged(story), len(office.letters)) == (1, 1)


async def test_acknowledgement_stops_what_was_to_follow(tmp_path: Path) -> None:
    async with with_mail(tmp_path, SLACK_THEN_EMAIL) as (story, office):
        await declare(story, "SEV1")
        await story.person("ben").types("ack INC-2026-001")
        await story.forward(hours=1)
        assert (paged(story), office.letters) == (1, [])


async def test_page_that_is_answered_while_its_message_is_being_made_is_not_sent(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken up, and then Slack, or the database, takes its time."""
    goes_on, begun, opens = asyncio.Event(), asyncio.Event(), Posting.direct_message

    async def held_up(posting: Posting, person: Person) -> str:
        begun.set()
        await goes_on.wait()
        return await opens(posting, person)

    monkeypatch.setattr(Posting, "direct_message", held_up)
    for name, text in (("ada", "declare Oh no --sev SEV1 --service Checkout"), ("ben", "ack INC-2026-001")):
        await story.workspace.command(
            story.ids[name], story.workspace.channel("general").id, "/incident", text
        )
        await asyncio.wait_for(begun.wait(), 10)
    async with asyncio.timeout(10):
        while (await story.overview()).incident.acknowledged_at is None:  # noqa: ASYNC110 - a test waits from outside
            await asyncio.sleep(0.01)
    goes_on.set()
    await story.settle()
    assert paged(story) == 0


async def test_page_that_is_not_due_is_not_called_late(tmp_path: Path) -> None:
    async with with_mail(tmp_path, SLACK_THEN_EMAIL) as (story, _):
        await declare(story, "SEV1")
        story.clock.forward(minutes=4)
        await is_quiet(story)
        now = story.clock.now()
        found = await story.app.database.read(lambda tx: audit_backlog.overdue(tx, now))
        assert (found.deadlines, found.deliveries) == (0, 0)
        assert await story.app.auditor.audit()


async def test_later_page_survives_a_restart(tmp_path: Path) -> None:
    async with with_mail(tmp_path, SLACK_THEN_EMAIL) as (story, office):
        await declare(story, "SEV1")
        await story.app.stop()
        await story.start_app()
        await story.forward(minutes=5)
        assert (paged(story), len(office.letters)) == (1, 1)


async def test_method_that_fails_for_good_brings_the_later_one_forward(tmp_path: Path) -> None:
    async with with_mail(tmp_path, SLACK_THEN_EMAIL) as (story, office):
        fail(story, "conversations.open", error="user_disabled")
        await declare(story, "SEV1")
        assert [one.recipient for one in office.letters] == [FARID]
        await story.forward(minutes=6)
        assert len(office.letters) == 1
        assert (await story.overview()).incident.level == 1


async def test_method_that_does_not_answer_brings_the_later_one_forward(
    tmp_path: Path, database_url: str
) -> None:
    async with with_mail(tmp_path, SLACK_THEN_EMAIL, database_url=database_url) as (story, office):
        fail(story, http_status=500)
        await declares(story)
        await pass_by(story, 29)
        assert office.letters == []
        await pass_by(story, 3)
        assert [one.recipient for one in office.letters] == [FARID]
        await pass_by(story, 300)
        story.workspace.faults.clear()
        await story.settle()
        assert (paged(story), len(office.letters)) == (0, 1)
        assert (await story.events()).count("PageRerouted") == 1


async def put_forward_in_vain(story: Story, office: PostOffice, slack_is_away_for: int) -> None:
    """Neither Slack nor the mail server answers; Slack does so again first (after so many seconds)."""
    office.faults.answers["MAIL"] = "451 4.3.2 Come back later"
    fail(story, http_status=500)
    await declares(story)
    await pass_by(story, slack_is_away_for)
    story.workspace.faults.clear()
    await pass_by(story, 60)
    assert (paged(story), office.letters) == (1, [])
    office.faults.answers.clear()


async def test_later_page_put_forward_in_vain_comes_at_its_time(tmp_path: Path) -> None:
    """Slack answers again before the letter could go out: the letter waits for its own time again."""
    async with with_mail(tmp_path, SLACK_THEN_EMAIL) as (story, office):
        await put_forward_in_vain(story, office, slack_is_away_for=40)
        await pass_by(story, 60)
        assert office.letters == []
        await story.forward(minutes=3)
        assert (paged(story), len(office.letters)) == (1, 1)


async def test_later_page_put_forward_in_vain_comes_after_its_time_too(tmp_path: Path) -> None:
    """The person's rules want a letter by now, whatever came by Slack meanwhile."""
    async with with_mail(tmp_path, SLACK_THEN_EMAIL) as (story, office):
        await put_forward_in_vain(story, office, slack_is_away_for=400)
        await pass_by(story, 120)
        assert (paged(story), len(office.letters)) == (1, 1)


async def test_reminder_by_the_same_method_comes_at_its_time(tmp_path: Path) -> None:
    async with with_mail(tmp_path, SLACK_TWICE) as (story, office):
        await declare(story, "SEV1")
        await story.forward(minutes=3)
        assert (paged(story), office.letters) == (2, [])


async def test_page_and_its_reminder_that_were_held_up_together_come_once(tmp_path: Path) -> None:
    async with with_mail(tmp_path, SLACK_TWICE) as (story, office):
        office.faults.answers["MAIL"] = "451 4.3.2 Come back later"
        fail(story, http_status=500)
        await declares(story)
        await pass_by(story, 240)
        story.workspace.faults.clear()
        await story.settle()
        office.faults.answers.clear()
        await story.forward(minutes=1)
        assert paged(story) == 1


async def test_low_urgency_waits_for_the_end_of_quiet_hours(tmp_path: Path) -> None:
    async with with_mail(tmp_path, QUIET) as (story, office):
        await declare(story, "SEV4")
        said = " ".join(await story.said())
        assert "paged *Farid Haddad* (from 2026-03-02 06:00 UTC on)" in said
        await story.forward(hours=2, minutes=50)
        assert (paged(story), office.letters) == (0, [])
        await story.forward(minutes=10)
        assert (paged(story), office.letters) == (1, [])
        await story.forward(minutes=10)
        assert (paged(story), len(office.letters)) == (1, 1)


async def test_levels_time_runs_on_through_quiet_hours(tmp_path: Path) -> None:
    async with with_mail(tmp_path, QUIET) as (story, _):
        await declare(story, "SEV3")
        await story.forward(hours=2)
        assert (await story.overview()).incident.level == 2
        assert len(story.person("ada").pages) == 1
        await story.forward(hours=1)
        assert paged(story) == 1


async def test_levels_that_waited_for_the_same_morning_page_once(tmp_path: Path) -> None:
    everybody = ("- {role: secondary, timeout: 30 min}", "- {role: primary, timeout: 30 min}")
    async with with_mail(tmp_path, QUIET, everybody) as (story, office):
        await declare(story, "SEV3")
        await story.forward(hours=2)
        assert (await story.overview()).incident.level == 2
        await story.forward(hours=1, minutes=15)
        assert (paged(story), len(office.letters)) == (1, 1)


async def test_high_urgency_knows_no_quiet_hours(tmp_path: Path) -> None:
    async with with_mail(tmp_path, QUIET) as (story, _):
        await declare(story, "SEV1")
        assert paged(story) == 1


@pytest.mark.parametrize("change", [QUIET, SLACK_THEN_EMAIL])
async def test_page_by_hand_comes_at_once_whatever_the_rules_say(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    async with with_mail(tmp_path, change) as (story, office):
        await declare(story, "SEV4")
        before = paged(story)
        await story.person("ben").types(f"page INC-2026-001 <@{story.ids['farid']}> please look")
        assert paged(story) == before + 1
        assert office.letters == []


async def test_raising_the_severity_wakes_whom_quiet_hours_let_sleep(tmp_path: Path) -> None:
    async with with_mail(tmp_path, QUIET) as (story, office):
        await declare(story, "SEV4")
        assert paged(story) == 0
        await types(story, "ben", "severity INC-2026-001 SEV1")
        await story.settle()
        assert paged(story) == 1
        await story.person("ben").types("ack INC-2026-001")
        await story.forward(hours=4)
        assert (paged(story), office.letters) == (1, [])


async def test_declarer_is_not_told_that_somebody_is_paged_who_sleeps(tmp_path: Path) -> None:
    async with with_mail(tmp_path, QUIET) as (story, _):
        answer = await story.person("ada").types("declare Oh no --sev SEV3 --service Checkout")
        assert paged(story) == 0
        assert "paged *Farid Haddad* (from 2026-03-02 06:00 UTC on)" in answer.text
