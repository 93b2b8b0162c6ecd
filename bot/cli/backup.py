"""`backup` and `restore`: a copy of the database, made while Tocsin runs, and put back while it does not."""

from pathlib import Path

import click

from bot import settings
from bot.domain.errors import Refusal
from bot.engine.clock import Clock
from storage.database import put_back, save, sqlite_path

FILE = click.Path(dir_okay=False, path_type=Path)


class NotSqlite(Refusal):
    """Only a SQLite file is copied by us."""

    code = "NOT_SQLITE"


@click.command()
@click.argument("file", type=FILE)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def backup(file: Path, force: bool) -> None:
    """Copy the database to FILE and check the copy; Tocsin may run meanwhile."""
    if file.exists() and not force:
        raise Refusal(f"{file} exists already. Name another file, or replace it with --force.")
    path = _database()
    save(path, file)
    click.echo(f"{file}: a whole copy of {path}, {file.stat().st_size // 1024} KiB")


@click.command()
@click.argument("file", type=FILE)
def restore(file: Path) -> None:
    """Put the backup FILE in the place of the database; Tocsin must not run."""
    path = _database()
    kept = put_back(file, path, f"{Clock().now():%Y%m%dT%H%M%SZ}")
    before = f"; what it was before is kept in {kept}" if kept is not None else ""
    click.echo(f"{path}: restored from {file}{before}")


def _database() -> Path:
    url = settings.from_environment().database_url
    if not url.startswith("sqlite"):
        raise NotSqlite("DATABASE_URL names PostgreSQL: use pg_dump and pg_restore.")
    return sqlite_path(url)
