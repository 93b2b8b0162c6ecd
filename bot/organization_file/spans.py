"""Spans of time as people write them: `15 min`, `4 h`, `2 days`, `90s`, and `1 week` between handoffs."""

import re
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.rotation import Period

_SPAN = re.compile(r"(\d{1,9})\s*([a-z]+)", re.ASCII)
_SECOND, _MINUTE, _HOUR, _DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), _SECOND),
    **dict.fromkeys(("m", "min", "minute", "minutes"), _MINUTE),
    **dict.fromkeys(("h", "hour", "hours"), _HOUR),
    **dict.fromkeys(("d", "day", "days"), _DAY),
}
_PERIODS = {
    **dict.fromkeys(("h", "hour", "hours"), Period.HOUR),
    **dict.fromkeys(("d", "day", "days"), Period.DAY),
    **dict.fromkeys(("w", "week", "weeks"), Period.WEEK),
    **dict.fromkeys(("month", "months"), Period.MONTH),
}
#: A year, or nearly.
_MOST = {Period.HOUR: 366 * 24, Period.DAY: 366, Period.WEEK: 52, Period.MONTH: 12}
LONGEST = timedelta(days=366)
LONGEST_DELAY = timedelta(days=1)

DURATION_PATTERN = r"^\s*\d+\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)\s*$"
EVERY_PATTERN = r"^\s*\d+\s*(h|hours?|d|days?|w|weeks?|months?)\s*$"


@dataclass(frozen=True)
class Every:
    """How often a rotation hands over."""

    count: int
    period: Period

    def __str__(self) -> str:
        return f"{self.count} {self.period}{'' if self.count == 1 else 's'}"


def as_duration(text: str) -> timedelta:
    """Raises ValueError, with a sentence for the author of the file."""
    match = _SPAN.fullmatch(text.strip().lower())
    unit = _UNITS.get(match[2]) if match else None
    if match is None or unit is None:
        raise ValueError("must be a time span such as 90 s, 15 min, 4 h or 2 days")
    span: timedelta = int(match[1]) * unit
    if not timedelta(0) < span <= LONGEST:
        raise ValueError(f"must be longer than nothing and at most {LONGEST.days} days")
    return span


def as_delay(text: str) -> timedelta:
    """A time span that may be nothing. Raises ValueError, with a sentence for the author of the file."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is not None and match[2] in _UNITS and not int(match[1]):
        return timedelta(0)
    delay = as_duration(text)
    if delay > LONGEST_DELAY:
        raise ValueError("must be at most 1 day")
    return delay


def duration_text(span: timedelta) -> str:
    """The span in the largest unit that divides it; the inverse of `as_duration`."""
    for unit, name in ((_HOUR, "h"), (_MINUTE, "min")):
        if not span % unit:
            return f"{span // unit} {name}"
    return f"{span // _SECOND} s"


def as_every(text: str) -> Every:
    """Raises ValueError, with a sentence for the author of the file."""
    match = _SPAN.fullmatch(text.strip().lower())
    period = _PERIODS.get(match[2]) if match else None
    if match is None or period is None:
        raise ValueError("must be a number of hours, days, weeks or months, such as 12 hours or 1 week")
    count = int(match[1])
    if not 0 < count <= _MOST[period]:
        raise ValueError(f"must be at least 1 {period} and at most {_MOST[period]} {period}s")
    return Every(count, period)
