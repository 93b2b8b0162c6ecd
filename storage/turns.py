"""Work that takes turns in one thread, and goes on in another while a piece of it takes long.

**Side by side is slower.** A query takes a millisecond, most of it Python. Threads that ask side by side
pass the interpreter to one another, and to the writer, dozens of times for each. While eight clients list
incidents and eight declare some, four threads came to 410 lists and 264 incidents a second, one to 342 and
567; with nobody who declares, to 605 and 800 lists. To keep the turns in the event loop instead left the
thread idle until the loop came round: 208 lists.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from storage.errors import Full
from storage.patience import PATIENCE, Patience

T = TypeVar("T")
_Waiting = queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]

#: A piece of work that takes longer is long.
LONG_SECONDS = 0.02


class Turns:
    """At most `most` threads, of which all but one are at something long."""

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self._waiting: _Waiting = queue.SimpleQueue()
        #: How many have been asked for and not answered.
        self._asked = 0
        self._patience = Patience()
        self._workers: list[_Worker] = []
        self._watch: asyncio.TimerHandle | None = None

    async def take(self, work: Callable[[], T]) -> T:
        """What the work comes to, when its turn has come. Raises Full when it takes far too long."""
        if not self._workers:
            self._begin()
        if self._watch is None:
            self._look_later()
        answer: Future[T] = Future()
        self._waiting.put((answer, work))
        self._asked += 1
        coming = asyncio.wrap_future(answer)
        self._patience.begin(coming.cancel)
        try:
            return await coming
        except asyncio.CancelledError:
            if _is_going_away():
                raise
            raise Full(f"The database has given no answer for {PATIENCE} s.") from None
        finally:
            self._patience.end(coming.cancel)
            self._asked -= 1

    def end(self) -> None:
        """Returns when all of it is done."""
        for _ in self._workers:
            self._waiting.put(None)
        for worker in self._workers:
            worker.thread.join()

    def _look_later(self) -> None:
        self._watch = asyncio.get_running_loop().call_later(LONG_SECONDS, self._look)

    def _look(self) -> None:
        """While anybody waits: where the newest thread is at something long, another one goes on."""
        self._watch = None
        if not self._asked:
            return
        self._look_later()
        self._workers = [one for one in self._workers if one.thread.is_alive()]
        if self._workers[-1].is_long and len(self._workers) < self._most:
            self._begin()

    def _begin(self) -> None:
        """The newest thread is relieved once there is another. Raises RuntimeError where none can be had."""
        worker = _Worker(f"{self._name}-{len(self._workers)}", self._waiting)
        if self._workers:
            self._workers[-1].is_relieved = True
        self._workers.append(worker)


class _Worker:
    """Takes what waits, until another one does."""

    def __init__(self, name: str, waiting: "_Waiting") -> None:
        self._waiting = waiting
        #: Since when it is at its piece of work; None while it waits for one.
        self._since: float | None = None
        self.is_relieved = False
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    @property
    def is_long(self) -> bool:
        since = self._since
        return since is not None and time.monotonic() - since > LONG_SECONDS

    def _run(self) -> None:
        while not self.is_relieved and (asked := self._waiting.get()) is not None:
            self._since = time.monotonic()
            _answer(*asked)
            self._since = None
            del asked  # what it came to is not kept until the next one


def _is_going_away() -> bool:
    """Whether it is the caller who waits no longer."""
    caller = asyncio.current_task()
    return caller is not None and caller.cancelling() > 0


def _answer(answer: "Future[Any]", work: Callable[[], Any]) -> None:
    if not answer.set_running_or_notify_cancel():  # whoever asked has gone
        return
    try:
        result = work()
    except BaseException as error:
        answer.set_exception(error)
    else:
        answer.set_result(result)
