"""Answers `/readyz` from a thread while the event loop is blocked: nothing that runs in the loop can.

A load balancer then hears 503 at once, instead of waiting for an answer. Connections are taken up in the
loop's place, and what they ask is looked at without taking it from them. Whoever asks for anything else is
given to the loop, and is answered when it turns again.
"""

import asyncio
import json
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress

_ASKED, _END = (b"GET /readyz ", b"GET /readyz?"), b"\r\n\r\n"
#: What is longer is no such request.
_LARGEST_HEAD = 16_384


class StandIn:
    """Listens where the server does. `adopt` is called in the loop, with each connection that is its own."""

    def __init__(self, server: asyncio.Server, adopt: Callable[[socket.socket], None]) -> None:
        self._listening = [one.dup() for one in server.sockets]
        self._loop = server.get_loop()
        self._adopt = adopt

    def serve(self, trouble: str, seconds: float) -> None:
        """For so long, say that this is what keeps the loop from answering; nothing once it is closed."""
        until = time.monotonic() + seconds
        with suppress(OSError, ValueError), selectors.DefaultSelector() as selector:
            for one in self._listening:
                selector.register(one, selectors.EVENT_READ, one)
            try:
                while (left := until - time.monotonic()) > 0:
                    for key, _ in selector.select(left):
                        self._look(selector, key.data, trouble)
            finally:
                for key in [*selector.get_map().values()]:
                    if key.data not in self._listening:
                        self._give(key.data)

    def close(self) -> None:
        """Leaves the listening to the server."""
        for one in self._listening:
            one.close()

    def _look(self, selector: selectors.BaseSelector, ready: socket.socket, trouble: str) -> None:
        """Take up who comes; answer who has asked."""
        if ready not in self._listening:
            selector.unregister(ready)
            if not _is_answered(ready, trouble):
                self._give(ready)
            return
        with suppress(BlockingIOError):  # the loop was faster
            connection, _ = ready.accept()
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ, connection)

    def _give(self, connection: socket.socket) -> None:
        try:
            self._loop.call_soon_threadsafe(self._adopt, connection)
        except RuntimeError:  # the loop is closed: nobody will ever answer
            connection.close()


def _is_answered(connection: socket.socket, trouble: str) -> bool:
    """Whether the whole request was one that we may answer, and needs nobody else any more."""
    try:
        asked = connection.recv(_LARGEST_HEAD, socket.MSG_PEEK)
        if not asked.startswith(_ASKED) or not asked.endswith(_END):
            return False
        connection.recv(len(asked))
        connection.sendall(_refusal(trouble))
    except OSError:
        pass  # whoever asked has gone
    connection.close()
    return True


def _refusal(trouble: str) -> bytes:
    body = json.dumps({"status": "not ready", "parts": {"loop": trouble}}).encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\n"
        "Content-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
