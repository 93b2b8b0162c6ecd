"""The one place that asks what time it is.

**Our time never runs slower than time passes.** A deadline is a distance: who has 15 minutes has them
whatever becomes of the wall clock. So `now` is the time that has passed (steady: nobody can set it, and
it goes on while the machine sleeps) since an origin, and the origin only ever moves forward:

- set *back* an hour, the wall clock is not followed: every deadline would come an hour late, and the
  timeline would run backwards. We stay ahead until the next start, or until the wall has caught up.
- set *forward*, it is followed at once: a virtual machine that was paused, and a machine that booted
  with a wrong clock, look just so, and a page that comes early is better than one that comes late.

What was tried: the wall clock alone (an hour back, an hour late; APScheduler's timers then sleep that
hour too), and slewing towards it (a closure deadline of three days would still be minutes late).
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

#: Seconds by which the wall clock must leave the steady one before we say that it was set.
_STEP_SECONDS = 0.5
#: Two readings that lie closer together were taken at once; it is tried so often.
_AT_ONCE, _READINGS = timedelta(milliseconds=5), 5
#: Counts while the machine sleeps: on Linux by this name, on other systems the monotonic clock does.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _wall() -> datetime:
    return datetime.now(UTC)


def _steady() -> timedelta:
    return timedelta(microseconds=time.clock_gettime_ns(_STEADY) // 1000)


class Clock:
    """Time as the program sees it, in UTC. `speed` seconds pass in each second of the world.

    Waiting is done in the world's seconds: `wait_until` and `after` translate between the two, so that
    a time-out or a rate limit lasts as long as it must however fast the clock runs.
    """

    def __init__(
        self,
        speed: float = 1.0,
        wall: Callable[[], datetime] = _wall,
        steady: Callable[[], timedelta] = _steady,
    ) -> None:
        self.speed = speed
        self._wall, self._steady = wall, steady
        self._origin = self._noticed = wall() - steady()
        self._started = self._passed()
        self._jumped: list[Callable[[], None]] = []

    def now(self) -> datetime:
        passed = self._passed()
        return passed if self.speed == 1.0 else self._started + (passed - self._started) * self.speed

    def steady(self) -> timedelta:
        """The world's time since some moment: it goes on while the process stands still; nobody sets it."""
        return self._steady()

    def world(self) -> datetime:
        """The world's time: what Slack's signatures count in, however fast this clock runs."""
        return self._wall()

    def wait_until(self, moment: datetime) -> float:
        """Seconds of the world until `moment`; 0 when it has passed."""
        return max((moment - self.now()).total_seconds() / self.speed, 0.0)

    def after(self, span: timedelta) -> datetime:
        """The moment at which this span of the world's time will have passed."""
        return self.now() + span * self.speed

    def on_jump(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` whenever this clock is known to have jumped, until what is returned is called."""
        self._jumped.append(listener)
        return lambda: self._jumped.remove(listener)

    def tell_of_jump(self) -> None:
        """Whoever waits for a moment looks again."""
        for listener in list(self._jumped):
            listener()

    def notice_step(self) -> timedelta:
        """By how much the wall clock was set since this was last not zero."""
        origin = self._undisturbed()
        step = origin - self._noticed
        if abs(step.total_seconds()) < _STEP_SECONDS:
            return timedelta(0)
        self._noticed = origin
        return step

    def _undisturbed(self) -> datetime:
        """The origin, read again by whoever is interrupted between the two readings, a few times at most."""
        for _ in range(_READINGS):
            before, wall, after = self._steady(), self._wall(), self._steady()
            if after - before < _AT_ONCE:
                break
        return wall - after

    def _passed(self) -> datetime:
        """Whoever is interrupted between the two readings finds an origin that is too early, which does not
        count."""
        wall = self._wall()
        steady = self._steady()
        self._origin = max(self._origin, wall - steady)
        return self._origin + steady


class SetClock(Clock):
    """A clock that stands still until it is moved: time in tests."""

    def __init__(self, moment: datetime) -> None:
        super().__init__()
        self._moment = moment
        self._stood_still = self._ahead = timedelta(0)

    def now(self) -> datetime:
        return self._moment

    def world(self) -> datetime:
        return self._moment - self._ahead

    def steady(self) -> timedelta:
        return super().steady() + self._stood_still

    def stand_still(self, **span: float) -> None:
        """As if the process had not run for that long, as in `stand_still(seconds=10)`."""
        self._stood_still += timedelta(**span)

    def forward(self, **span: float) -> None:
        """Move by a span, as in `forward(minutes=5)`; a negative one moves back."""
        self._moment += timedelta(**span)
        self.tell_of_jump()

    def set_back(self, **span: float) -> None:
        """As if the wall clock had been set back: the world counts so much less from now on."""
        self._ahead += timedelta(**span)
