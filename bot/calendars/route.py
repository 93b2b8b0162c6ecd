"""Where calendars read a feed. The token in the address is all the identity they have.

An unknown token and one that was revoked are answered alike, as any path that is not there; who guesses is
counted by address and stopped, as with API keys, and who has a token is not stopped by who guesses.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from aiohttp import ETag, web

from bot.calendars import feeds
from bot.domain.errors import NotFound
from bot.domain.feed import Feed
from bot.domain.time import Now
from bot.operations import share_calendar
from bot.operations.share_calendar import Shared
from storage.database import Database, Full

PATH = "/calendars"
#: `last_used_at` is as exact as this.
_USED_EVERY = timedelta(minutes=1)
_ANY = "*"

log = structlog.get_logger()


class FeedRoute:
    """Answers for feeds. `limited` counts a caller and tells the seconds they must wait, if any."""

    def __init__(
        self, database: Database, now: Now, secret: str | None, limited: Callable[[str], int | None]
    ) -> None:
        self._database = database
        self._now = now
        self._secret = secret
        self._limited = limited
        self._used: dict[str, datetime] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        """GET, and HEAD with it."""
        return [web.get(PATH + r"/{token:[\w-]{1,200}}.ics", self._serve)]

    async def stop(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            shared = await self._database.read(
                lambda tx: share_calendar.presented(tx, request.match_info["token"], self._secret)
            )
        except Full:
            return web.Response(status=503, headers={"Retry-After": "60"})
        caller = f"feed:{shared.feed.id}" if shared is not None else f"feed-address:{request.remote}"
        if (seconds := self._limited(caller)) is not None:
            return web.Response(status=429, headers={"Retry-After": str(seconds)})
        if shared is None:
            raise web.HTTPNotFound
        try:
            body = await asyncio.to_thread(_text, shared, self._now())
        except NotFound:
            raise web.HTTPNotFound from None
        self._note_use(shared.feed)
        return _answer(request, body)

    def _note_use(self, feed: Feed) -> None:
        now = self._now()
        last = self._used.get(feed.id, feed.last_used_at)
        if last is not None and timedelta(0) <= now - last < _USED_EVERY:
            return
        self._used[feed.id] = now
        task = asyncio.create_task(self._keep_use(feed.id, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_use(self, feed_id: str, now: datetime) -> None:
        try:
            await self._database.write(lambda tx: share_calendar.used(tx, now, feed_id))
        except Full:
            log.warning("when a calendar feed was read last could not be kept", feed=feed_id)


def _text(shared: Shared, now: datetime) -> bytes:
    return feeds.text(shared.content(now))


def _answer(request: web.Request, body: bytes) -> web.Response:
    tag = ETag(hashlib.sha256(body).hexdigest()[:32])
    wanted = request.if_none_match or ()
    is_known = any(one.value in (tag.value, _ANY) for one in wanted)
    response = web.Response(status=304) if is_known else web.Response(body=body)
    response.etag = tag
    # Asked for anew each time: a feed that was revoked is gone from caches too.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    if not is_known:
        response.headers["Content-Type"] = "text/calendar; charset=utf-8"
        response.headers["Content-Disposition"] = 'inline; filename="on-call.ics"'
    return response
