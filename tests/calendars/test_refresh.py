"""A calendar as a layer of the running app: it says who is on call, also while it cannot be read."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot import organization_file
from bot.calendars.imports import BadCalendar
from bot.calendars.refresh import read_files
from bot.domain.ids import ScheduleId
from bot.domain.imported import CalendarState
from bot.domain.organization import Organization
from bot.domain.schedule import CalendarSource, Layer, on_call
from bot.domain.timeline import TOCSIN
from bot.operations import import_calendar, look_up
from storage.organizations import document, newest
from tests.calendars.samples import calendar
from tests.calendars.server import CalendarServer, serving
from tests.story import ORGANIZATION, Story, opened

SECRET = "canary-of-the-calendar-address"
PLATFORM = ScheduleId("platform")
NORTHWIND = organization_file.read(ORGANIZATION)


def event(title: str, start: str = "20260301T000000Z", days: int = 60) -> str:
    return f"DTSTART:{start}\nDURATION:P{days}D\nSUMMARY:{title}"


def with_calendar(source: CalendarSource, zone: str | None = None) -> Organization:
    """The platform team's schedule with a calendar on top of its rotation."""
    schedule = NORTHWIND.schedules[PLATFORM]
    layers = (*schedule.layers, Layer("imported", calendar=source, time_zone=zone))
    return replace(NORTHWIND, schedules={**NORTHWIND.schedules, PLATFORM: replace(schedule, layers=layers)})


class Duty:
    """The app, and the calendar server that it asks."""

    def __init__(self, story: Story, server: CalendarServer) -> None:
        self.story, self.server = story, server

    async def apply(self, organization: Organization) -> None:
        now = self.story.clock.now()
        heard = read_files(organization, now)
        await self.story.app.database.write(
            lambda tx: import_calendar.apply(tx, now, TOCSIN, organization, heard)
        )

    async def subscribe(self, how: str = "now") -> None:
        await self.apply(with_calendar(CalendarSource(url=f"{self.server.url}/{how}/{SECRET}")))
        await self.look()

    async def look(self, **span: float) -> None:
        self.story.clock.forward(**span)
        await self.story.app.calendars.look()

    async def primary(self) -> str | None:
        found = await self.story.app.database.read(look_up.organization)
        shift = on_call(found.schedules[PLATFORM], self.story.clock.now())
        return shift.primary if shift is not None else None

    async def state(self) -> CalendarState:
        (found,) = await self.story.app.database.read(import_calendar.states)
        return found

    async def metric(self) -> float:
        async with (
            ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.story.app.port}/metrics") as answer,
        ):
            (line,) = [
                one
                for one in (await answer.text()).splitlines()
                if one.startswith('tocsin_imported_calendar{layer="imported",schedule="platform"}')
            ]
        return float(line.split()[-1])


@pytest.fixture
async def duty(tmp_path: Path, database_url: str) -> AsyncIterator[Duty]:
    async with (
        opened(tmp_path, environment={"DATABASE_URL": database_url}) as story,
        serving() as server,
    ):
        yield Duty(story, server)


async def test_calendar_puts_on_call_whom_it_names(duty: Duty) -> None:
    assert await duty.primary() == "chloe"
    duty.server.text = calendar(event("Emi Sato"))
    await duty.subscribe()
    assert await duty.primary() == "emi"
    assert await duty.metric() == 1


async def test_change_of_the_calendar_is_seen_within_a_quarter_of_an_hour(duty: Duty) -> None:
    duty.server.text = calendar(event("emi"))
    await duty.subscribe()
    duty.server.text, duty.server.tag = calendar(event("farid")), '"2"'
    await duty.look(minutes=14)
    assert await duty.primary() == "emi"
    assert len(duty.server.asked) == 1
    await duty.look(minutes=1)
    assert await duty.primary() == "farid"
    await duty.look(minutes=15)
    assert [one.headers.get("If-None-Match") for one in duty.server.asked] == [None, '"1"', '"2"']


