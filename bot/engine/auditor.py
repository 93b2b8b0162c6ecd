"""Looks every 30 s whether something is overdue: the last net, in case that a wake-up was lost.

Nothing here is needed as long as everything else works. What it finds it counts, writes into the log and
lets the loops look at again; only while it finds nothing, and every part is well, does it call the
heartbeat URL, so that something outside notices when we are dead, or alive and useless.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta

import aiohttp
import structlog

from bot.engine.clock import Clock
from bot.engine.deadlines import Deadlines
from bot.engine.outbox import Outbox
from bot.engine.supervisor import Part
from bot.metrics import Metrics
from bot.operations import audit_backlog
from bot.operations.audit_backlog import Overdue
from bot.settings import Secret
from storage.database import Database, Full

AUDIT_SECONDS = 30.0
#: A worker that has not made its rounds for so long is none.
MISSED_AFTER = timedelta(seconds=4 * AUDIT_SECONDS)
_HEARTBEAT_SECONDS = 8.0

log = structlog.get_logger()


class Auditor:
    """`troubles` says what is wrong with each part, None for one that is well."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        deadlines: Deadlines,
        outbox: Outbox,
        metrics: Metrics,
        troubles: Callable[[], Awaitable[Mapping[str, str | None]]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._deadlines = deadlines
        self._outbox = outbox
        self._metrics = metrics
        self._troubles = troubles
        self._heartbeat: tuple[aiohttp.ClientSession, Secret, str | None] | None = None
        self.part = Part("auditor", self._run, metrics, timedelta(seconds=2 * AUDIT_SECONDS))

    def calls(self, session: aiohttp.ClientSession, url: Secret, proxy: str | None = None) -> None:
        """Call this address after each audit that finds everything well."""
        self._heartbeat = session, url, proxy

    async def audit(self) -> bool:
        """Whether nothing is overdue and every part is well; what is overdue is looked at again now."""
        now, lanes, kinds = self._clock.now(), self._outbox.resting, self._outbox.resting_kinds
        await self._show_up()
        found = await self._database.read(lambda tx: audit_backlog.overdue(tx, now, lanes, kinds))
        self._metrics.overdue("deadlines", found.deadlines)
        self._metrics.overdue("deliveries", found.deliveries)
        if found.deadlines or found.deliveries:
            await self._arm_again(found)
            return False
        troubles = {part: why for part, why in (await self._troubles()).items() if why is not None}
        if troubles:
            log.warning("not everything is well", **troubles)
        return not troubles

    async def make_rounds(self) -> None:
        """Audit, and call the heartbeat address if all is well."""
        try:
            if await self.audit():
                await self._call()
        except Full as error:
            log.error("the audit cannot be held", error=str(error))

    async def _run(self) -> None:
        """Not right after the start: nothing is connected yet, which is no trouble."""
        with suppress(Full):
            await self._show_up()
        while True:
            self.part.beat()
            await asyncio.sleep(AUDIT_SECONDS)
            await self.make_rounds()

    async def _show_up(self) -> None:
        """Processes that only hear see that somebody works."""
        now = self._clock.now()
        if self._database.is_shared:
            await self._database.write(lambda tx: audit_backlog.made_rounds(tx, now))

    async def _arm_again(self, found: Overdue) -> None:
        log.error("overdue", deadlines=found.deadlines, deliveries=found.deliveries)
        self._outbox.wake()
        await self._deadlines.look()

    async def _call(self) -> None:
        """A call that fails is missed by whoever waits for it, which is what it is for."""
        if self._heartbeat is None:
            return
        session, url, proxy = self._heartbeat
        patience = aiohttp.ClientTimeout(total=_HEARTBEAT_SECONDS)
        try:
            async with session.get(url.reveal(), timeout=patience, proxy=proxy) as answer:
                if answer.status >= 400:
                    log.warning("the heartbeat address refuses", status=answer.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("the heartbeat address does not answer", error=type(error).__name__)


class Workers:
    """Whether any other process works off what is owed and due; for one that only hears."""

    def __init__(self, database: Database, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._clock = clock
        self.part = Part("workers", self._run, metrics, timedelta(seconds=2 * AUDIT_SECONDS))

    async def trouble(self) -> str | None:
        """Why nobody is paged; None while a worker makes its rounds."""
        seen = await self._database.read(audit_backlog.last_rounds)
        if seen is not None and self._clock.now() - seen <= MISSED_AFTER:
            return await self.part.trouble()
        since = "none was ever seen" if seen is None else f"the last was seen at {seen:%Y-%m-%d %H:%M:%S} UTC"
        return f"no worker is running, {since}: nobody is paged before `run --only worker` is started"

    async def _run(self) -> None:
        while True:
            self.part.beat()
            await asyncio.sleep(AUDIT_SECONDS)
            try:
                if trouble := await self.trouble():
                    log.error("nothing is worked off", why=trouble)
            except Full as error:
                log.error("nobody knows whether a worker runs", error=str(error))
