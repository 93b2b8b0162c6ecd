"""Forgets, once an hour, what nobody can ask for any more."""

import asyncio

import structlog

from bot.engine.clock import Clock
from bot.engine.supervisor import Part
from bot.metrics import Metrics
from bot.operations import answer_once, carry_out_once
from storage.database import Connection, Database, Full

EVERY_SECONDS = 3600.0

log = structlog.get_logger()


class Housekeeping:
    """Runs from `start` to `stop` of its part."""

    def __init__(self, database: Database, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._clock = clock
        self.part = Part("housekeeping", self._run, metrics)

    async def tidy(self) -> None:
        """Gone are identities of Slack's requests, and answers to idempotency keys, whose time is over."""
        now = self._clock.now()

        def forget(tx: Connection) -> None:
            carry_out_once.forget(tx, now)
            answer_once.forget(tx, now)

        await self._database.write(forget)

    async def _run(self) -> None:
        while True:
            try:
                await self.tidy()
            except Full as error:
                log.warning("nothing could be tidied up", error=str(error))
            await asyncio.sleep(EVERY_SECONDS)
