"""Connections that hold the server without asking anything of it are closed.

aiohttp waits for ever for a request that is never finished. A client that opens a connection and sends
nothing, or a header a minute, would keep it and its file descriptor; a few hundred of them would be all. With
a low limit on open files, strangers get half of it: Slack and the database need the others.
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
#: So many connections are served, if there are twice as many descriptors; of more, the longest idle ones go
#: first.
MOST = 512
_LOOK_EVERY_SECONDS = 2.0


class Connections:
    """Knows the connections of a server, and closes those that only hold it for as long as it is watched."""

    def __init__(self, unused_seconds: float = UNUSED_SECONDS) -> None:
        self._unused_seconds = unused_seconds
        self._busy: dict[Any, int] = {}
        self._used: set[Any] = set()
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
            try:
                return await handler(request)
            finally:
                self._busy[connection] -= 1
                if not self._busy[connection]:
                    del self._busy[connection]
                self._idle_since[connection] = asyncio.get_running_loop().time()

        return counting

    async def watch(self, server: web.Server) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            self._close_idle(server)

    def _close_idle(self, server: web.Server) -> None:
        now = asyncio.get_running_loop().time()
        connections = set(server.connections)
        self._idle_since = {one: self._idle_since.get(one, now) for one in connections}
        self._used &= connections
        idle = sorted((one for one in connections if one not in self._busy), key=self._idle_since.__getitem__)
        too_many = max(len(connections) - _most(), 0)
        for place, connection in enumerate(idle):
            longest = 1.5 * KEEP_ALIVE_SECONDS if connection in self._used else self._unused_seconds
            if place < too_many or now - self._idle_since[connection] > longest:
                connection.force_close()
                if connection.transport is not None:
                    connection.transport.abort()


def _most() -> int:
    may_open, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if may_open == resource.RLIM_INFINITY else min(MOST, may_open // 2)
