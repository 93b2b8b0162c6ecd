"""Move everything from one database to another: from SQLite to PostgreSQL, and between any two.

**The target commits once, at the very end, after it was compared.** Whoever is interrupted, or runs out of
disk, has an empty target and an untouched source. Rows are read table by table, a thousand at a time, and
each side adds up a checksum that does not depend on the order in which it tells its rows.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Row, Table, func, insert, make_url, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage import address
from storage.backup import known_revisions
from storage.errors import CannotCopy, Unusable
from storage.hold import hold_file
from storage.postgres import UNREACHABLE, said
from storage.sqlite import immediately, sqlite_path
from storage.tables import metadata
from storage.upgrade import OTHERS, check_revision, upgrade

#: Rows that are in memory at a time.
_CHUNK = 1000
_MODULUS = 2**256


async def copy(source_url: str, target_url: str, told: Callable[[str, int], None]) -> None:
    """The target, empty before, holds every row of the source; `told` hears of each table and its rows.

    No Tocsin may work with either of them. Raises CannotCopy, FileInUse and Unusable.
    """
    if make_url(source_url) == make_url(target_url):
        raise CannotCopy("--from and --to name the same database.")
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(_opened(source_url, "--from", may_write=False))
        await _check_source(source)
        target = await stack.enter_async_context(_opened(target_url, "--to", may_write=True))
        await target.run_sync(upgrade)
        await _check_target(target)
        copied = {table.name: await _copy(source, target, table) for table in metadata.sorted_tables}
        for table in metadata.sorted_tables:
            if await _sum(target, table) != copied[table.name]:
                raise CannotCopy(f"Table {table.name} did not arrive as it left. Nothing was kept.")
            await target.run_sync(_go_on_counting, table)
        await target.commit()
        for name, (count, _) in copied.items():
            told(name, count)


@asynccontextmanager
async def _opened(url: str, option: str, *, may_write: bool) -> AsyncIterator[AsyncConnection]:
    """One transaction on a database that nobody else of ours has open; undone unless it was committed."""
    is_postgresql = address.is_postgresql(url)
    opened = _on_postgresql(url) if is_postgresql else _on_sqlite(sqlite_path(url), may_write=may_write)
    try:
        async with opened as connection:
            if is_postgresql and (await connection.execute(OTHERS)).scalar_one():
                raise CannotCopy(f"The database of {option} is in use by a Tocsin: stop it first.")
            yield connection
    except (DBAPIError, *UNREACHABLE) as error:
        raise Unusable(f"The database of {option} cannot be used: {said(error)}") from error


@asynccontextmanager
async def _on_postgresql(url: str) -> AsyncIterator[AsyncConnection]:
    arguments = address.arguments(url)
    engine = create_async_engine(address.DRIVER, connect_args=arguments, isolation_level="REPEATABLE READ")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def _on_sqlite(path: Path, *, may_write: bool) -> AsyncIterator[AsyncConnection]:
    release = _held(path, may_write=may_write)
    engine = create_async_engine(URL.create("sqlite+aiosqlite", database=str(path)))
    immediately(engine.sync_engine)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()
        release()


def _held(path: Path, *, may_write: bool) -> Callable[[], None]:
    if not may_write and not path.is_file():
        raise CannotCopy(f"There is no database at {path}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return hold_file(path)


async def _check_source(source: AsyncConnection) -> None:
    """What is copied are the tables of this Tocsin, no older and no newer ones. Raises Unusable too."""
    try:
        found = (await source.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    except DBAPIError:
        found = None
    if found is None:
        raise CannotCopy("The database of --from is no database of Tocsin.")
    check_revision(found, "The database of --from")
    if found != known_revisions()[0]:
        raise CannotCopy(
            f"The database of --from is at revision {found}, this Tocsin at {known_revisions()[0]}. "
            "Start this Tocsin on it once, then copy."
        )


async def _check_target(target: AsyncConnection) -> None:
    for table in metadata.sorted_tables:
        if (await target.execute(select(table).limit(1))).first() is not None:
            raise CannotCopy(f"The database of --to is not empty: there are rows in {table.name}.")


async def _copy(source: AsyncConnection, target: AsyncConnection, table: Table) -> tuple[int, int]:
    """How many rows there were, and what they add up to."""
    count = checksum = 0
    async for rows in _read(source, table):
        await target.execute(insert(table), [dict(row._mapping) for row in rows])
        count, checksum = count + len(rows), (checksum + _checksum(rows)) % _MODULUS
    return count, checksum


async def _sum(connection: AsyncConnection, table: Table) -> tuple[int, int]:
    count = checksum = 0
    async for rows in _read(connection, table):
        count, checksum = count + len(rows), (checksum + _checksum(rows)) % _MODULUS
    return count, checksum


async def _read(connection: AsyncConnection, table: Table) -> AsyncIterator[Sequence[Row[Any]]]:
    try:
        async with connection.stream(select(table)) as found:
            async for rows in found.partitions(_CHUNK):
                yield rows
    except ValueError as error:
        raise CannotCopy(f"Table {table.name} holds what cannot be read ({error}).") from error


def _checksum(rows: Sequence[Row[Any]]) -> int:
    return sum(int.from_bytes(hashlib.sha256(repr(tuple(row)).encode()).digest()) for row in rows)


def _go_on_counting(target: Connection, table: Table) -> None:
    """What the database numbers by itself goes on after the highest number that was copied."""
    column = table.autoincrement_column
    if target.dialect.name != "postgresql" or column is None:
        return
    names = {"table": table.name, "column": column.name}
    counter = target.execute(text("SELECT pg_get_serial_sequence(:table, :column)"), names).scalar_one()
    highest = target.execute(select(func.max(column))).scalar_one()
    if counter is not None and highest is not None:
        target.execute(select(func.setval(counter, highest)))
