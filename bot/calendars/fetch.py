"""Get a calendar from its address, which is a secret: no error and no log line holds it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from yarl import URL

from bot.calendars.imports import LARGEST

PATIENCE_SECONDS = 20.0
MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_SCHEMES = ("https", "http")


#: The proxy through which an address is reached, if there is one.
ProxyOf = Callable[[str], str | None]


@dataclass(frozen=True)
class Fetched:
    text: str
    #: By which the server knows next time whether there is anything new.
    etag: str | None
    last_modified: str | None


class CannotFetch(Exception):
    """Why there is no calendar, without its address."""


async def fetch(
    session: aiohttp.ClientSession,
    address: str,
    etag: str | None = None,
    last_modified: str | None = None,
    patience: float = PATIENCE_SECONDS,
    proxy_of: ProxyOf = lambda _: None,
) -> Fetched | None:
    """The calendar; None when it is as it was. Raises CannotFetch."""
    asked = {"Accept": "text/calendar, */*;q=0.1"}
    if etag is not None:
        asked["If-None-Match"] = etag
    if last_modified is not None:
        asked["If-Modified-Since"] = last_modified
    try:
        async with asyncio.timeout(patience):
            return await _follow(session, _url(address), asked, proxy_of)
    except TimeoutError:
        raise CannotFetch(f"no whole answer within {patience:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # Only its kind: what such an error says often holds the address.
        raise CannotFetch(f"cannot be reached ({type(error).__name__})") from None


async def _follow(
    session: aiohttp.ClientSession, url: URL, asked: dict[str, str], proxy_of: ProxyOf
) -> Fetched | None:
    for _ in range(MOST_REDIRECTS + 1):
        async with session.get(url, headers=asked, allow_redirects=False, proxy=proxy_of(str(url))) as answer:
            if answer.status in _REDIRECTS:
                url = _next(url, answer.headers.get("Location", ""))
                continue
            if answer.status == 304 and len(asked) > 1:
                return None
            if answer.status != 200:
                raise CannotFetch(f"answered with status {answer.status}")
            text = await _text(answer)
            return Fetched(text, answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
    raise CannotFetch(f"is redirected more than {MOST_REDIRECTS} times")


async def _text(answer: aiohttp.ClientResponse) -> str:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > LARGEST:
            raise CannotFetch("is larger than 1 MiB")
    try:
        text = content.decode(answer.charset or "utf-8", errors="replace")
    except LookupError:
        text = content.decode("utf-8", errors="replace")
    return text.replace("\0", "")  # PostgreSQL keeps no text with one


def _url(address: str) -> URL:
    scheme, colon, rest = address.strip().partition(":")
    url = URL(f"https:{rest}" if scheme.lower() in ("webcal", "webcals") and colon else address.strip())
    return _accepted(url)


def _next(url: URL, location: str) -> URL:
    found = _accepted(url.join(URL(location)))
    if url.scheme == "https" and found.scheme == "http":
        raise CannotFetch("is redirected from https to http, which would tell its address to everybody")
    return found


def _accepted(url: URL) -> URL:
    if url.scheme not in _SCHEMES or not url.host:
        raise CannotFetch("is no http or https address")
    return url
