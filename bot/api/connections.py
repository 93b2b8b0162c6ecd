"""Connections that hold the server without asking anything of it are closed.

aiohttp waits for ever for a request that is never finished. A client that opens a connection and sends
nothing, or a header a minute, would keep it and its file descriptor; a few hundred of them would be all. With
a low limit on open files, strangers get half of it: Slack and the database need the others. Who is one too
many takes the place of the longest idle one, at once: a flood leaves nobody without descriptors for seconds.
"""

import asyncio
import resource
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

#: A connection on which no request was ever finished is closed after so long, any other when it was idle
#: for longer than aiohttp keeps it alive.
UNUSED_SECONDS = 20.0
KEEP_ALIVE_SECONDS = 60.0
#: So many connections are served, if there are twice as many descriptors.
MOST = 512
_LOOK_EVERY_SECONDS = 2.0


class Connections:
    """Knows the connections of a server, and closes those that only hold it for as long as it is watched."""

    def __init__(self, unused_seconds: float = UNUSED_SECONDS) -> None:
        self._unused_seconds = unused_seconds
        self._busy: dict[Any, int] = {}
        self._used: set[Any] = set()
        #: Since when each has asked for nothing (the loop's clock), the longest idle one first.
        self._idle_since: dict[Any, float] = {}

    def middleware(self) -> Any:
        """Knows which connections are being answered."""

        @web.middleware
        async def counting(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            connection = request.protocol
            self._used.add(connection)
            self._busy[connection] = self._busy.get(connection, 0) + 1
            self._idle_since.pop(connection, None)
            try:
                return await handler(request)
            finally:
                self._busy[connection] -= 1
                if not self._busy[connection]:
                    del self._busy[connection]
                    self._rests(connection)

        return counting

    def taken_up(self, connection: web.RequestHandler) -> None:
        """It is open from now on; if it is one too many, the longest idle one is not.

        Where all the others are busy it stays: what it asks may be answered sooner than they are.
        """
        self._make_room(coming=1)
        self._rests(connection)

    def gone(self, connection: web.RequestHandler) -> None:
        self._idle_since.pop(connection, None)
        self._used.discard(connection)

    async def watch(self) -> None:
        """Close what is idle for too long, for ever."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            self._make_room()  # for who was busy when somebody came
            now = asyncio.get_running_loop().time()
            for connection, since in [*self._idle_since.items()]:
                longest = 1.5 * KEEP_ALIVE_SECONDS if connection in self._used else self._unused_seconds
                if now - since > longest:
                    self._close(connection)

    def _make_room(self, coming: int = 0) -> None:
        while self._idle_since and len(self._idle_since) + len(self._busy) + coming > _most():
            self._close(next(iter(self._idle_since)))

    def _rests(self, connection: web.RequestHandler) -> None:
        if connection.transport is not None:  # else it ended meanwhile
            self._idle_since[connection] = asyncio.get_running_loop().time()

    def _close(self, connection: web.RequestHandler) -> None:
        self._idle_since.pop(connection, None)
        connection.force_close()
        if connection.transport is not None:
            connection.transport.abort()


def _most() -> int:
    may_open, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if may_open == resource.RLIM_INFINITY else min(MOST, may_open // 2)
