"""Beats once a second: notices a wall clock that was set, and an event loop that was blocked.

While the loop is blocked nothing in it can say so. A thread beside it writes into the log where it stands,
and lets somebody stand in for it; afterwards the pulse counts for how long, and lets everybody look for what
fell due meanwhile.
"""

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import timedelta

import structlog

from bot.engine.clock import Clock
from bot.engine.supervisor import Part
from bot.metrics import Metrics

BEAT_SECONDS = 1.0
#: Between two turns of who stands in: one that cannot must not keep a processor busy.
_BREATH_SECONDS = 0.05
#: A loop that did not turn for so long was blocked, and is told of for some time after.
BLOCKED, TOLD_OF = timedelta(seconds=3), timedelta(seconds=15)

#: Called in the watching thread with what is wrong, again and again, each time for so many seconds.
StandIn = Callable[[str, float], object]

log = structlog.get_logger()


class Pulse:
    """Runs from `start` to `stop`."""

    def __init__(self, clock: Clock, metrics: Metrics, blocked: timedelta = BLOCKED) -> None:
        self._clock = clock
        self._metrics = metrics
        self._blocked_seconds = blocked.total_seconds()
        self._last_block: tuple[float, float] | None = None
        self._stopped = threading.Event()
        self._stand_in: StandIn = lambda _, seconds: self._stopped.wait(seconds)
        self.part = Part("loop", self._run, metrics, TOLD_OF)

    def start(self) -> None:
        self._turned_at = asyncio.get_running_loop().time()
        watching = (asyncio.get_running_loop(), threading.get_ident())
        threading.Thread(target=self._watch, args=watching, name="watchdog", daemon=True).start()
        self.part.start()

    def while_blocked(self, stand_in: StandIn) -> None:
        """Call it for as long as the loop is blocked."""
        self._stand_in = stand_in

    async def stop(self) -> None:
        self._stopped.set()
        await self.part.stop()

    async def trouble(self) -> str | None:
        """Why time cannot be trusted to pass here; None when it can."""
        if self._last_block is not None:
            at, lag = self._last_block
            ago = asyncio.get_running_loop().time() - at
            if ago < TOLD_OF.total_seconds():
                return f"was blocked for {lag:.1f} s, {ago:.0f} s ago"
        return await self.part.trouble()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            self._turned_at = loop.time()
            self.part.beat()
            self._turned(self._turned_at - due)

    def _turned(self, lag: float) -> None:
        self._metrics.loop_lagged(lag)
        step = self._clock.notice_step()
        if step:
            log.warning("the wall clock was set", seconds=round(step.total_seconds(), 1))
        if lag > self._blocked_seconds:
            self._last_block = (self._turned_at, lag)
            log.error("the event loop was blocked", seconds=round(lag, 1))
        if step or lag > self._blocked_seconds:
            self._clock.tell_of_jump()

    def _watch(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        """In a thread of its own, for as long as we run."""
        pause = min(BEAT_SECONDS, self._blocked_seconds / 2)
        is_told = False
        while not self._stopped.wait(_BREATH_SECONDS if is_told else pause):
            silent = loop.time() - self._turned_at - BEAT_SECONDS
            is_blocked = silent > self._blocked_seconds
            if is_blocked:
                where = _where_it_stands(thread) if not is_told else ""
                # First who asks is answered: the log may be what blocks the loop.
                self._stand_in(f"is blocked, since {silent:.0f} s", pause)
                if not is_told:
                    log.error("the event loop is blocked", seconds=round(silent, 1), at=where)
            is_told = is_blocked


def _where_it_stands(thread: int) -> str:
    frame = sys._current_frames().get(thread)
    place = traceback.extract_stack(frame)[-1] if frame is not None else None
    return f"{place.filename}:{place.lineno} {place.name}" if place else "unknown"
