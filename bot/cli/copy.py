"""`copy`: move a team from one database to another."""

import asyncio

import click

from bot import settings
from storage import database


class Url(click.ParamType[str]):
    """The address of a database, as DATABASE_URL takes it."""

    name = "URL"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return settings.database_url(value)
        except ValueError as error:  # the value may hold a password: it is not repeated
            self.fail(str(error), param, ctx)


@click.command()
@click.option("--from", "source", type=Url(), required=True, help="Where everything is now.")
@click.option("--to", "target", type=Url(), required=True, help="An empty database.")
def copy(source: str, target: str) -> None:
    """Copy all of one database into another, empty one, and compare them; Tocsin must not run."""
    asyncio.run(database.copy(source, target, _tell))
    click.echo("Everything arrived. Set DATABASE_URL to the address of --to, then start Tocsin.")


def _tell(table: str, rows: int) -> None:
    if rows:
        click.echo(f"{rows:>9,}  {table}")
