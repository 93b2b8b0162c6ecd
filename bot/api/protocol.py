"""A connection, as we speak HTTP on it: what a client does wrong is told to the client and to nobody else.

aiohttp 3.14 answers what is no HTTP with the line that it cannot read, in which a key may stand; it logs a
client that hangs up as a failure of ours; and of a body that goes wrong after its first packet it tells
nobody, so that whoever reads it waits for more.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError

from bot.api.connections import Connections

_NOT_OURS = (HttpProcessingError, web.RequestPayloadError)
#: The answer to a request that cannot be read.
Refuse = Callable[[HttpProcessingError], web.Response]


class Protocol(web.RequestHandler):
    """Speaks HTTP on one connection of the server."""

    def __init__(self, server: web.Server, connections: Connections, refuse: Refuse, **options: Any) -> None:
        super().__init__(server, **options)
        self._connections = connections
        self._refuse = refuse

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.taken_up(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._connections.gone(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._messages and not isinstance(self._messages[-1][0], RawRequestMessage):
            self._end_body()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        answer = self._refuse(exc)
        answer.force_close()
        return answer

    def log_exception(self, *args: Any, **kw: Any) -> None:
        if not isinstance(kw.get("exc_info"), _NOT_OURS):
            super().log_exception(*args, **kw)

    def _end_body(self) -> None:
        """Nothing that can be read comes any more: who waits for the rest of a body waits in vain."""
        if len(self._messages) > 1:
            _break_off(self._messages[-2][1])
        elif self._current_request is not None and _break_off(self._current_request.content):
            self._messages.clear()
            self.close()  # after the answer to this one, which is enough


def _break_off(body: StreamReader) -> bool:
    """Whether the body was not whole yet."""
    if body.is_eof():
        return False
    body.set_exception(web.RequestPayloadError("the body cannot be read any further"))
    body.feed_eof()
    return True
