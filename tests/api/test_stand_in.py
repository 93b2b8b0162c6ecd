"""While the event loop is blocked, `/readyz` answers all the same; everybody else is answered afterwards."""

import asyncio
import json
import socket
from concurrent.futures import ThreadPoolExecutor

from tests.story import Story


def asked(port: int, path: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    return connection


def answer_to(connection: socket.socket) -> tuple[int, bytes]:
    with connection:
        whole = b""
        while part := connection.recv(65_536):
            whole += part
    head, _, body = whole.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


async def test_readyz_is_answered_while_the_loop_is_blocked_and_the_rest_when_it_turns(story: Story) -> None:
    port, stand_in = story.app.port, story.app.server.stand_in
    with ThreadPoolExecutor() as others:
        # Until the last of these is there, this test holds up the loop.
        begun = socket.create_connection(("127.0.0.1", port), timeout=10)
        begun.sendall(b"GET /readyz HTTP/1.1\r\n")
        silent = socket.create_connection(("127.0.0.1", port), timeout=10)
        alive = asked(port, "/healthz")
        ready = asked(port, "/readyz")
        standing_in = others.submit(stand_in.serve, "is blocked, since 4 s", 0.5)
        status, body = others.submit(answer_to, ready).result(10)
        standing_in.result(10)
        assert status == 503
        assert json.loads(body) == {"status": "not ready", "parts": {"loop": "is blocked, since 4 s"}}

        assert (await asyncio.wrap_future(others.submit(answer_to, alive)))[0] == 200
        begun.sendall(b"Host: a\r\nConnection: close\r\n\r\n")
        assert (await asyncio.wrap_future(others.submit(answer_to, begun)))[0] == 200
        silent.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await asyncio.wrap_future(others.submit(answer_to, silent)))[0] == 200
