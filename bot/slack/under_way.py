"""What somebody in Slack waits for: a click that is acknowledged may still owe its answer."""

import asyncio
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.listener.async_listener_start_handler import AsyncListenerStartHandler
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse


class UnderWay:
    """The tasks that hear a request or answer it, from their beginning to their end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def is_idle(self) -> bool:
        return not self._tasks

    def watch(self, app: AsyncApp) -> None:
        """Count every listener of this app, which Bolt runs in a task of its own."""
        app.listener_runner.listener_start_handler = _Begin(self)

    def begin(self) -> None:
        """The running task counts until it ends."""
        if task := asyncio.current_task():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Return when all that is under way now has ended; what begins meanwhile is not waited for."""
        if self._tasks:
            await asyncio.wait(self._tasks.copy())


class _Begin(AsyncListenerStartHandler):
    def __init__(self, under_way: UnderWay) -> None:
        self._under_way = under_way

    async def handle(self, request: AsyncBoltRequest, response: BoltResponse | None) -> None:
        self._under_way.begin()
