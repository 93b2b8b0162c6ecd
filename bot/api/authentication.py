"""Who is calling: the key in the request, and for whom it acts.

A key that was seen a moment ago is not looked up again before the request is read, but every
transaction asks anew whether it is still valid: a revoked key does nothing from then on.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.domain.api_key import PREFIX, ApiKey
from bot.domain.time import Now
from bot.domain.timeline import Actor
from bot.operations import issue_key
from bot.operations.issue_key import Unauthorized
from storage.database import Connection, Database, Full

_REMEMBERED = timedelta(seconds=5)
_MOST_REMEMBERED = 1000
#: `last_used_at` is as exact as this.
_USED_EVERY = timedelta(minutes=1)
_LONGEST_KEY = 200

log = structlog.get_logger()


@dataclass(frozen=True)
class Caller:
    key: ApiKey
    actor: Actor


class Authentication:
    """Finds callers by their keys."""

    def __init__(self, database: Database, now: Now, secret: str | None) -> None:
        self._database = database
        self._now = now
        self._chosen_secret = secret
        self._secret: str | None = secret
        self._known: dict[str, tuple[datetime, Caller]] = {}
        self._used: dict[str, datetime] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def caller(self, header: str | None) -> Caller:
        """Whose key the `Authorization` header carries. Raises Unauthorized."""
        digest = await self._digest(_key_in(header))
        now = self._now()
        seen, caller = self._known.get(digest, (None, None))
        is_recent = seen is not None and timedelta(0) <= now - seen < _REMEMBERED
        if caller is None or not is_recent or not caller.key.is_valid(now):
            key, actor = await self._database.read(lambda tx: issue_key.presented(tx, now, digest))
            caller = Caller(key, actor)
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[digest] = (now, caller)
        self._note_use(caller.key, now)
        return caller

    def still(self, tx: Connection, now: datetime, caller: Caller) -> Actor:
        """For whom the caller acts in this transaction. Raises Unauthorized; then the key is forgotten."""
        try:
            return issue_key.still_valid(tx, now, caller.key.id)
        except Unauthorized:
            self._forget(caller.key.id)
            raise

    async def stop(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _forget(self, key_id: str) -> None:
        """Whatever it asks next, it is looked up; in whichever thread reads or writes."""
        for digest in [digest for digest, (_, one) in list(self._known.items()) if one.key.id == key_id]:
            self._known.pop(digest, None)

    async def _digest(self, text: str) -> str:
        if self._secret is None:
            self._secret = await self._database.read(lambda tx: issue_key.secret_of(tx, None))
        if self._secret is None:
            raise Unauthorized("This API key is not known. `python -m bot key create` makes one.")
        return issue_key.digest(self._secret, text)

    def _note_use(self, key: ApiKey, now: datetime) -> None:
        last = self._used.get(key.id, key.last_used_at)
        if last is not None and timedelta(0) <= now - last < _USED_EVERY:
            return
        self._used[key.id] = now
        task = asyncio.create_task(self._keep_use(key.id, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_use(self, key_id: str, now: datetime) -> None:
        try:
            await self._database.write(lambda tx: issue_key.used(tx, now, key_id))
        except Full:
            log.warning("when a key was used last could not be kept", key=key_id)


def _key_in(header: str | None) -> str:
    if not header:
        raise Unauthorized("An API key is required: Authorization: Bearer rf_…")
    scheme, _, text = header.partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text.startswith(PREFIX) or len(text) > _LONGEST_KEY:
        raise Unauthorized("The Authorization header must be: Bearer rf_…")
    if not text.isascii() or not text.isprintable():
        raise Unauthorized("The API key has characters that no key has.")
    return text
