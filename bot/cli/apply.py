"""`apply`: an organization file becomes the organization that runs."""

import asyncio
from pathlib import Path

import click

from bot import organization_file, settings
from bot.calendars.refresh import read_files
from bot.cli.operator import operator
from bot.domain.organization import Organization
from bot.engine.clock import Clock
from bot.operations import import_calendar
from storage.database import Database


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def apply(file: Path) -> None:
    """Apply an organization FILE, all of it or nothing; a running Tocsin follows at once."""
    wanted = organization_file.read(file)
    changed = asyncio.run(_apply(settings.from_environment().database_url, wanted))
    click.echo(f"{file}: applied" if changed else f"{file}: nothing to change")


async def _apply(url: str, wanted: Organization) -> bool:
    now = Clock().now()
    database = Database(url, exclusive=False)
    await database.open()
    try:
        heard = await asyncio.to_thread(read_files, wanted, now)
        return await database.write(lambda tx: import_calendar.apply(tx, now, operator(), wanted, heard))
    finally:
        await database.close()
