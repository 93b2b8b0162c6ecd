"""Time is passed in: the type of what tells it. And how a moment is said to a person."""

from collections.abc import Callable
from datetime import datetime, timedelta

#: Tells the time in UTC. Only the engine's clock is behind it.
Now = Callable[[], datetime]


def when(at: datetime, now: datetime) -> str:
    """`just now`, `at 03:15 UTC`, or with its date when it was another day."""
    if now - at < timedelta(minutes=1):
        return "just now"
    return f"at {at:%H:%M} UTC" if at.date() == now.date() else f"on {at:%Y-%m-%d} at {at:%H:%M} UTC"
