"""The HTTP server: one address for machines, for Slack's requests and for whoever watches us."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Iterable
from typing import cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.api import docs, middleware
from bot.api.connections import KEEP_ALIVE_SECONDS, Connections
from bot.api.front import Front
from bot.api.health import Health
from bot.api.refusals import Refusals
from bot.api.request import LARGEST_BODY
from bot.api.stand_in import StandIn
from bot.domain.errors import Refusal

#: Connections that may wait to be taken up.
_BACKLOG = 512


class PortInUse(Refusal):
    """Something else listens where Tocsin should."""

    code = "PORT_IN_USE"


def _is_ours(record: logging.LogRecord) -> bool:
    """What a client sent that is no HTTP was answered with 400, and is not worth a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


async def _name_no_versions(_: web.Request, response: web.StreamResponse) -> None:
    """Which Python and which library answer is nobody's business."""
    response.headers["Server"] = "Tocsin"


class Server:
    """Listens from `start` to `stop`. Without a front it only tells how the process is."""

    def __init__(self, front: Front | None, health: Health, others: Iterable[web.RouteDef] = ()) -> None:
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
        logging.getLogger("aiohttp.server").addFilter(_is_ours)
        self._runner = web.AppRunner(
            self._application,
            access_log=None,
            shutdown_timeout=stop_seconds,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )
        await self._runner.setup()
        self._answering = cast("web.Server", self._runner.server)
        try:
            self._listening = await asyncio.get_running_loop().create_server(
                self._answering, host, port, backlog=_BACKLOG
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
        await self._connections.watch(self._answering)

    async def stop(self) -> None:
        self.stand_in.close()
        self._listening.close()
        await self._runner.cleanup()

    def _adopt(self, connection: socket.socket) -> None:
        """Answer who was taken up while the loop was blocked."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(loop.connect_accepted_socket(self._answering, connection))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)
