"""`python -m bot`."""

import sys

import click

from bot.cli.apply import apply
from bot.cli.audit import audit
from bot.cli.backup import backup, restore
from bot.cli.calendar import calendar
from bot.cli.check import check
from bot.cli.copy import copy
from bot.cli.demo import demo
from bot.cli.doctor import doctor
from bot.cli.export import export, schema
from bot.cli.key import key
from bot.cli.manifest import manifest
from bot.cli.oncall import oncall
from bot.cli.plan import plan
from bot.cli.run import run
from bot.cli.simulate import simulation
from bot.domain.errors import Refusal
from storage.database import BadCopy, CannotCopy, FileInUse, Unusable


@click.group()
def commands() -> None:
    """Tocsin: an incident responder that lives in Slack."""


_COMMANDS = (
    *(run, demo, manifest, doctor),
    *(plan, apply, export, schema, check),
    *(oncall, simulation, calendar),
    *(key, audit, backup, restore, copy),
)
for command in _COMMANDS:
    commands.add_command(command)


def main() -> None:
    """Run the command; what it refuses is one sentence on standard error and exit code 2."""
    try:
        commands()
    except Refusal as refusal:
        click.echo(refusal.sentence, err=True)
        sys.exit(2)
    except (BadCopy, CannotCopy, FileInUse, Unusable) as error:
        click.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
