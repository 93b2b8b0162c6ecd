"""How often a key may ask: so many requests of each category in a minute."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from bot.domain.time import Now

WINDOW_SECONDS = 60
#: So many callers are remembered before those whose minute is over are forgotten.
_REMEMBERED = 10_000


class Category(StrEnum):
    READ = "read"
    WRITE = "write"
    PAGE = "page"

    @classmethod
    def of(cls, method: str) -> "Category":
        """What a request of this HTTP method counts as, unless it pages somebody."""
        return cls.READ if method in ("GET", "HEAD", "OPTIONS") else cls.WRITE


@dataclass(frozen=True)
class Standing:
    """Where a caller stands after a request."""

    category: Category
    remaining: int
    #: Unix seconds at which the caller may ask as often as at first.
    reset: int
    #: Seconds until then, when the request is one too many; else None.
    retry_after: int | None

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Category": self.category,
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class Limits:
    """Counts requests; a caller's minute begins with the first of them."""

    def __init__(self, per_minute: Mapping[Category, int], now: Now) -> None:
        self._per_minute = per_minute
        self._now = now
        #: Since when (Unix seconds), and how many.
        self._windows: dict[tuple[str, Category], tuple[float, int]] = {}

    def take(self, caller: str, category: Category) -> Standing:
        """Count one more request of the caller."""
        now, most = self._now().timestamp(), self._per_minute[category]
        since, count = self._windows.get((caller, category), (now, 0))
        if not 0 <= now - since < WINDOW_SECONDS:
            since, count = now, 0
        if len(self._windows) > _REMEMBERED:
            self._forget(now)
        self._windows[caller, category] = (since, count + 1)
        reset = since + WINDOW_SECONDS
        retry_after = max(ceil(reset - now), 1) if count >= most else None
        return Standing(category, max(most - count - 1, 0), ceil(reset), retry_after)

    def _forget(self, now: float) -> None:
        self._windows = {
            one: (since, count)
            for one, (since, count) in self._windows.items()
            if 0 <= now - since < WINDOW_SECONDS
        }
