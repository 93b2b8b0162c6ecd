"""Notices when the pager goes from one to the next, and what else the schedules bring by themselves.

Shifts are no rows: they follow from the schedules. So it looks when the next one ends, whenever another
organization runs, when the clock jumps, and every few seconds in case that one of these was missed. What
people were told stands in the database, so that neither a restart nor a second process tells it again.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.engine.clock import Clock
from bot.engine.supervisor import Part
from bot.engine.wakeup import SWEEP_EVERY
from bot.metrics import Metrics
from bot.operations import hand_over, look_up, swap
from bot.operations.hand_over import Outlook
from storage.database import Connection, Database, Full, Touched, touched

LONGEST_SILENCE = timedelta(seconds=12)
#: User groups that are kept in step are looked at so often, beside each handoff; owed they are once a day.
_GROUPS_EVERY = timedelta(hours=1)
#: What is due still is left to another process that sees to it, or to the sweep.
_TURNS = 3

log = structlog.get_logger()


class Handoffs:
    """Runs from `start` to `stop` of its part."""

    def __init__(self, database: Database, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._soon = asyncio.Event()
        self._looking = asyncio.Lock()
        #: Of which organization nothing is due before when: only to save the work, never the truth.
        self._calm: tuple[object, datetime, datetime] | None = None
        self._groups_at: datetime | None = None
        self.part = Part("handoffs", self._run, metrics, LONGEST_SILENCE)
        database.after_commit(self._committed)
        self._stop_listening = clock.on_jump(self._soon.set)

    def stop_listening(self) -> None:
        self._stop_listening()

    @property
    def is_idle(self) -> bool:
        """Whether all that it was told to look at has been looked at."""
        return not self._soon.is_set() and not self._looking.locked()

    async def look(self) -> None:
        """Everything that has fallen due is done."""
        async with self._looking:
            self._soon.clear()
            self.part.beat()
            for _ in range(_TURNS):
                if (found := await self._database.read(self._due)) is None:
                    break
                await self._carry_out(found)
            await self._keep_groups_in_step()

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except Full as error:
                log.warning("handoffs could not be seen to", error=str(error))
            await self._sleep()

    async def _sleep(self) -> None:
        """Until the next shift ends, or something is said, or the sweep."""
        self.part.beat()
        longest = SWEEP_EVERY.total_seconds()
        until = self._clock.wait_until(self._calm[2]) if self._calm is not None else 1.0
        try:
            async with asyncio.timeout(min(max(until, 0.001), longest)):
                await self._soon.wait()
        except TimeoutError:
            return

    def _due(self, tx: Connection) -> Outlook | None:
        """What is to be done now; None when there is nothing."""
        now, organization = self._clock.now(), look_up.organization(tx)
        if self._calm is not None and self._calm[0] is organization and self._calm[1] <= now < self._calm[2]:
            return None
        found = hand_over.outlook(tx, now)
        if found.handoffs or found.gaps or found.swaps:
            self._calm = None
            return found
        self._calm = (organization, now, found.next_at)
        return None

    async def _carry_out(self, found: Outlook) -> None:
        now = self._clock.now()
        for schedule_id in found.handoffs:
            holder = await self._done("handoff", hand_over.hand_over, now, schedule_id)
            if holder is not None:
                log.info("handoff", schedule=schedule_id, now=holder.primary_id, before=holder.previous_id)
        for schedule_id in found.gaps:
            gaps = await self._done("gap", hand_over.warn, now, schedule_id)
            if gaps:
                log.warning("nobody will be on call", schedule=schedule_id, gaps=len(gaps))
        for swap_id in found.swaps:
            await self._done("swap expired", swap.expire, now, swap_id)

    async def _done(self, name: str, operation: Callable[..., Any], now: datetime, subject: str) -> Any:
        """What came of it."""
        self.part.beat()
        result = await self._database.write(partial(_turned, operation, now, subject))
        if result:
            self._metrics.operation("time", name, "ok")
        return result

    async def _keep_groups_in_step(self) -> None:
        now = self._clock.now()
        if self._groups_at is not None and timedelta(0) < self._groups_at - now <= _GROUPS_EVERY:
            return
        await self._database.write(lambda tx: hand_over.keep_groups_in_step(tx, now))
        self._groups_at = now + _GROUPS_EVERY

    def _committed(self, marks: Touched) -> None:
        if touched.DUTY in marks.what:
            self._calm = None
            self._soon.set()


def _turned(operation: Callable[..., Any], now: datetime, subject: str, tx: Connection) -> Any:
    return operation(tx, now, subject)
