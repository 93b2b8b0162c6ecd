"""Bring a database's tables up to the newest migration."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from storage.backup import known_revisions, save
from storage.errors import Unusable
from storage.sqlite import writing_engine

if TYPE_CHECKING:
    from alembic.config import Config

#: Processes that start together migrate one after the other.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('tocsin migrations', 0))")


def upgrade_sqlite(path: Path) -> None:
    """Run every migration that the file has not had; all in one transaction, or none.

    A database that is changed by this is copied first, to a file beside it that names its revision.
    """
    revision = _revision(path)
    if revision is not None and revision in known_revisions()[1:]:
        save(path, backup_of(path, revision))
    engine = writing_engine(path)
    try:
        with engine.begin() as connection:
            upgrade(connection)
    finally:
        engine.dispose()


def backup_of(path: Path, revision: str) -> Path:
    """Where the database is kept as it was at this revision."""
    return path.with_name(f"{path.name}.backup-{revision}")


def upgrade(connection: Connection) -> None:
    """Run every migration that the database has not had, in the connection's transaction. Raises Unusable."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)
    known, found = known_revisions(), None
    if inspect(connection).has_table("alembic_version"):
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if found is not None and found not in known:
        raise Unusable(
            f"The database was used by a newer Tocsin (revision {found}; this one knows {known[0]}). "
            "Install that one again, or restore a backup."
        )
    if found != known[0]:
        _migrate(connection)


def _migrate(connection: Connection) -> None:
    from alembic import command  # takes a tenth of a second, and is seldom needed

    command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> "Config":
    """Alembic's configuration for this connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.attributes["connection"] = connection
    return config


def _revision(path: Path) -> str | None:
    """The revision of the database; None when there is none, or no database."""
    if not path.is_file() or not path.stat().st_size:
        return None
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        query = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
        if connection.execute(query).fetchone() == (0,):
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found[0]) if found else None