@pytest.mark.parametrize("trouble", [500, 404, "<html>Sign in</html>"])
async def test_calendar_that_cannot_be_read_says_what_it_said(
    duty: Duty,
    trouble: int | str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    duty.server.text = calendar(event("emi"))
    await duty.subscribe()
    good = duty.server.text
    if isinstance(trouble, int):
        duty.server.status = trouble
    else:
        duty.server.text, duty.server.tag = trouble, '"2"'
    failing_since = duty.story.clock.now()
    with caplog.at_level(logging.DEBUG):
        await duty.look(minutes=15)
        await duty.look(minutes=5)
    assert await duty.primary() == "emi"
    state = await duty.state()
    assert state.error is not None
    assert state.failing_since is not None
    assert state.fetched_at == failing_since
    assert state.failing_since > failing_since
    assert await duty.metric() == 0
    said = capsys.readouterr().out
    assert said.count("an imported calendar cannot be read") == 1
    assert SECRET not in said + caplog.text
    duty.server.status, duty.server.text = 200, good
    await duty.look(minutes=5)
    assert (await duty.state()).error is None
    assert await duty.metric() == 1


async def test_calendar_in_trouble_from_the_start_is_told_of(duty: Duty) -> None:
    await duty.subscribe("500")
    state = await duty.state()
    assert state.error == "answered with status 500"
    assert state.fetched_at is None
    assert SECRET not in str(state.error)
    assert await duty.primary() == "chloe"


async def test_events_that_do_not_count_are_told_of(duty: Duty) -> None:
    duty.server.text = calendar(event("Zoe"), "DTSTART;TZID=Mars:20260301T000000\nDURATION:P1D\nSUMMARY:emi")
    await duty.subscribe()
    state = await duty.state()
    assert [one.title for one in state.unknown] == ["Zoe"]
    assert [(one.title, "time zone" in one.why) for one in state.skipped] == [("emi", True)]
    assert state.error is None


async def test_letter_that_no_database_keeps_is_left_out(duty: Duty) -> None:
    duty.server.text = calendar(event("emi\0"))
    await duty.subscribe()
    assert await duty.primary() == "emi"
    assert (await duty.state()).error is None


async def test_calendar_that_cannot_be_kept_is_told_of_and_keeps_nobody_waiting(duty: Duty) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = calendar(event("emi")).encode()
        writer.write(b'HTTP/1.1 200 OK\r\nETag: "\xff"\r\nContent-Length: %d\r\n\r\n' % len(body) + body)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as beside:
        duty.server.url = f"http://127.0.0.1:{beside.sockets[0].getsockname()[1]}"
        await duty.subscribe()
    assert str((await duty.state()).error).startswith("cannot be kept (")
    assert await duty.primary() == "chloe"


async def test_person_who_joins_is_known_without_another_look(duty: Duty) -> None:
    duty.server.text = calendar(event("Zoe Young"))
    await duty.subscribe()
    assert await duty.primary() == "chloe"
    subscribed = await duty.story.app.database.read(look_up.organization)
    ben = subscribed.people[next(one for one in subscribed.people if one == "ben")]
    renamed = {**subscribed.people, ben.id: replace(ben, name="Zoe Young")}
    await duty.apply(replace(subscribed, people=renamed))
    assert await duty.primary() == "ben"
    assert len(duty.server.asked) == 1


async def test_other_address_is_read_at_once_and_the_old_counts_until_then(duty: Duty) -> None:
    duty.server.text = calendar(event("emi"))
    await duty.subscribe()
    await duty.subscribe("500")
    assert await duty.primary() == "emi"
    duty.server.text = calendar(event("farid"))
    await duty.subscribe("tagged")
    assert await duty.primary() == "farid"


async def test_days_begin_where_the_layer_is(duty: Duty) -> None:
    """At three in the morning UTC on 2 March it is still the day before in New York."""
    day = "DTSTART;VALUE=DATE:20260301\nSUMMARY:emi"
    await duty.apply(with_calendar(CalendarSource(text=calendar(day), file="x.ics")))
    assert await duty.primary() == "chloe"
    await duty.apply(with_calendar(CalendarSource(text=calendar(day), file="x.ics"), "America/New_York"))
    assert await duty.primary() == "emi"


async def test_calendar_from_a_file_holds_from_the_moment_it_is_applied(duty: Duty) -> None:
    await duty.apply(with_calendar(CalendarSource(text=calendar(event("emi")), file="oncall.ics")))
    assert await duty.primary() == "emi"
    await duty.apply(with_calendar(CalendarSource(text=calendar(event("farid")), file="oncall.ics")))
    assert await duty.primary() == "farid"
    assert duty.server.asked == []


async def test_calendar_without_end_is_worked_out_as_time_goes_on(duty: Duty) -> None:
    weekly = "DTSTART:20260302T000000Z\nDURATION:P7D\nRRULE:FREQ=WEEKLY\nSUMMARY:emi"
    await duty.apply(with_calendar(CalendarSource(text=calendar(weekly), file="oncall.ics")))
    for _ in range(3):
        await duty.look(days=380)
        assert await duty.primary() == "emi"


async def test_what_a_calendar_says_is_not_kept_with_the_organization(duty: Duty) -> None:
    duty.server.text = calendar(event("emi"))
    await duty.subscribe()
    found = await duty.story.app.database.read(look_up.organization)
    assert found.schedules[PLATFORM].layers[-1].duties
    await duty.apply(replace(found, name="Renamed"))
    kept = await duty.story.app.database.read(lambda tx: document(tx, newest(tx)[0] or 0))
    assert "duties" not in str(kept)
    assert await duty.primary() == "emi"


def test_file_that_cannot_be_read_is_named_with_its_layer(duty: Duty) -> None:
    broken = with_calendar(CalendarSource(text="<html>", file="oncall.ics"))
    with pytest.raises(
        BadCalendar, match=r"platform, layer imported: the calendar oncall\.ics is no iCalendar"
    ):
        read_files(broken, duty.story.clock.now())


async def test_only_one_reads_a_calendar_at_a_time(duty: Duty) -> None:
    await duty.apply(with_calendar(CalendarSource(url=f"{duty.server.url}/now/{SECRET}")))
    now, database = duty.story.clock.now(), duty.story.app.database
    claimed = [await database.write(lambda tx: import_calendar.claim(tx, now)) for _ in range(2)]
    assert [one is not None for one in claimed] == [True, False]
    # Who had it died: after two minutes it is somebody else's.
    late = now + timedelta(minutes=2)
    assert await database.write(lambda tx: import_calendar.claim(tx, late)) is not None
