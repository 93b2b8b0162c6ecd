"""Getting a calendar from a server that may be slow, wrong or hostile; its address is told to nobody."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from bot.calendars.fetch import CannotFetch, fetch
from tests.calendars.server import CalendarServer, serving

SECRET = "canary-of-the-calendar-address"


@pytest.fixture
async def served() -> AsyncIterator[CalendarServer]:
    async with serving() as server:
        yield server


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
