"""Bring a database's tables up to the newest migration."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from storage.sqlite import writing_engine


def upgrade_sqlite(path: Path) -> None:
    """Run every migration that the file has not had; all in one transaction, or none."""
    engine = writing_engine(path)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "head")
    engine.dispose()


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for this connection."""
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.attributes["connection"] = connection
    return config
