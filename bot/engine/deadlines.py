"""Fire what is due, each deadline in its own transaction."""

import asyncio
from collections.abc import Coroutine, Sequence
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

#: Deadlines that are fired side by side; the writer commits them together. With 16, ten thousand that are due
#: at once are fired a tenth sooner, and whoever asks for something meanwhile waits half as long again.
BATCH = 8
#: Deadlines that are taken up together. Where other processes take them too, who holds many tries in vain
#: what the others have fired meanwhile.
TAKEN, TAKEN_IF_SHARED = 16_384, 16
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
        self._taken = TAKEN_IF_SHARED if database.is_shared else TAKEN
        self._looking = asyncio.Lock()
        #: The deadlines that are being fired.
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._has_room = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_about_to_look = False
        self._is_stopping = False
        database.after_commit(self._committed)
        self._stop_listening = clock.on_jump(self._jumped)

    async def start(self) -> None:
        """First works off what fell due while nobody was looking."""
        await self.look()
        self.part.start()

    async def stop(self) -> None:
        """Returns when nothing is being fired any more; what is due waits for the next start."""
        self._stop_listening()
        self._is_stopping = True
        async with self._looking:
            await self.part.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def look(self) -> None:
        """Fire everything due, and set the wake-up for what is next."""
        await self._take_up()
        if self._under_way:
            await asyncio.wait([*self._under_way.values()])

    async def _take_up(self) -> None:
        """Everything due is being fired, and the wake-up is set for what is next.

        Nobody waits for one that is held up, nor for one that cannot be fired: the sweep tries it again.
        """
        async with self._looking:
            self._is_about_to_look = False
            failed: set[str] = set()
            while not self._is_stopping:
                self.part.beat()
                now, known = self._clock.now(), failed.union(self._under_way)
                looked = partial(fire_deadlines.look, now=now, known=known, most=self._taken)
                due, following = await self._database.read(looked)
                if due:
                    self._metrics.deadlines_taken_up(self._clock.now() - due[0].due_at)
                    await self._fire_all(due, failed)
                    continue
                # What has fallen due meanwhile is fired now: a wake-up for the past would come to nothing.
                if following is None or following > self._clock.now():
                    self._wakeup.set_for(following)
                    return

    async def _fire_all(self, due: Sequence[Due], failed: set[str]) -> None:
        """While the writer is at one batch the next one waits already: it never waits for us."""
        for first in range(0, len(due), BATCH):
            if self._is_stopping:
                return
            self.part.beat()
            for one in due[first : first + BATCH]:
                self._under_way[one.id] = self._go(self._fire(one, failed))
            self._has_room.clear()
            if len(self._under_way) > BATCH:
                await self._has_room.wait()

    async def _keep_awake(self) -> None:
        """A scheduler, for as long as it makes us look; raises Asleep when it does not."""
        self._wakeup.start()
        self._look_soon()
        try:
            while True:
                await asyncio.sleep(1)
                # Who looks is awake, however long the database takes; `/readyz` says that it is silent.
                if self.part.silent_for() > LONGEST_SILENCE and not self._looking.locked():
                    raise Asleep(f"nobody has looked at the deadlines for {self.part.silent_for()}")
        finally:
            self._wakeup.stop()

    def _jumped(self) -> None:
        self._wakeup.clock_was_set()
        self._look_soon()

    async def _fire(self, due: Due, failed: set[str]) -> None:
        """Fire one; one that could not be fired is among the failed, and stays armed."""
        now = self._clock.now()
        try:
            fired = await self._database.write(lambda tx: fire_deadlines.fire(tx, now, due))
            if fired is not None:
                self._metrics.deadline_fired(now - fired.due_at)
                self._metrics.operation("time", fired.kind, "ok")
                log.info("deadline fired", kind=fired.kind, incident=fired.incident.number)
        except Full as error:
            failed.add(due.id)
            log.warning("a deadline could not be fired", deadline=due.id, error=str(error))
        except Exception:
            failed.add(due.id)
            log.exception("a deadline could not be fired", deadline=due.id)
        finally:
            self._under_way.pop(due.id, None)
            if len(self._under_way) <= BATCH:
                self._has_room.set()

    def _committed(self, marks: Touched) -> None:
        """What falls due after the next sweep is left to the sweep."""
        if marks.deadline is not None and self._clock.wait_until(marks.deadline) < _SOON_SECONDS:
            self._look_soon()

    def _look_soon(self) -> None:
        if not self._is_about_to_look:
            self._is_about_to_look = True
            self._go(self._look_if_possible())

    def _go(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Begun now; before we have stopped it is over."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _look_if_possible(self) -> None:
        """What cannot be seen now is seen by the sweep."""
        try:
            await self._take_up()
        except Full as error:
            log.warning("the deadlines could not be read", error=str(error))
