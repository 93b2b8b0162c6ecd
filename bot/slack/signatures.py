"""Requests that are not taken for Slack's, which somebody must hear of: the secret or the clock may be wrong.

**Anybody can send one**, so they are counted and logged, but only those that are signed with our secret, and
too old, make a process unready. Else whoever forges a request would take every process out of a load
balancer's hands.
"""

from datetime import datetime, timedelta
from enum import Enum

import structlog

from bot.domain.time import Now
from bot.metrics import Metrics

_TELL_EVERY = timedelta(minutes=1)
#: Requests that come more rarely than this are not seen as a trouble that lasts.
_RECENT = timedelta(minutes=5)
_TRUSTED_FOR = timedelta(days=1)

log = structlog.get_logger()


class Fault(Enum):
    """Why a request is not taken for Slack's."""

    HEADERS = "headers"
    SIGNATURE = "signature"
    AGE = "age"


_WORDS = {
    Fault.HEADERS: "they lack Slack's signature",
    Fault.SIGNATURE: "they are not signed with SLACK_SIGNING_SECRET; compare it with “Basic Information”",
    Fault.AGE: "they are signed, but more than five minutes old: this machine's clock may be wrong",
}


class Signatures:
    """What became of the requests so far. `now` is the world's time."""

    def __init__(self, now: Now, metrics: Metrics) -> None:
        self._now = now
        self._metrics = metrics
        self._right_at: datetime | None = None
        self._old_at: datetime | None = None
        self._told_at: datetime | None = None
        self._untold = 0

    def accepted(self) -> None:
        self._right_at, self._old_at = self._now(), None

    def refused(self, fault: Fault) -> None:
        now = self._now()
        self._metrics.slack_refused(fault.value)
        if fault is Fault.AGE:
            self._old_at = now
        self._untold += 1
        if not _is_within(_TELL_EVERY, self._told_at, now):
            log.warning("requests to /slack/events are refused", why=_WORDS[fault], count=self._untold)
            self._told_at, self._untold = now, 0

    def trouble(self) -> str | None:
        """That what Slack sends is too old for us, while it comes; None when all is well."""
        now = self._now()
        is_so = _is_within(_RECENT, self._old_at, now) and not _is_within(_TRUSTED_FOR, self._right_at, now)
        return f"its requests are refused: {_WORDS[Fault.AGE]}" if is_so else None


def _is_within(span: timedelta, moment: datetime | None, now: datetime) -> bool:
    """Whether it was so lately; a moment ahead of us was noted before the clock was set back."""
    return moment is not None and timedelta(0) <= now - moment < span
