"""Time is passed in: the type of what tells it."""

from collections.abc import Callable
from datetime import datetime

#: Tells the time in UTC. Only the engine's clock is behind it.
Now = Callable[[], datetime]
