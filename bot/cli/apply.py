"""`apply`: an organization file becomes the organization that runs."""

from pathlib import Path

import click

from bot import organization_file
from bot.calendars.refresh import read_files
from bot.cli.operator import operator
from bot.cli.plan import Proposal, changes_of, proposal, summary
from bot.cli.running import change
from bot.engine.clock import Clock
from bot.operations import import_calendar
from storage.database import Connection


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def apply(file: Path) -> None:
    """Apply an organization FILE, all of it or nothing; a running Tocsin follows at once."""
    wanted = organization_file.read(file)
    now = Clock().now()
    heard = read_files(wanted, now)

    def operation(tx: Connection) -> Proposal | None:
        """What was and what is now; None if nothing changed."""
        found = proposal(tx, wanted, heard)
        return found if import_calendar.apply(tx, now, operator(), wanted, heard) else None

    found = change(operation)
    if found is None:
        click.echo(f"{file}: nothing to change")
    else:
        click.echo(f"{file}: applied ({summary(changes_of(found))})")
