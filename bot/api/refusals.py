"""Who is refused is answered no faster than somebody can learn from it.

Eight clients that sent nonsense as fast as they were told so kept the event loop so busy that everybody
else waited eight times as long. So the refusals that go to one address are spaced; answers never are.
"""

from asyncio import get_running_loop, sleep
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

#: Refusals that one address gets a second, beyond a few at once.
PER_SECOND, AT_ONCE = 200, 100
#: Nobody waits longer for one.
LONGEST_SECONDS = 2.0
#: So many addresses are remembered before those that have been calm are forgotten.
_REMEMBERED = 10_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refusals:
    """Spaces what is answered with 4xx."""

    def __init__(self) -> None:
        #: When the next refusal of each address would be due if all were spaced evenly.
        self._next: dict[str | None, float] = {}

    def middleware(self) -> Any:
        @web.middleware
        async def spacing(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                answer = await handler(request)
            except web.HTTPException as error:
                await self._space(request, error.status)
                raise
            await self._space(request, answer.status)
            return answer

        return spacing

    async def _space(self, request: web.Request, status: int) -> None:
        if 400 <= status < 500 and (wait := self.take(request.remote, get_running_loop().time())):
            await sleep(wait)

    def take(self, address: str | None, now: float) -> float:
        """Count one more refusal of the address; for how many seconds its answer waits."""
        if len(self._next) > _REMEMBERED:
            self._next = {one: due for one, due in self._next.items() if due > now}
        at_once = AT_ONCE / PER_SECOND
        # Who waits no longer than so owes no more than so: a flood that is over is soon forgotten.
        due = min(max(self._next.get(address, now), now), now + at_once + LONGEST_SECONDS)
        self._next[address] = due + 1 / PER_SECOND
        return max(due - now - at_once, 0.0)
