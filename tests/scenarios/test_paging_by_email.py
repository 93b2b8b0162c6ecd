"""Pages by e-mail: who gets one, what it threads with, and what takes its place when it fails."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.operations import backlog
from tests.contract.conftest import Api
from tests.contract.expect import refusal
from tests.mail import post_office
from tests.mail.post_office import PostOffice
from tests.story import ORGANIZATION, Story, opened

LEVEL_BY_BOTH = (
    "- {role: primary, timeout: 15 min}",
    "- {role: primary, timeout: 15 min, channels: [slack, email]}",
)
FARID_BY_EMAIL = ("email: farid@example.com}", "email: farid@example.com, channels: [email]}")
FARID = "farid@example.com"


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office.opened() as office:
        yield office


@asynccontextmanager
async def told(folder: Path, office: PostOffice | None, *changes: tuple[str, str]) -> AsyncIterator[Story]:
    """A story with this post office, in an organization with these changes."""
    text = ORGANIZATION.read_text(encoding="utf-8")
    for was, to in changes:
        assert was in text
        text = text.replace(was, to)
    path = folder / "organization.yaml"
    path.write_text(text, encoding="utf-8")
    environment = {"SMTP_URL": office.url(), "EMAIL_FROM": "tocsin@example.com"} if office else {}
    async with opened(folder, organization=path, environment=environment) as story:
        yield story


async def declare(story: Story, title: str = "Oh no") -> None:
    await story.person("ada").types(f"declare {title} --sev SEV1 --service Checkout")


async def test_level_with_both_channels_pages_by_both(tmp_path: Path, office: PostOffice) -> None:
    async with told(tmp_path, office, LEVEL_BY_BOTH) as story:
        await declare(story)
        (letter,) = office.letters
        assert letter.recipient == FARID
        assert letter.message["Subject"] == "[INC-2026-001] SEV1: Oh no"
        assert "If nobody acknowledges, Ada Okafor will be paged at 03:15 UTC" in letter.text
        assert f"https://slack.com/app_redirect?channel={await story.channel()}" in letter.text
        assert len(story.person("farid").pages) == 1
        await story.forward(minutes=15)
        assert len(office.letters) == 1


async def test_person_by_email_alone_gets_no_page_in_slack(tmp_path: Path, office: PostOffice) -> None:
    async with told(tmp_path, office, FARID_BY_EMAIL) as story:
        await declare(story)
        assert [one.recipient for one in office.letters] == [FARID]
        assert story.person("farid").pages == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("users_not_found", "nobody in Slack has their e-mail address"),
        ("user_disabled", "their Slack account is deactivated"),
    ],
)
async def test_page_that_slack_cannot_deliver_falls_to_email(
    tmp_path: Path, office: PostOffice, error: str, words: str
) -> None:
    async with told(tmp_path, office) as story:
        story.tolerated |= {error}
        story.workspace.faults.add("conversations.open", error=error)
        await declare(story)
        assert [one.recipient for one in office.letters] == [FARID]
        assert (await story.overview()).incident.level == 1
        assert f"could not be paged by Slack: {words} ({error})" in " ".join(await story.said())


async def test_page_by_hand_that_slack_cannot_deliver_falls_to_email(
    tmp_path: Path, office: PostOffice
) -> None:
    async with told(tmp_path, office) as story:
        await declare(story)
        story.tolerated |= {"user_disabled"}
        story.workspace.faults.add("conversations.open", error="user_disabled")
        await story.person("ada").types("page INC-2026-001 @ben help")
        assert [one.recipient for one in office.letters] == ["ben@example.com"]


async def test_page_that_the_mail_server_refuses_falls_to_slack(tmp_path: Path, office: PostOffice) -> None:
    office.faults.answers["RCPT"] = "550 5.1.1 No such user"
    async with told(tmp_path, office, FARID_BY_EMAIL) as story:
        await declare(story)
        assert len(story.person("farid").pages) == 1
        assert "the mail server said 550 5.1.1 No such user" in " ".join(await story.said())
    assert office.letters == []


async def test_without_a_mail_server_the_page_falls_to_slack(tmp_path: Path) -> None:
    async with told(tmp_path, None, FARID_BY_EMAIL) as story:
        await declare(story)
        assert len(story.person("farid").pages) == 1
        assert "SMTP_URL is missing" in " ".join(await story.said())


async def test_person_whom_nothing_reaches_passes_the_level_once(tmp_path: Path, office: PostOffice) -> None:
    office.faults.answers["RCPT"] = "550 5.1.1 No such user"
    async with told(tmp_path, office) as story:
        story.tolerated |= {"user_disabled"}
        story.workspace.faults.add("conversations.open", error="user_disabled")
        await declare(story)
        events = await story.events()
        assert events.count("PageFailed") == 2
        assert events.count("LevelPassed") == 1
        assert (await story.overview()).incident.level == 2


async def test_letters_of_one_incident_thread_together(tmp_path: Path, office: PostOffice) -> None:
    async with told(tmp_path, office, LEVEL_BY_BOTH) as story:
        await declare(story)
        await story.person("ben").types("resolve INC-2026-001 fixed")
        await story.person("ben").types("reopen INC-2026-001 not fixed")
        await declare(story, "Something else")
    first, again, other = (one.message for one in office.letters)
    assert first["References"] == again["References"] != other["References"]
    assert first["Subject"] == again["Subject"]
    assert len({first["Message-ID"], again["Message-ID"], other["Message-ID"]}) == 3
    assert "It was reopened, and you are on call." in office.letters[1].text


async def test_passing_trouble_delays_the_letter_but_does_not_double_it(
    tmp_path: Path, office: PostOffice
) -> None:
    office.faults.answers["RCPT"] = "451 4.7.1 Come back later"
    office.faults.times = 3
    async with told(tmp_path, office, FARID_BY_EMAIL) as story:
        await declare(story)
        assert [one.recipient for one in office.letters] == [FARID]
        assert "PageFailed" not in await story.events()


async def test_letter_in_flight_at_a_crash_repeats_under_its_own_id(
    tmp_path: Path, office: PostOffice
) -> None:
    async with told(tmp_path, office, FARID_BY_EMAIL) as story:
        office.is_confirming.clear()
        workspace, ada = story.workspace, story.ids["ada"]
        general = workspace.channel("general").id
        await workspace.command(ada, general, "/incident", "declare Oh no --sev SEV1 --service Checkout")
        await _arrived(story, office)
        left_behind = _copy(tmp_path)  # what is on the disk if the process dies now
        office.is_confirming.set()
        await story.settle()
        await story.app.stop()
        _put_back(tmp_path, left_behind)
        await story.start_app()
        first, again = office.letters
        assert first.message["Message-ID"] == again.message["Message-ID"]
        assert "PageFailed" not in await story.events()
        await story.app.stop()
        await story.start_app()
        assert len(office.letters) == 2


async def _arrived(story: Story, office: PostOffice) -> None:
    """The letter is with the server, and all else that is owed has been done.

    The clock moves only while nothing else is under way: a page that is late goes out by other methods.
    """
    async with asyncio.timeout(10):
        while (owed := await _unsettled(story)) != {"sending": 1} or not office.letters:
            if owed.get("sending", 0) <= len(office.letters):
                story.clock.forward(seconds=1)
            await asyncio.sleep(0.01)


async def _unsettled(story: Story) -> Mapping[str, int]:
    now = story.clock.now()
    return (await story.app.database.read(lambda tx: backlog.backlog(tx, now))).deliveries


def _copy(folder: Path) -> bytes:
    with closing(sqlite3.connect(folder / "story.db")) as found, closing(sqlite3.connect(":memory:")) as copy:
        found.backup(copy)
        return copy.serialize()


def _put_back(folder: Path, content: bytes) -> None:
    for path in folder.glob("story.db-*"):
        path.unlink()
    (folder / "story.db").write_bytes(content)


async def test_page_over_the_api_waits_for_its_letter(tmp_path: Path, office: PostOffice) -> None:
    async with told(tmp_path, office) as story, ClientSession() as session:
        client = await Api(story, session).client()
        await declare(story)
        answer = await client.page(
            "INC-2026-001", email="ben@example.com", channels=["email"], message="Help"
        )
        assert answer["deliveries"] == [{"channel": "email", "sent": True}]
        (letter,) = office.letters
        assert letter.recipient == "ben@example.com"
        assert "> Help" in letter.text
        office.faults.answers["RCPT"] = "550 5.1.1 No such user"
        refused = await refusal(client.page("INC-2026-001", email="emi@example.com", channels=["email"]))
        assert refused.what == (409, "NO_CONTACT_DETAILS")
        await story.settle()
        assert story.person("emi").pages == []
