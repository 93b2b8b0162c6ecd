"""Local time ↔ UTC."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def instant(where: ZoneInfo, local: datetime) -> datetime:
    """The first moment (UTC) at which the clocks of the zone show `local` or have passed it.

    Of a time that comes twice it is the first; of one that is skipped, the first moment after it.
    """
    before = local.replace(tzinfo=where, fold=0).astimezone(UTC)
    if before.astimezone(where).replace(tzinfo=None) == local:
        return before
    # Skipped: the clocks jumped somewhere between the two readings that the offsets around it give.
    low, high = local.replace(tzinfo=where, fold=1).astimezone(UTC), before
    while high - low > timedelta(microseconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(where).replace(tzinfo=None) >= local:
            high = middle
        else:
            low = middle
    return high
