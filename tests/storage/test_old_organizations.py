"""Organizations that earlier versions kept are read by this one, on both databases."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, select
from sqlalchemy.ext.asyncio import create_async_engine

from bot import organization_file
from bot.operations import rows
from storage import organizations, tables
from storage.sqlite import writing_engine
from storage.upgrade import configuration
from tests.postgres import Server
from tests.test_organization_file import SMALL

#: As the version with migration 0004 kept the organization of that file.
KEPT: Any = json.loads(Path(__file__).with_name("organization_0004.json").read_text("utf-8"))


@pytest.fixture(params=["sqlite", "postgresql"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Callable[[Connection], None]], Any]:
    """Runs something in a transaction of an empty database."""
    if request.param == "sqlite":
        engine = writing_engine(tmp_path / "test.db")

        async def on_sqlite(do: Callable[[Connection], None]) -> None:
            with engine.begin() as tx:
                do(tx)
            engine.dispose()

        return on_sqlite
    server: Server = request.getfixturevalue("server")
    url = server.empty().replace("postgresql://", "postgresql+asyncpg://", 1)

    async def on_postgresql(do: Callable[[Connection], None]) -> None:
        engine = create_async_engine(url)
        async with engine.begin() as tx:
            await tx.run_sync(do)
        await engine.dispose()

    return on_postgresql


async def test_organization_of_an_earlier_version_is_the_same(run: Callable[..., Any]) -> None:
    def do(tx: Connection) -> None:
        command.upgrade(configuration(tx), "0004")
        organizations.add(tx, 1, datetime(2026, 3, 1, tzinfo=UTC), "Ada", KEPT)
        command.upgrade(configuration(tx), "head")
        assert rows.organization(organizations.document(tx, 1)) == organization_file.parse(SMALL, "x")
        command.downgrade(configuration(tx), "0004")
        assert organizations.document(tx, 1) == KEPT
        assert tx.execute(select(tables.organizations.c.revision)).scalars().all() == [1]

    await run(do)
