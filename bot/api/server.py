"""The HTTP server: one address for machines, for Slack's requests and for whoever watches us."""

import asyncio
import errno
import os
import socket
from collections.abc import Iterable
from typing import cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from bot.api import docs, envelope, middleware
from bot.api.connections import KEEP_ALIVE_SECONDS, Connections
from bot.api.envelope import Meta, RequestRefused
from bot.api.front import Front
from bot.api.health import Health
from bot.api.protocol import Protocol
from bot.api.refusals import Refusals
from bot.api.request import LARGEST_BODY
from bot.api.stand_in import StandIn
from bot.domain.errors import Refusal

#: Connections that may wait to be taken up.
_BACKLOG = 512
_NAME = {"Server": "Tocsin"}


class PortInUse(Refusal):
    """Something else listens where Tocsin should."""

    code = "PORT_IN_USE"


async def _name_no_versions(_: web.Request, response: web.StreamResponse) -> None:
    """Which Python and which library answer is nobody's business."""
    response.headers.update(_NAME)


class Server:
    """Listens from `start` to `stop`. Without a front it only tells how the process is."""

    def __init__(self, front: Front | None, health: Health, others: Iterable[web.RouteDef] = ()) -> None:
        self._now = health.now
        self._connections = Connections()
        self._adopting: set[asyncio.Task[object]] = set()
        self._application = web.Application(
            client_max_size=LARGEST_BODY + 1,
            middlewares=[self._connections.middleware(), Refusals().middleware()],
        )
        self._application.on_response_prepare.append(_name_no_versions)
        self._application.add_routes([*health.routes(), *others])
        if front is not None:
            self._application.middlewares.append(middleware.enveloped(front))
            self._application.add_routes([*middleware.routes(front), *docs.routes()])

    async def start(self, host: str, port: int, stop_seconds: float) -> int:
        """The port it listens at. Raises PortInUse."""
        self._runner = web.AppRunner(self._application, shutdown_timeout=stop_seconds)
        await self._runner.setup()
        self._answering = cast("web.Server", self._runner.server)
        try:
            self._listening = await asyncio.get_running_loop().create_server(
                self._protocol, host, port, backlog=_BACKLOG
            )
            if not self._listening.sockets:  # asyncio passes over addresses for which there is no descriptor
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        except OSError as error:
            await self._runner.cleanup()
            raise PortInUse(f"Cannot listen at {host}:{port} ({error.strerror}). Set HOST or PORT.") from None
        self.stand_in = StandIn(self._listening, self._adopt)
        return int(self._listening.sockets[0].getsockname()[1])

    async def watch(self) -> None:
        """Close connections that ask for nothing, for ever."""
        await self._connections.watch()

    async def stop(self) -> None:
        self.stand_in.close()
        self._listening.close()
        await self._runner.cleanup()

    def _protocol(self) -> Protocol:
        return Protocol(
            self._answering,
            self._connections,
            self._unreadable,
            loop=asyncio.get_running_loop(),
            access_log=None,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            # Inflated in the loop, even to be thrown away, 0.9 MB kept everybody waiting for 17 s.
            auto_decompress=False,
        )

    def _unreadable(self, error: HttpProcessingError) -> web.Response:
        """The answer to what is no HTTP, which tells nothing of what was sent."""
        sentence = "This is no HTTP request that can be read."
        if isinstance(error, LineTooLong):
            sentence = "The address, or a header, is too long."
        return envelope.failure(
            RequestRefused("VALIDATION_ERROR", sentence), Meta(self._now(), headers={**_NAME})
        )

    def _adopt(self, connection: socket.socket) -> None:
        """Answer who was taken up while the loop was blocked."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(loop.connect_accepted_socket(self._protocol, connection))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)
