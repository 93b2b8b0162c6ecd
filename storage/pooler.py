"""A connection pooler between Tocsin and PostgreSQL: it is refused.

A session hears what other processes commit, holds the lock of whoever acts unwritten, and begins with its own
settings. A pooler that lends the server's sessions for a transaction takes all of that away, most of it in
silence. It is known by the settings that it refuses or drops, and by statements that somebody else prepared.
Source: PgBouncer, "Features" (SQL feature map for pooling modes) and "Configuration".
"""

import asyncpg

from storage.errors import Unusable

#: A statement of that name was prepared already, or was not.
_OF_ANOTHER_SESSION = {"42P05", "26000"}
_REFUSED = "startup parameter"


async def check(connection: asyncpg.Connection, settings: dict[str, str]) -> None:
    """Raises Unusable where the session did not begin with these settings."""
    if await connection.fetchval("SHOW lock_timeout") != settings["lock_timeout"]:
        raise refused()


def is_meant(error: BaseException) -> bool:
    """Whether it is a pooler that says so."""
    return getattr(error, "sqlstate", None) in _OF_ANOTHER_SESSION or _REFUSED in str(error)


def refused() -> Unusable:
    return Unusable(
        "DATABASE_URL leads to a connection pooler, and Tocsin needs sessions of its own",
        "name the PostgreSQL server itself there; each process keeps at most eighteen connections",
    )
