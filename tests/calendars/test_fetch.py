"""Getting a calendar from a server that may be slow, wrong or hostile; its address is told to nobody."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web

from bot.calendars.fetch import CannotFetch, fetch
from bot.calendars.imports import LARGEST

SECRET = "canary-of-the-calendar-address"


class CalendarServer:
    """Answers each path in its own way; keeps what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[web.Request] = []
        self.text = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
        self._released = asyncio.Event()

    async def start(self) -> str:
        application = web.Application()
        application.router.add_get("/{how}/{token}", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self._released.set()
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        match request.match_info["how"]:
            case "tagged":
                if request.headers.get("If-None-Match") == '"1"':
                    return web.Response(status=304)
                return web.Response(text=self.text, headers={"ETag": '"1"'})
            case "dated":
                if request.headers.get("If-Modified-Since"):
                    return web.Response(status=304)
                return web.Response(
                    text=self.text, headers={"Last-Modified": "Thu, 01 Oct 2026 08:00:00 GMT"}
                )
            case "huge":
                return web.Response(body=b"x" * (LARGEST + 1))
            case "bomb":
                response = web.Response(body=b"x" * (20 * LARGEST))
                response.enable_compression()
                return response
            case "slow":
                response_ = web.StreamResponse()
                await response_.prepare(request)
                await response_.write(b"BEGIN")
                await self._released.wait()
                return response_
            case "loop":
                raise web.HTTPFound(request.path)
            case "moved":
                raise web.HTTPMovedPermanently(f"/tagged/{request.match_info['token']}")
            case "file":
                raise web.HTTPFound("file:///etc/passwd")
            case "latin":
                return web.Response(
                    body="Chloé".encode("latin-1"), headers={"Content-Type": "text/calendar; charset=latin-1"}
                )
            case "untrue":
                return web.Response(
                    body="Chloé".encode(), headers={"Content-Type": "text/calendar; charset=none-such"}
                )
            case "unasked":
                return web.Response(status=304)
            case status:
                return web.Response(status=int(status))


@pytest.fixture
async def served() -> AsyncIterator[CalendarServer]:
    server = CalendarServer()
    server.url = await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def test_calendar_that_is_as_it_was_is_not_sent_again(
    served: CalendarServer, session: ClientSession
) -> None:
    first = await fetch(session, f"{served.url}/tagged/{SECRET}")
    assert first is not None
    assert first.text == served.text
    assert first.etag == '"1"'
    assert await fetch(session, f"{served.url}/tagged/{SECRET}", etag=first.etag) is None


async def test_date_of_the_last_change_is_enough(served: CalendarServer, session: ClientSession) -> None:
    first = await fetch(session, f"{served.url}/dated/{SECRET}")
    assert first is not None
    assert await fetch(session, f"{served.url}/dated/{SECRET}", last_modified=first.last_modified) is None


async def test_redirection_is_followed(served: CalendarServer, session: ClientSession) -> None:
    found = await fetch(session, f"{served.url}/moved/{SECRET}")
    assert found is not None
    assert found.text == served.text


@pytest.mark.parametrize(("how", "text"), [("latin", "Chloé"), ("untrue", "Chloé")])
async def test_letters_are_read_as_they_were_written(
    served: CalendarServer, session: ClientSession, how: str, text: str
) -> None:
    found = await fetch(session, f"{served.url}/{how}/{SECRET}")
    assert found is not None
    assert found.text == text


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("500", "status 500"),
        ("404", "status 404"),
        ("204", "status 204"),
        ("unasked", "status 304"),
        ("huge", "larger than 1 MiB"),
        ("bomb", "larger than 1 MiB"),
        ("slow", "within 1 s"),
        ("loop", "more than 5 times"),
        ("file", "no http or https address"),
    ],
)
async def test_failure_says_why_and_never_where(
    served: CalendarServer, session: ClientSession, how: str, why: str
) -> None:
    with pytest.raises(CannotFetch, match=why) as refused:
        await fetch(session, f"{served.url}/{how}/{SECRET}", patience=1 if how == "slow" else 20)
    assert SECRET not in str(refused.value)
    assert len(served.asked) <= 6


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/canary-of-the-calendar-address",
        "ftp://example.com/canary-of-the-calendar-address",
        "canary-of-the-calendar-address",
        "http://",
        "http://[canary-of-the-calendar-address/",
        "http://127.0.0.1:1/canary-of-the-calendar-address",
        "http://canary-of-the-calendar-address.invalid/",
    ],
)
async def test_address_that_leads_nowhere_is_not_shown(session: ClientSession, address: str) -> None:
    with pytest.raises(CannotFetch) as refused:
        await fetch(session, address)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_webcal_is_https(session: ClientSession) -> None:
    """Nothing there speaks TLS, which is how we know that we tried."""
    with pytest.raises(CannotFetch, match="Connector"):
        await fetch(session, "webcal://127.0.0.1:1/x")
