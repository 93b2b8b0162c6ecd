"""Trouble on demand: the next calls fail, hang, or do their work and lose the answer."""

from dataclasses import dataclass


@dataclass
class Fault:
    method: str
    error: str | None = None
    http_status: int | None = None
    retry_after: int | None = None
    times: int = 1
    hang_seconds: float | None = None
    #: The work is done, then the connection drops.
    after_work: bool = False
    channel: str | None = None


class Faults:
    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, method: str, channel: str | None) -> Fault | None:
        """The fault that this call meets, if any."""
        for fault in self._waiting:
            if fault.method in ("*", method) and fault.channel in (None, channel):
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None
