"""Faults to order: the next calls of a method fail as Slack, or the network before it, may fail."""

from dataclasses import dataclass


@dataclass
class Fault:
    """What happens to the next `times` calls; the network faults come before Slack's answers."""

    method: str
    error: str | None
    http_status: int | None
    retry_after: int | None
    times: int
    hang_seconds: float | None
    after_work: bool
    channel: str | None
    drop: bool

    def answers(self) -> bool:
        """Whether the call ends here, instead of being worked off late."""
        return bool(self.error or self.http_status or self.drop)


class Faults:
    def __init__(self) -> None:
        self._pending: list[Fault] = []

    def add(
        self,
        method: str = "*",
        error: str | None = None,
        *,
        http_status: int | None = None,
        retry_after: int | None = None,
        times: int = 1,
        hang_seconds: float | None = None,
        after_work: bool = False,
        channel: str | None = None,
        drop: bool = False,
    ) -> None:
        """Order a fault.

        `error` alone is `ok: false` (`ratelimited` a 429 with `Retry-After`); `http_status` alone is that
        status with HTML; `drop` closes the connection before any work, `after_work` after it; `hang_seconds`
        waits first, in real seconds. `method` may also be `response_url`.
        """
        fault = Fault(method, error, http_status, retry_after, times, hang_seconds, after_work, channel, drop)
        self._pending.append(fault)

    def clear(self) -> None:
        self._pending.clear()

    def take(self, method: str, channel: str) -> Fault | None:
        """The fault that this call meets, if any; it is then one fewer."""
        for fault in self._pending:
            if fault.method not in ("*", method) or fault.channel not in (None, channel):
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._pending.remove(fault)
            return fault
        return None
