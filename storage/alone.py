"""Who alone acts on what PostgreSQL lets everybody read, while it lets nobody write.

A page that cannot be claimed must go out all the same, but not from each process. One of them holds a lock in
a session of its own until what it did is written down; `locks.may_claim` is no for the others until then. The
lock ends with the session: what a process that died did unwritten is done again.

**Who stands still keeps nobody waiting.** A process that is stopped, or a machine that froze, would hold its
lock for ever, and nobody would be paged. So whoever holds it says every second that they go on; the server
ends the session of who has not for eight, and they themselves do not count on it any more by then.

**Nobody acts on a standby.** What others do on the server that it follows is seen there too late, and locked
nowhere: pages wait until it is promoted, or the address leads elsewhere.
"""

import asyncio
import time
from contextlib import suppress
from typing import Any

import asyncpg

from storage.locks import UNWRITTEN

SILENCE_SECONDS = 8
_BEAT_SECONDS = 1.0
#: Before its end it is not counted on any more: what is sent then may arrive after it.
_MARGIN_SECONDS = 1.0
#: Counts while the machine sleeps: on Linux by this name, on other systems the monotonic clock does.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_BROKEN = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
#: Servers before version 14 have no such setting.
_END_IN_SILENCE = f"""
    SELECT set_config(name, '{SILENCE_SECONDS}s', false) FROM pg_settings WHERE name = 'idle_session_timeout'
"""  # noqa: S608 - ours
_TRY = f"SELECT CASE WHEN pg_is_in_recovery() THEN false ELSE pg_try_advisory_lock({UNWRITTEN}) END"


class Alone:
    """`arguments` is what asyncpg is called with."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._arguments = arguments
        self._session: asyncpg.Connection | None = None
        self._staying: asyncio.Task[None] | None = None
        self._held_until = 0.0
        self._turns = asyncio.Lock()

    @property
    def is_held(self) -> bool:
        """Whether it is this process that acts."""
        is_open = self._session is not None and not self._session.is_closed()
        return is_open and _steady() < self._held_until

    async def take(self) -> bool:
        """Whether it is this process that acts from now on. Raises what asyncpg raises."""
        async with self._turns:
            if not self.is_held:
                await self._end()
                session = await asyncpg.connect(**self._arguments)
                is_ours = False
                try:
                    await session.execute(_END_IN_SILENCE)
                    asked_at = _steady()
                    is_ours = await session.fetchval(_TRY)
                finally:
                    if not is_ours:
                        session.terminate()
                if is_ours:
                    self._session = session
                    self._hold(asked_at)
                    self._staying = asyncio.create_task(self._stay(session), name="alone")
            return self.is_held

    async def give_back(self) -> None:
        """Another process may act, or all may write again."""
        async with self._turns:
            await self._end()

    def _hold(self, asked_at: float) -> None:
        """The session was not silent at that moment."""
        self._held_until = asked_at + SILENCE_SECONDS - _MARGIN_SECONDS

    async def _stay(self, session: asyncpg.Connection) -> None:
        """The session goes on, for as long as it answers."""
        try:
            while True:
                await asyncio.sleep(_BEAT_SECONDS)
                asked_at = _steady()
                await session.execute("SELECT 1")
                self._hold(asked_at)
        except _BROKEN:
            session.terminate()

    async def _end(self) -> None:
        was_held = self.is_held
        session, self._session = self._session, None
        staying, self._staying = self._staying, None
        if session is None or staying is None:
            return
        try:
            staying.cancel()
            await asyncio.gather(staying, return_exceptions=True)
            if was_held:
                with suppress(*_BROKEN):  # a session that broke holds nothing
                    await session.execute("SELECT pg_advisory_unlock_all()")
        finally:
            session.terminate()


def _steady() -> float:
    return time.clock_gettime(_STEADY)
