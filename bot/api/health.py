"""Whether Tocsin lives, whether it can work, and what it counts."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from bot.domain.sla import Severity
from bot.domain.time import Now
from bot.metrics import Metrics
from bot.operations import backlog
from storage.database import Database, Full

#: A part of Tocsin: None when it works, else why not.
Check = Callable[[], Awaitable[str | None]]

_PATIENCE_SECONDS = 2.0
#: Prometheus waits ten seconds for all of it, unless told otherwise.
_COUNTING_SECONDS = 5.0
#: A database that was written to so lately need not be written to again to know that it can be.
_PROVED_SECONDS = 1.0


class Health:
    """Answers `/healthz`, `/readyz` and `/metrics`; the database is always one of the parts."""

    def __init__(self, database: Database, now: Now, metrics: Metrics, checks: Mapping[str, Check]) -> None:
        self._database = database
        self.now = now
        self._metrics = metrics
        self._checks = checks
        self._proved_at, self._failures = -_PROVED_SECONDS, 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self._alive),
            web.get("/readyz", self._ready),
            web.get("/metrics", self._counted),
        ]

    async def troubles(self) -> dict[str, str | None]:
        """For each part that there is by now, why it does not work; None for one that does."""
        checks = {"database": self._database_works, **self._checks}
        found = await asyncio.gather(*(self._asked(check) for check in checks.values()))
        return dict(zip(checks, found, strict=True))

    async def _asked(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await check()
        except TimeoutError:
            return f"no answer within {_PATIENCE_SECONDS:.0f} s"
        except Full as error:
            return str(error)
        except Exception as error:
            # Whatever keeps a part from answering, it does not work.
            return type(error).__name__

    async def _database_works(self) -> str | None:
        """Reads and writes, however often it is asked at most once a second."""
        moment, failures = asyncio.get_running_loop().time(), self._database.failures
        has_failed = failures != self._failures
        if has_failed or moment - self._proved_at >= _PROVED_SECONDS:
            mark = time.monotonic_ns()
            await self._database.write(lambda tx: backlog.prove(tx, mark, is_large=has_failed))
            await self._database.read(backlog.touch)
            self._proved_at, self._failures = moment, failures
        return None

    async def _alive(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, request: web.Request) -> web.Response:
        """503 while a part does not work, so that a load balancer asks another process."""
        troubles = await self.troubles()
        parts = {part: trouble or "ok" for part, trouble in troubles.items()}
        is_ready = not any(troubles.values())
        answer = {"status": "ready" if is_ready else "not ready", "parts": parts}
        return web.json_response(answer, status=200 if is_ready else 503)

    async def _counted(self, request: web.Request) -> web.Response:
        """All that is known: without the database its counts are missing, and `tocsin_ready` says why."""
        now = self.now()
        try:
            async with asyncio.timeout(_COUNTING_SECONDS):
                waiting = await self._database.read(lambda tx: backlog.backlog(tx, now))
        except (Full, TimeoutError):
            waiting = None
        troubles = await self.troubles()
        text = self._metrics.exposition(waiting, {part: not why for part, why in troubles.items()}, Severity)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})
