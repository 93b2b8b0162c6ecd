"""`export`: the organization that runs, as a file; and `schema`: what such a file may hold."""

import json
from pathlib import Path

import click

from bot import organization_file
from bot.cli.running import ask
from bot.domain.errors import NotFound
from bot.domain.organization import Organization
from bot.operations import reorganize


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, writable=True, path_type=Path))
def export(file: Path | None) -> None:
    """Write the organization that runs to FILE, or print it; applied again it changes nothing.

    What was changed in Slack comes with it, and who was retired, as inactive.
    """
    found = ask(reorganize.kept, otherwise=Organization(""))
    if not found.name:
        raise NotFound("No organization runs yet. Apply a file first: python -m bot apply FILE")
    text = organization_file.write(found)
    if file is None:
        click.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")
        click.echo(f"{file}: written", err=True)


@click.command()
def schema() -> None:
    """Print the JSON Schema of the organization file, for editors."""
    click.echo(json.dumps(organization_file.json_schema(), indent=2, ensure_ascii=False))
