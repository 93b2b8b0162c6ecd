"""Requests from outside: only what Slack signed, freshly, in the shape that Slack sends."""

import asyncio
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.slack import connection
from bot.slack.client import connect
from bot.slack.connection import Refused, check
from bot.slack.under_way import UnderWay
from bot.workspace.server import Workspace
from tests.story import Story, opened

NOW = 1_772_420_400.0
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def workspace() -> Workspace:
    workspace = Workspace("Acme", clock=lambda: NOW)
    workspace.add_app("Tocsin", "tocsin")
    return workspace


def secret(workspace: Workspace) -> str:
    return workspace.state.the_app().signing_secret


def signed(workspace: Workspace, body: bytes, at: float | None = None) -> dict[str, str]:
    return workspace.signature(workspace.state.the_app(), body, at)


def test_well_signed_request_passes(workspace: Workspace) -> None:
    for kind, body in ((JSON, b'{"type": "event_callback"}'), (FORM, b"command=%2Fincident&text=list")):
        check({**kind, **signed(workspace, body)}, body, secret(workspace), NOW)


@pytest.mark.parametrize("age", [301, -301, 86_400])
def test_stale_request_is_refused(workspace: Workspace, age: float) -> None:
    headers = {**JSON, **signed(workspace, b"{}", NOW - age)}
    with pytest.raises(Refused) as caught:
        check(headers, b"{}", secret(workspace), NOW)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "v0=ümläut"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "abc"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "1" + "0" * 20},
        {"X-Slack-Request-Timestamp": "١٧٧٢٤٢٠٤٠٠"},
    ],
)
def test_forged_headers_are_refused(workspace: Workspace, changed: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        check({**JSON, **signed(workspace, b"{}"), **changed}, b"{}", secret(workspace), NOW)
    assert caught.value.status == 401


def test_altered_body_is_refused(workspace: Workspace) -> None:
    with pytest.raises(Refused) as caught:
        check({**JSON, **signed(workspace, b'{"a": 1}')}, b'{"a": 2}', secret(workspace), NOW)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b"\xff\xfe"),
        (JSON, b"not json"),
        (JSON, b"[]"),
        (JSON, b'"text"'),
        (JSON, b"[" * 5000 + b"]" * 5000),
        (JSON, b'{"a":' * 5000 + b"1" + b"}" * 5000),
        (FORM, b"payload=not+json"),
        (FORM, b"payload=%5B%5D"),
        (FORM, b"payload=" + b"%5B" * 5000),
        (FORM, b"\xff"),
    ],
)
def test_signed_nonsense_is_refused_without_a_fault(
    workspace: Workspace, kind: dict[str, str], body: bytes
) -> None:
    with pytest.raises(Refused) as caught:
        check({**kind, **signed(workspace, body)}, body, secret(workspace), NOW)
    assert caught.value.status == 400


async def test_slack_that_says_no_goodbye_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_GOODBYE_SECONDS", 0.05)
    hanging = asyncio.Event()

    async def hang(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await hanging.wait()
        return socket

    async def invite(request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "url": f"ws://{request.host}/socket"})

    slack = web.Application()
    slack.add_routes([web.get("/socket", hang), web.post("/api/apps.connections.open", invite)])
    async with TestServer(slack) as server, aiohttp.ClientSession() as session:
        client = connect(
            "xoxb-1", str(server.make_url("/api/")), session, lambda: datetime.fromtimestamp(NOW, UTC)
        )
        socket = connection.SocketConnection(connection.listening_app(client), "xapp-1", UnderWay())
        await socket.open()
        async with asyncio.timeout(5):
            await socket.close()
        hanging.set()


async def ask(story: Story, body: bytes, headers: dict[str, str]) -> int:
    url, content = str(story.installed.request_url), io.BytesIO(body)
    async with aiohttp.ClientSession() as session, session.post(url, data=content, headers=headers) as answer:
        return answer.status


async def test_hostile_requests_get_no_fault_from_the_server(tmp_path: Path) -> None:
    async with opened(tmp_path, by_http=True) as story:
        big = b"x" * 2_000_000
        shapes = [
            (big, {**JSON, **story.workspace.signature(story.installed, big)}, {413}),
            (b"{}", JSON, {401}),
            (b"", {}, {401}),
        ]
        for payload in (
            {},
            {"type": "block_actions"},
            {"type": "view_submission", "view": {}},
            {"type": "nonsense"},
        ):
            form = f"payload={json.dumps(payload)}".encode()
            shapes.append(
                (form, {**FORM, **story.workspace.signature(story.installed, form)}, {200, 404, 400})
            )
        for body, headers, expected in shapes:
            assert await ask(story, body, headers) in expected
