"""Fire what is due, each deadline in its own transaction."""

import asyncio
from datetime import timedelta
from functools import partial

import structlog

from bot.domain.deadline import Due
from bot.engine.clock import Clock
from bot.engine.supervisor import Part
from bot.engine.wakeup import SWEEP_EVERY, WakeUp
from bot.metrics import Metrics
from bot.operations import fire_deadlines
from storage.database import Database, Full, Touched

#: Deadlines that are fired side by side; the writer commits them together.
BATCH = 64
_SOON_SECONDS = 2 * SWEEP_EVERY.total_seconds()

#: Deadlines are looked at every five seconds.
LONGEST_SILENCE = timedelta(seconds=8)

log = structlog.get_logger()


class Asleep(Exception):
    """The scheduler does not wake us."""


class Deadlines:
    """Looks at what is due whenever a deadline is written, falls due, or the clock jumps."""

    def __init__(self, database: Database, clock: Clock, metrics: Metrics | None = None) -> None:
        self._database = database
        self._metrics = metrics or Metrics()
        self._clock = clock
        self._wakeup = WakeUp(clock, self._look_if_possible)
        self.part = Part("scheduler", self._keep_awake, self._metrics, LONGEST_SILENCE)
        self._looking = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_about_to_look = False
        database.after_commit(self._committed)
        self._stop_listening = clock.on_jump(self._jumped)

    async def start(self) -> None:
        """First works off what fell due while nobody was looking."""
        await self.look()
        self.part.start()

    async def stop(self) -> None:
        """Returns when nothing is being fired any more; what is due waits for the next start."""
        self._stop_listening()
        async with self._looking:
            await self.part.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def look(self) -> None:
        """Fire everything due, then set the wake-up for what is next."""
        async with self._looking:
            self._is_about_to_look = False
            self.part.beat()
            while await self._fire_due():
                earliest = await self._database.read(fire_deadlines.earliest)
                # What has fallen due meanwhile is fired now: a wake-up for the past would come to nothing.
                if earliest is None or earliest > self._clock.now():
                    self._wakeup.set_for(earliest)
                    break
            self.part.beat()

    async def _fire_due(self) -> bool:
        """Whether all that was due could be fired; the sweep tries the rest again.

        While the writer is at one batch the next one waits already: it never waits for us.
        """
        passed_over: set[str] = set()  # they are being fired, or cannot be
        under_way: list[tuple[Due, asyncio.Task[bool]]] = []
        while True:
            now, most = self._clock.now(), len(passed_over) + BATCH
            due = await self._database.read(partial(fire_deadlines.due, now=now, most=most))
            self.part.beat()
            batch = [one for one in due if one.id not in passed_over]
            if not batch and not under_way:
                return not passed_over
            passed_over.update(one.id for one in batch)
            following = [(one, asyncio.create_task(self._fire(one))) for one in batch]
            passed_over.difference_update([one.id for one, task in under_way if await task])
            under_way = following

    async def _keep_awake(self) -> None:
        """A scheduler, for as long as it makes us look; raises Asleep when it does not."""
        self._wakeup.start()
        self._look_soon()
        try:
            while True:
                await asyncio.sleep(1)
                if self.part.silent_for() > LONGEST_SILENCE:
                    raise Asleep(f"nobody has looked at the deadlines for {self.part.silent_for()}")
        finally:
            self._wakeup.stop()

    def _jumped(self) -> None:
        self._wakeup.clock_was_set()
        self._look_soon()

    async def _fire(self, due: Due) -> bool:
        """Whether it could be fired; one that could not stays armed, and the sweep tries it again."""
        now = self._clock.now()
        try:
            fired = await self._database.write(lambda tx: fire_deadlines.fire(tx, now, due))
        except Full as error:
            log.warning("a deadline could not be fired", deadline=due.id, error=str(error))
            return False
        except Exception:
            log.exception("a deadline could not be fired", deadline=due.id)
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
        task = asyncio.get_running_loop().create_task(self._look_if_possible())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_if_possible(self) -> None:
        """What cannot be seen now is seen by the sweep."""
        try:
            await self.look()
        except Full as error:
            log.warning("the deadlines could not be read", error=str(error))
