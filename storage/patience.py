"""Nobody waits for a turn without end: who was seen waiting too often gives up, before they have begun.

It is counted by looks, one a second, and not by the clock: a process that stood still for a while must not
find, when it goes on, that everybody in it has waited for too long.
"""

import asyncio
from collections.abc import Callable

#: So many seconds one waits for a turn at most; a lock that another process holds, as long.
PATIENCE = 10
_LOOK_SECONDS = 1.0

GiveUp = Callable[[], object]


class Patience:
    """Who waits stands here by what is to be called should it take too long; in the event loop."""

    def __init__(self) -> None:
        #: How often each was seen, who has waited longest first.
        self._seen: dict[GiveUp, int] = {}
        self._watch: asyncio.TimerHandle | None = None

    def begin(self, give_up: GiveUp) -> None:
        self._seen[give_up] = 0
        if self._watch is None:
            self._look_later()

    def end(self, give_up: GiveUp) -> None:
        """It waits no longer, whether it had given up or not."""
        self._seen.pop(give_up, None)

    def _look_later(self) -> None:
        self._watch = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """Once a second, for as long as anybody waits."""
        self._watch = None
        for give_up in [*self._seen]:
            self._seen[give_up] += 1
            if self._seen[give_up] > PATIENCE:
                del self._seen[give_up]
                give_up()
        if self._seen:
            self._look_later()
