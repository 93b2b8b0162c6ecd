"""What runs, for commands that look at it or change it: beside a Tocsin that works on the same database."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import click

from bot import settings
from storage.database import Connection, Database, Use, sqlite_path

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


def change(operation: Callable[[Connection], T]) -> T:
    """What the operation came to. Whoever asks is told of a new file: its name may be a mistake."""
    return asyncio.run(_change(operation))


async def _change(operation: Callable[[Connection], T]) -> T:
    url = settings.from_environment().database_url
    database = Database(url, Use.WRITES)
    is_new = not database.exists
    await database.open()
    try:
        if is_new:
            click.echo(f"{sqlite_path(url).absolute()}: a new database was made", err=True)
        return await database.write(operation)
    finally:
        await database.close()
