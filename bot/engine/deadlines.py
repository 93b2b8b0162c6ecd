"""Fire what is due, each deadline in its own transaction."""

import asyncio
from datetime import timedelta

import structlog

from bot.engine.clock import Clock
from bot.engine.wakeup import SWEEP_EVERY, WakeUp
from bot.metrics import Metrics
from bot.operations import fire_deadlines
from storage.database import Connection, Database, Touched

#: Deadlines that are fired side by side; the writer commits them together.
BATCH = 64
_SOON_SECONDS = 2 * SWEEP_EVERY.total_seconds()

log = structlog.get_logger()


class Deadlines:
    """Looks at what is due whenever a deadline is written, falls due, or the clock jumps."""

    def __init__(self, database: Database, clock: Clock, metrics: Metrics | None = None) -> None:
        self._database = database
        self._metrics = metrics or Metrics()
        self._looked_at = 0.0
        self._clock = clock
        self._wakeup = WakeUp(clock, self.look)
        self._looking = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_about_to_look = False
        database.after_commit(self._committed)
        self._stop_listening = clock.on_jump(self._look_soon)

    async def start(self) -> None:
        """First works off what fell due while nobody was looking."""
        await self.look()
        self._wakeup.start()

    async def stop(self) -> None:
        """Returns when nothing is being fired any more; what is due waits for the next start."""
        self._stop_listening()
        async with self._looking:
            self._wakeup.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def look(self) -> None:
        """Fire everything due, then set the wake-up for what is next."""
        async with self._looking:
            self._is_about_to_look = False
            while due := await self._database.read(self._due):
                fired = await asyncio.gather(*map(self._fire, due))
                if not any(fired):
                    break
            self._wakeup.set_for(await self._database.read(fire_deadlines.earliest))
            self._looked_at = asyncio.get_running_loop().time()

    def silent_for(self) -> timedelta:
        """Since when nobody has looked, in the world's time: the sweep does every few seconds."""
        return timedelta(seconds=asyncio.get_running_loop().time() - self._looked_at)

    def _due(self, tx: Connection) -> list[str]:
        return fire_deadlines.due(tx, self._clock.now(), BATCH)

    async def _fire(self, deadline_id: str) -> bool:
        """Whether it could be fired; one that could not stays armed, and the sweep tries it again."""
        now = self._clock.now()
        try:
            fired = await self._database.write(lambda tx: fire_deadlines.fire(tx, now, deadline_id))
        except Exception:
            log.exception("a deadline could not be fired", deadline=deadline_id)
            return False
        if fired is not None:
            self._metrics.deadline_fired(now - fired.due_at)
            self._metrics.operation("time", fired.kind, "ok")
            log.info("deadline fired", kind=fired.kind, incident=fired.incident.number)
        return True

    def _committed(self, marks: Touched) -> None:
        """What falls due after the next sweep is left to the sweep."""
        if marks.deadline is not None and self._clock.wait_until(marks.deadline) < _SOON_SECONDS:
            self._look_soon()

    def _look_soon(self) -> None:
        if self._is_about_to_look:
            return
        self._is_about_to_look = True
        task = asyncio.get_running_loop().create_task(self.look())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
