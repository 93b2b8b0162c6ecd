"""Wait for what comes of deliveries: told after each commit that something was settled, asked of the rows."""

import asyncio
import sys
from collections.abc import Callable
from typing import TypeVar

from storage.database import Connection, Database, Touched, touched

T = TypeVar("T")

#: Nobody waits longer, however long the queue is.
_LONGEST_SECONDS = 60.0
#: A lost signal costs this long at most.
_LOOK_AGAIN_SECONDS = 1.0


class Outcomes:
    """Asks the database again whenever a page was settled."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settled = asyncio.Event()
        database.after_commit(self._committed)

    async def wait_for(
        self,
        query: Callable[[Connection], T],
        is_done: Callable[[T], bool],
        ahead: Callable[[T], int],
        seconds: float,
    ) -> T:
        """What `query` finds once that is done, or after so many seconds of the world.

        They begin anew whenever less is ahead of it: to wait for one's turn is no failure of anybody.
        """
        loop = asyncio.get_running_loop()
        until = latest = loop.time() + _LONGEST_SECONDS
        least = sys.maxsize
        while True:
            settled = self._settled
            found = await self._database.read(query)
            now = loop.time()
            if ahead(found) < least:
                least, until = ahead(found), min(now + seconds, latest)
            left = until - now
            if is_done(found) or left <= 0:
                return found
            try:
                async with asyncio.timeout(min(left, _LOOK_AGAIN_SECONDS)):
                    await settled.wait()
            except TimeoutError:
                continue

    def _committed(self, marks: Touched) -> None:
        if touched.PAGES in marks.what:
            self._settled.set()
            self._settled = asyncio.Event()
