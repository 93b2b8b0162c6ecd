"""Leases: where several processes send, what this one is sending is its alone until its lease ends."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog

from bot.domain.delivery import ClaimedDelivery
from bot.engine.clock import Clock
from bot.engine.supervisor import Part
from bot.metrics import Metrics
from bot.operations import deliver
from bot.operations.deliver import Lease
from storage.database import Connection, Database, Full

#: It lasts so long, and is prolonged while its delivery is being sent. What a process that died was sending
#: is taken over by another one after that.
LASTS = timedelta(seconds=6)
KEEP_EVERY_SECONDS = 2.0
LONGEST_SILENCE = timedelta(seconds=9)
#: Before its end a lease is not counted on any more: what is sent then may arrive after it.
_MARGIN = timedelta(seconds=0.5)

log = structlog.get_logger()


class Leases:
    """Keeps the leases of what is being sent here, and takes over what a process that died was sending.

    `sending`: the ids of what is being sent. `cannot_keep` hears that they could not be prolonged, and why.
    On SQLite there is one process, and nothing to keep.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        metrics: Metrics,
        sending: Callable[[], Collection[int]],
        cannot_keep: Callable[[Full], Awaitable[None]],
    ) -> None:
        self.ours = Lease(uuid.uuid4().hex, LASTS)
        self.part = Part("leases", self._run, metrics, LONGEST_SILENCE)
        self._database = database
        self._clock = clock
        self._sending = sending
        self._cannot_keep = cannot_keep
        #: Until when each delivery is ours, by the clock that nobody sets; what is settled is not in it.
        self._until: dict[int, timedelta] = {}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._until)

    def begin(self, claimed: Sequence[ClaimedDelivery], asked_at: timedelta) -> list[ClaimedDelivery]:
        """The deliveries, which were claimed after that moment; each knows whether it is still ours."""
        if not self._database.is_shared:
            return [*claimed]
        self._prolong([one.id for one in claimed], asked_at)
        return [replace(one, is_ours=partial(self._is_ours, one.id)) for one in claimed]

    def end(self, delivery_id: int) -> None:
        """It is settled."""
        self._until.pop(delivery_id, None)

    def _prolong(self, deliveries: Collection[int], asked_at: timedelta) -> None:
        self._until.update(dict.fromkeys(deliveries, asked_at + LASTS - _MARGIN))

    def _is_ours(self, delivery_id: int) -> bool:
        """While nobody can write, a lease cannot be prolonged, and nobody takes over what we send."""
        return self._clock.steady() < self._until[delivery_id] or self._database.is_unwritten

    async def _run(self) -> None:
        while True:
            self.part.beat()
            await asyncio.sleep(KEEP_EVERY_SECONDS)
            try:
                await self._keep()
            except Full as error:
                log.warning("leases could not be kept", error=str(error))
                await self._cannot_keep(error)
            except Exception:
                log.exception("leases could not be kept")

    async def _keep(self) -> None:
        sending, now, asked_at = [*self._sending()], self._clock.now(), self._clock.steady()

        def keep(tx: Connection) -> tuple[Sequence[int], int]:
            return deliver.keep(tx, sending, self.ours), deliver.take_back(tx, now)

        kept, taken = await self._database.write(keep)
        # What was settled while the answer was on its way is not ours any more.
        self._prolong(self._until.keys() & kept, asked_at)
        if taken:
            log.warning("deliveries of a process that died are in doubt", count=taken)
