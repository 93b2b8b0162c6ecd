"""What must always run: begun again when it dies, and seen while it is down or silent.

**A part that dies is begun again, and never quietly.** asyncio keeps the exception of a task that
nobody awaits until the task is collected: a loop that died would be missed by its silence only. Here
each loop has somebody who awaits it, writes down why it ended and begins it again, at once and then
ever more slowly; `/readyz` is red until it works.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import structlog

from bot.metrics import Metrics

#: Pauses before a part is begun again, in seconds: the first, and the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
#: Who has worked for so long begins with the first pause again.
_CALM_SECONDS = 60.0

log = structlog.get_logger()


class Part:
    """Runs `body` from `start` to `stop`; a body that returns is done."""

    def __init__(
        self,
        name: str,
        body: Callable[[], Coroutine[Any, Any, None]],
        metrics: Metrics,
        longest_silence: timedelta | None = None,
    ) -> None:
        self.name = name
        self._body = body
        self._metrics = metrics
        self._longest_silence = longest_silence
        self._beat_at = 0.0
        self._why_down: str | None = None
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.beat()
        self._keeper = asyncio.create_task(self._keep(), name=f"{self.name}-keeper")

    async def ended(self) -> None:
        """Returns when the body is done."""
        if self._keeper is not None:
            await self._keeper

    async def stop(self) -> None:
        """Ends the body wherever it is."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    def beat(self) -> None:
        """The body says that it goes on."""
        self._beat_at = asyncio.get_running_loop().time()

    def silent_for(self) -> timedelta:
        return timedelta(seconds=asyncio.get_running_loop().time() - self._beat_at)

    async def trouble(self) -> str | None:
        """Why it does not work; None when it does."""
        if self._why_down is not None:
            return self._why_down
        silent = self.silent_for()
        if self._longest_silence is not None and silent > self._longest_silence:
            return f"silent for {silent.total_seconds():.0f} s"
        return None

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE
        while True:
            begun_at = loop.time()
            self.beat()
            error = await self._ended_by()
            if error is None:
                return
            if loop.time() - begun_at > _CALM_SECONDS:
                pause = _FIRST_PAUSE
            self._why_down = f"died of {type(error).__name__}, begins again"
            self._metrics.restarted(self.name)
            log.error("a part died and is begun again", part=self.name, again_in=pause, exc_info=error)
            await asyncio.sleep(pause)
            self._why_down = None
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _ended_by(self) -> BaseException | None:
        """What the body died of, be it that somebody else cancelled it; None when it is done."""
        running = asyncio.create_task(self._body(), name=self.name)
        try:
            await asyncio.wait({running})
        finally:
            if not running.done():
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
        if running.cancelled():
            return asyncio.CancelledError()
        return running.exception()
