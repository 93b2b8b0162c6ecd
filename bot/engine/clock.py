"""The one place that asks what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Time as the program sees it, in UTC. `speed` seconds pass in each second of the world.

    Waiting is done in the world's seconds: `wait_until` and `after` translate between the two, so that
    a time-out or a rate limit lasts as long as it must however fast the clock runs.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._started = datetime.now(UTC)
        self._jumped: list[Callable[[], None]] = []

    def now(self) -> datetime:
        world = datetime.now(UTC)
        return world if self.speed == 1.0 else self._started + (world - self._started) * self.speed

    def world(self) -> datetime:
        """The world's time: what Slack's signatures count in, however fast this clock runs."""
        return datetime.now(UTC)

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


class SetClock(Clock):
    """A clock that stands still until it is moved: time in tests."""

    def __init__(self, moment: datetime) -> None:
        super().__init__()
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def world(self) -> datetime:
        return self._moment

    def forward(self, **span: float) -> None:
        """Move by a span, as in `forward(minutes=5)`; a negative one moves back."""
        self._moment += timedelta(**span)
        for listener in list(self._jumped):
            listener()
