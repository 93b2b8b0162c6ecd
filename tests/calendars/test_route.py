"""The address of a feed over the real app: who has it reads the feed, who has not learns nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot import organization_file
from bot.domain.feed import Feed
from bot.domain.timeline import TOCSIN
from bot.operations import import_calendar, reorganize, share_calendar
from storage.database import Connection
from tests.calendars import rfc5545
from tests.story import ORGANIZATION, Story, opened

PER_MINUTE = 5


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Reader:
    """Somebody's calendar."""

    def __init__(self, story: Story, session: ClientSession) -> None:
        self.story, self._session = story, session

    async def create(self, schedule: str | None = None, email: str | None = None) -> tuple[Feed, str]:
        now = self.story.clock.now()
        feed, token = await self.story.app.database.write(
            lambda tx: share_calendar.create(tx, now, TOCSIN, secret=None, schedule=schedule, email=email)
        )
        return feed, f"/calendars/{token}.ics"

    async def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        url = f"http://127.0.0.1:{self.story.app.port}{path}"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._session.request(method, url, headers=sent) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def feeds(self) -> tuple[Feed, ...]:
        return await self.story.app.database.read(share_calendar.every)


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    async with (
        opened(tmp_path, environment={"RATE_LIMIT_READ": str(PER_MINUTE)}) as story,
        ClientSession() as session,
    ):
        yield Reader(story, session)


async def test_feed_is_a_calendar_that_only_its_reader_keeps(reader: Reader) -> None:
    _, path = await reader.create(schedule="Payments on call")
    answer = await reader.ask(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"].startswith("private")
    assert len(rfc5545.read(answer.body).blocks) > 25


async def test_feed_that_is_as_it_was_is_not_sent_again(reader: Reader) -> None:
    _, path = await reader.create(email="ben@example.com")
    first = await reader.ask(path)
    again = await reader.ask(path, If_None_Match=f'"other", W/{first.headers["ETag"]}')
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    head = await reader.ask(path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(first.body))


async def test_change_of_the_organization_is_in_the_feed_at_once(reader: Reader) -> None:
    _, path = await reader.create(schedule="payments")
    first = await reader.ask(path)
    text = ORGANIZATION.read_text(encoding="utf-8").replace("Emi Sato", "Emi Suzuki")
    reader.story.clock.forward(minutes=1)
    now, wanted = reader.story.clock.now(), organization_file.parse(text, "changed")
    await reader.story.app.database.write(lambda tx: reorganize.apply(tx, now, TOCSIN, wanted))
    second = await reader.ask(path, If_None_Match=first.headers["ETag"])
    assert second.status == 200
    before, after = rfc5545.read(first.body).blocks[0], rfc5545.read(second.body).blocks[0]
    assert any("Emi Suzuki" in one.text("SUMMARY") for one in rfc5545.read(second.body).blocks)
    assert int(after.values["SEQUENCE"]) > int(before.values["SEQUENCE"])
    assert after.values["LAST-MODIFIED"] > before.values["LAST-MODIFIED"]


async def test_revoked_feed_is_gone_at_once_like_one_that_never_was(reader: Reader) -> None:
    feed, path = await reader.create(schedule="payments")
    assert (await reader.ask(path)).status == 200
    now = reader.story.clock.now()
    await reader.story.app.database.write(lambda tx: share_calendar.revoke(tx, now, TOCSIN, feed.hint))
    gone, never = await reader.ask(path), await reader.ask(f"{path[:-6]}x.ics")
    nowhere = await reader.ask("/calendars/nowhere")
    assert gone.status == 404
    assert gone.body == never.body == nowhere.body
    assert {*gone.headers} == {*never.headers} == {*nowhere.headers}


async def test_feed_of_who_is_gone_is_gone(reader: Reader) -> None:
    _, path = await reader.create(email="ben@example.com")
    text = ORGANIZATION.read_text(encoding="utf-8").replace(
        "email: ben@example.com", "email: ben@example.com, active: false"
    )
    now, wanted = reader.story.clock.now(), organization_file.parse(text, "changed")
    await reader.story.app.database.write(lambda tx: reorganize.apply(tx, now, TOCSIN, wanted))
    assert (await reader.ask(path)).status == 404


async def test_guesses_are_limited_by_address_and_harm_nobody_else(reader: Reader) -> None:
    _, path = await reader.create(schedule="payments")
    guesses = [(await reader.ask(f"/calendars/cal_{n:043}.ics")).status for n in range(PER_MINUTE + 1)]
    assert guesses == [404] * PER_MINUTE + [429]
    assert (await reader.ask(path)).status == 200
    assert (await reader.ask("/calendars/x.ics", X_Forwarded_For="10.0.0.1")).status == 429
    reader.story.clock.forward(seconds=61)
    assert (await reader.ask("/calendars/x.ics")).status == 404


async def test_feed_that_asks_too_often_is_told_when_to_come_back(reader: Reader) -> None:
    _, path = await reader.create(schedule="payments")
    answers = [await reader.ask(path) for _ in range(PER_MINUTE + 1)]
    assert answers[-1].status == 429
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


async def test_when_a_feed_was_read_last_is_kept(reader: Reader) -> None:
    feed, path = await reader.create(schedule="payments")
    assert (await reader.feeds())[0].last_used_at is None
    reader.story.clock.forward(hours=1)
    await reader.ask(path)
    async with asyncio.timeout(5):
        while (await reader.feeds())[0].last_used_at is None:  # noqa: ASYNC110 - kept behind our back
            await asyncio.sleep(0.01)
    assert (await reader.feeds())[0].last_used_at == feed.created_at + timedelta(hours=1)


@pytest.mark.parametrize(
    "path",
    [
        "/calendars/.ics",
        "/calendars/..%2f..%2fetc%2fpasswd.ics",
        "/calendars/%00.ics",
        "/calendars/" + "x" * 5000 + ".ics",
        "/calendars/cal_é.ics",
        "/calendars/%ff%fe.ics",
    ],
)
async def test_hostile_address_is_not_found(reader: Reader, path: str) -> None:
    assert (await reader.ask(path)).status == 404


async def test_troubles_are_none_where_nothing_is_imported(reader: Reader) -> None:
    def query(tx: Connection) -> dict[tuple[str, str], str | None]:
        return import_calendar.troubles(tx)

    assert await reader.story.app.database.read(query) == {}
