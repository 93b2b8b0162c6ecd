"""`export`: the organization that runs, as a file; and `schema`: what such a file may hold."""

import codecs
import json
from pathlib import Path

import click

from bot import organization_file
from bot.cli import whole_file
from bot.cli.running import ask
from bot.domain.errors import NotFound, Refusal
from bot.domain.imported import sources
from bot.domain.organization import Organization
from bot.operations import reorganize


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, writable=True, path_type=Path))
def export(file: Path | None) -> None:
    """Write the organization that runs to FILE, or print it; applied again it changes nothing.

    What was changed in Slack comes with it, who was retired, as inactive, and the calendars that came from
    files, beside FILE.
    """
    found = ask(reorganize.kept, otherwise=Organization(""))
    if not found.name:
        raise NotFound("No organization runs yet. Apply a file first: python -m bot apply FILE")
    text = organization_file.write(found)
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        _write(found, text, file)
    except OSError as error:
        raise Refusal(f"{error.filename or file} cannot be written: {error.strerror}.") from error


def _write(found: Organization, text: str, file: Path) -> None:
    whole_file.write(file, text.encode())
    click.echo(f"{file}: written", err=True)
    for source in sources(found):
        if source.calendar.file is not None and source.calendar.text is not None:
            _write_calendar(file.parent, source.calendar.file, source.calendar.text)


def _write_calendar(folder: Path, name: str, text: str) -> None:
    """The calendar stands where the file names it; one that is elsewhere is left alone."""
    path, content = folder / name, text.encode()
    if path.exists() and path.read_bytes().removeprefix(codecs.BOM_UTF8) == content:
        return
    if Path(name).is_absolute() or ".." in Path(name).parts:
        click.echo(f"{path}: not written, for it is not beside {folder}; what runs differs from it", err=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    whole_file.write(path, content)
    click.echo(f"{path}: written", err=True)


@click.command()
def schema() -> None:
    """Print the JSON Schema of the organization file, for editors."""
    click.echo(json.dumps(organization_file.json_schema(), indent=2, ensure_ascii=False))
