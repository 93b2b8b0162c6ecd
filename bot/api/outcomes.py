"""Wait for what comes of deliveries: told after each commit that something was settled, asked of the rows."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from storage.database import Connection, Database, Touched, touched

T = TypeVar("T")

#: A lost signal costs this long at most.
_LOOK_AGAIN_SECONDS = 1.0


class Outcomes:
    """Asks the database again whenever a page was settled."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settled = asyncio.Event()
        database.after_commit(self._committed)

    async def wait_for(
        self, query: Callable[[Connection], T], is_done: Callable[[T], bool], seconds: float
    ) -> T:
        """What `query` finds once that is done, or after so many seconds of the world."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            settled = self._settled
            found = await self._database.read(query)
            left = until - loop.time()
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
