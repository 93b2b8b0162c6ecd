"""Bring a database's tables up to the newest migration."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from storage.sqlite import writing_engine

#: Processes that start together migrate one after the other.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('tocsin migrations', 0))")


def upgrade_sqlite(path: Path) -> None:
    """Run every migration that the file has not had; all in one transaction, or none."""
    engine = writing_engine(path)
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()


def upgrade(connection: Connection) -> None:
    """Run every migration that the database has not had, in the connection's transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)
    command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for this connection."""
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.attributes["connection"] = connection
    return config
