"""What runs, for commands that only look: beside a Tocsin that works on the same database."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from bot import settings
from storage.database import Connection, Database, Use

T = TypeVar("T")


def ask(query: Callable[[Connection], T], otherwise: T) -> T:
    """What the query says of the database; `otherwise` if it is a file that does not exist, and stays so."""
    return asyncio.run(_ask(query, otherwise))


async def _ask(query: Callable[[Connection], T], otherwise: T) -> T:
    database = Database(settings.from_environment().database_url, Use.LOOKS)
    if not database.exists:
        return otherwise
    await database.open()
    try:
        return await database.read(query)
    finally:
        await database.close()
