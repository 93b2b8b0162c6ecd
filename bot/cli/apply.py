"""`apply`: an organization file becomes the organization that runs."""

import asyncio
from pathlib import Path

import click

from bot import organization_file, settings
from bot.calendars.refresh import read_files
from bot.cli.operator import operator
from bot.cli.plan import Proposal, changes_of, proposal, summary
from bot.domain.organization import Organization
from bot.engine.clock import Clock
from bot.operations import import_calendar
from storage.database import Connection, Database, Use, sqlite_path


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def apply(file: Path) -> None:
    """Apply an organization FILE, all of it or nothing; a running Tocsin follows at once."""
    wanted = organization_file.read(file)
    url = settings.from_environment().database_url
    database = Database(url, Use.WRITES)
    is_new = not database.exists
    found = asyncio.run(_apply(database, wanted))
    if is_new:  # of SQLite, for a file alone can be missing; its name may be a mistake
        click.echo(f"{sqlite_path(url).absolute()}: a new database was made")
    if found is None:
        click.echo(f"{file}: nothing to change")
    else:
        click.echo(f"{file}: applied ({summary(changes_of(found))})")


async def _apply(database: Database, wanted: Organization) -> Proposal | None:
    """What was and what is now; None if nothing changed."""
    now = Clock().now()

    heard = await asyncio.to_thread(read_files, wanted, now)

    def operation(tx: Connection) -> Proposal | None:
        found = proposal(tx, wanted, heard)
        return found if import_calendar.apply(tx, now, operator(), wanted, heard) else None

    await database.open()
    try:
        return await database.write(operation)
    finally:
        await database.close()
