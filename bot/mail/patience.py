"""Patience with a mail server, of which a process that stood still loses little.

Whoever is stopped for a while, or sleeps with its machine, finds on waking that all time is up, before it has
looked at what was answered meanwhile. A letter that the server took would be given up as never confirmed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: However long the process stood still, it counts as one of so many parts.
_PARTS = 9


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Raises TimeoutError when what is done in it takes longer than that."""
    loop = asyncio.get_running_loop()
    left = _PARTS
    watch: asyncio.TimerHandle

    def look() -> None:
        nonlocal left, watch
        left -= 1
        if left:
            watch = loop.call_later(seconds / _PARTS, look)
        else:  # in the loop's next turn: what has just been read comes first
            limit.reschedule(loop.time())

    async with asyncio.timeout(None) as limit:
        watch = loop.call_later(seconds / _PARTS, look)
        try:
            yield
        finally:
            watch.cancel()
