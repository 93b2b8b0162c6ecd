"""Bring a database's tables up to the newest migration."""

import sqlite3
from contextlib import closing
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from storage.backup import known_revisions, save
from storage.errors import FileInUse, Unusable
from storage.hold import hold_file
from storage.sqlite import writing_engine

if TYPE_CHECKING:
    from alembic.config import Config

#: Processes that start together migrate one after the other.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('tocsin migrations', 0))")
#: For the rest of a transaction on PostgreSQL: its commit is answered when it outlives the server.
FLUSHED = (
    "set_config('synchronous_commit', "
    "coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'), true)"
)
#: Encodings that keep whatever is written: SQL_ASCII does not look at it.
_WHOLE = ("UTF8", "SQL_ASCII")
#: What another Tocsin's session is told by.
OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tocsin' "
    "AND datname = current_database() AND pid <> pg_backend_pid()"
)


class Use(Enum):
    """What a process wants of the database: an older Tocsin that runs must not lose its tables to it."""

    #: Tocsin itself: it brings the tables up to date.
    RUNS = "runs"
    #: A command that changes something: it does so too, unless an older Tocsin may work with them.
    WRITES = "writes"
    #: A command that looks: it makes tables where there are none, and changes none.
    LOOKS = "looks"


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


def upgrade_sqlite_beside(path: Path, use: Use) -> None:
    """As far as this use may. Raises Unusable where the file must stay as it is, and is older."""
    revision = _revision(path)
    if revision == known_revisions()[0]:
        return
    if not _is_older(revision):
        upgrade_sqlite(path)
        return
    if use is Use.LOOKS:
        raise _older(revision)
    try:
        release = hold_file(path)
    except FileInUse:
        raise _older(revision) from None
    try:
        upgrade_sqlite(path)
    finally:
        release()


def backup_of(path: Path, revision: str) -> Path:
    """Where the database is kept as it was at this revision."""
    return path.with_name(f"{path.name}.backup-{revision}")


def upgrade(connection: Connection) -> None:
    """Run every migration that the database has not had, in the connection's transaction. Raises Unusable."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)
        connection.execute(text(f"SELECT {FLUSHED}"))
        check_encoding(connection.execute(text("SHOW server_encoding")).scalar_one())
    found = _kept(connection)
    check_revision(found)
    if found != known_revisions()[0]:
        _migrate(connection)


def check_revision(found: str | None, whose: str = "The database") -> None:
    """Raises Unusable when the tables are those of a newer Tocsin."""
    known = known_revisions()
    if found is not None and found not in known:
        raise Unusable(
            f"{whose} was used by a newer Tocsin (revision {found}; this one knows {known[0]})",
            "install that one again, or restore a backup",
        )


def check_encoding(found: str) -> None:
    """Raises Unusable when PostgreSQL keeps this database in an encoding that lacks what people may write."""
    if found not in _WHOLE:
        raise Unusable(
            f"The PostgreSQL database has the encoding {found}, which cannot keep all that people write",
            "make one with CREATE DATABASE tocsin ENCODING 'UTF8' TEMPLATE template0",
        )


def upgrade_beside(connection: Connection, use: Use) -> None:
    """On PostgreSQL, as far as this use may. Raises Unusable where the tables must stay, and are older."""
    revision = _kept(connection)
    if revision == known_revisions()[0]:
        return
    if _is_older(revision) and (use is Use.LOOKS or connection.execute(OTHERS).scalar_one()):
        raise _older(revision)
    upgrade(connection)


def _is_older(revision: str | None) -> bool:
    return revision in known_revisions()[1:]


def _older(revision: str | None) -> Unusable:
    return Unusable(
        f"The database is at revision {revision}, this Tocsin needs {known_revisions()[0]}. An older Tocsin "
        "may be running on it, so nothing was changed: start this one in its place first "
        "(python -m bot run), which brings the database up to date."
    )


def _kept(connection: Connection) -> str | None:
    """The revision of the database; None when there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar_one_or_none()
    return found


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
