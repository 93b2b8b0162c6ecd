"""A calendar server that answers each path in its own way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.calendars.imports import LARGEST

EMPTY = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


class CalendarServer:
    """Keeps what it was asked; `text` and `status` are what `/now/…` answers."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.text, self.status, self.tag = EMPTY, 200, '"1"'
        self.url = ""
        self._released = asyncio.Event()

    async def start(self) -> None:
        application = web.Application()
        application.router.add_get("/{how}/{token}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self._released.set()
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        match request.match_info["how"]:
            case "now" if self.status != 200:
                return web.Response(status=self.status)
            case "now" | "tagged":
                if request.headers.get("If-None-Match") == self.tag:
                    return web.Response(status=304)
                return web.Response(text=self.text, headers={"ETag": self.tag})
            case "dated":
                if request.headers.get("If-Modified-Since"):
                    return web.Response(status=304)
                headers = {"Last-Modified": "Thu, 01 Oct 2026 08:00:00 GMT"}
                return web.Response(text=self.text, headers=headers)
            case "huge":
                return web.Response(body=b"x" * (LARGEST + 1))
            case "bomb":
                bomb = web.Response(body=b"x" * (20 * LARGEST))
                bomb.enable_compression()
                return bomb
            case "slow":
                slow = web.StreamResponse()
                await slow.prepare(request)
                await slow.write(b"BEGIN")
                await self._released.wait()
                return slow
            case "loop":
                raise web.HTTPFound(request.path)
            case "moved":
                raise web.HTTPMovedPermanently(f"/tagged/{request.match_info['token']}")
            case "file":
                raise web.HTTPFound("file:///etc/passwd")
            case "latin":
                headers = {"Content-Type": "text/calendar; charset=latin-1"}
                return web.Response(body="Chloé".encode("latin-1"), headers=headers)
            case "untrue":
                headers = {"Content-Type": "text/calendar; charset=none-such"}
                return web.Response(body="Chloé".encode(), headers=headers)
            case "unasked":
                return web.Response(status=304)
            case status:
                return web.Response(status=int(status))


@asynccontextmanager
async def serving() -> AsyncIterator[CalendarServer]:
    server = CalendarServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
