"""Once an hour: forgets what nobody can ask for any more, and looks who is in the user groups."""

import asyncio

import structlog

from bot.engine.clock import Clock
from bot.engine.supervisor import Part
from bot.metrics import Metrics
from bot.operations import answer_once, carry_out_once, reorganize
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
        """Gone are identities of Slack's requests, and answers to idempotency keys, whose time is over.

        Who is in the Slack user groups that are paged will be known as it is now.
        """
        now = self._clock.now()

        def tidy(tx: Connection) -> None:
            carry_out_once.forget(tx, now)
            answer_once.forget(tx, now)
            reorganize.seek_user_groups(tx, now)

        await self._database.write(tidy)

    async def _run(self) -> None:
        while True:
            try:
                await self.tidy()
            except Full as error:
                log.warning("nothing could be tidied up", error=str(error))
            await asyncio.sleep(EVERY_SECONDS)
