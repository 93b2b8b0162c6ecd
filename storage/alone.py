"""Who alone acts on what PostgreSQL lets everybody read, while it lets nobody write.

A page that cannot be claimed must go out all the same, but not from each process. One of them holds a lock in
a session of its own until what it did is written down; `locks.may_claim` is no for the others until then. The
lock ends with the session: what a process that died did unwritten is done again.
"""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg

from storage.locks import UNWRITTEN

_BROKEN = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_TRY = f"SELECT pg_try_advisory_lock({UNWRITTEN})"


class Alone:
    """`arguments` is what asyncpg is called with."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._arguments = arguments
        self._session: asyncpg.Connection | None = None
        self._turns = asyncio.Lock()

    @property
    def is_held(self) -> bool:
        """Whether it is this process that acts."""
        return self._session is not None and not self._session.is_closed()

    async def take(self) -> bool:
        """Whether it is this process that acts from now on. Raises what asyncpg raises."""
        async with self._turns:
            if not self.is_held:
                session = await asyncpg.connect(**self._arguments)
                is_ours = False
                try:
                    is_ours = await session.fetchval(_TRY)
                finally:
                    if not is_ours:
                        session.terminate()
                self._session = session
            return self.is_held

    async def give_back(self) -> None:
        """Another process may act, or all may write again."""
        async with self._turns:
            session, self._session = self._session, None
            if session is not None:
                with suppress(*_BROKEN):  # a session that broke holds nothing
                    await session.execute("SELECT pg_advisory_unlock_all()")
                session.terminate()
