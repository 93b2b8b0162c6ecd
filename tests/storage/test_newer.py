"""A database that a newer Tocsin used is left alone; which revisions are known is read from file names."""

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from storage.backup import known_revisions
from storage.database import Database, Unusable, inspect_postgresql
from storage.upgrade import configuration
from tests.postgres import Server


def used_by_a_newer_one(tx: Connection) -> None:
    tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))


async def test_database_that_a_newer_tocsin_used_is_refused_and_left_alone(database_url: str) -> None:
    door = Database(database_url)
    await door.open()
    await door.write(used_by_a_newer_one)
    await door.close()
    for _ in ("refused", "refused again, and not because somebody holds it"):
        with pytest.raises(Unusable, match="used by a newer Tocsin \\(revision 9999; this one knows"):
            await Database(database_url).open()


async def test_database_that_a_newer_tocsin_used_is_not_called_sound(server: Server) -> None:
    url = await server.fresh()
    door = Database(url)
    await door.open()
    await door.write(used_by_a_newer_one)
    await door.close()
    with pytest.raises(Unusable, match="used by a newer Tocsin"):
        await inspect_postgresql(url)


def test_known_revisions_are_those_that_alembic_finds_newest_first() -> None:
    with create_engine("sqlite://").connect() as connection:
        scripts = ScriptDirectory.from_config(configuration(connection))
    assert known_revisions() == [script.revision for script in scripts.walk_revisions()]
