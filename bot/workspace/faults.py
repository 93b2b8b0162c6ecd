"""Faults to order: calls of a method fail as Slack, or the network before it, may fail."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass
class Fault:
    """What happens to calls; the network faults come before Slack's answers."""

    method: str
    error: str | None
    http_status: int | None
    retry_after: int | None
    times: int | None  #: None: as often as it is met
    until: float | None  #: Unix seconds of the workspace's clock
    hang_seconds: float | None
    after_work: bool
    channel: str | None
    drop: bool

    def answers(self) -> bool:
        """Whether the call ends here, instead of being worked off late."""
        return bool(self.error or self.http_status or self.drop)

    def meets(self, method: str, channel: str) -> bool:
        return fnmatchcase(method, self.method) and self.channel in (None, channel)


class Faults:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pending: list[Fault] = []

    def add(
        self,
        method: str = "*",
        error: str | None = None,
        *,
        http_status: int | None = None,
        retry_after: int | None = None,
        times: int | None = None,
        seconds: float | None = None,
        hang_seconds: float | None = None,
        after_work: bool = False,
        channel: str | None = None,
        drop: bool = False,
    ) -> None:
        """Order a fault for the next call, the next `times` calls, or those of the next `seconds`.

        `error` alone is `ok: false` (`ratelimited` a 429 with `Retry-After`); `http_status` alone is that
        status with HTML; `drop` closes the connection before any work, `after_work` after it; `hang_seconds`
        waits first, in real seconds. `method` is a pattern such as `chat.*`; it may also be `response_url`.
        `seconds` are those of the workspace's clock.
        """
        most = 1 if times is None and seconds is None else times
        until = None if seconds is None else self._clock() + seconds
        self._pending.append(
            Fault(
                method, error, http_status, retry_after, most, until, hang_seconds, after_work, channel, drop
            )
        )

    def clear(self) -> None:
        self._pending.clear()

    def take(self, method: str, channel: str) -> Fault | None:
        """The fault that this call meets, if any; it is then one fewer."""
        now = self._clock()
        self._pending = [one for one in self._pending if one.until is None or now < one.until]
        for fault in self._pending:
            if not fault.meets(method, channel):
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._pending.remove(fault)
            return fault
        return None
