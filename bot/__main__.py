"""`python -m bot`."""

import errno
import gc
import io
import os
import sys
from importlib import import_module

import click

from bot.domain.errors import Refusal
from storage.errors import BadCopy, CannotCopy, FileInUse, Full, Unusable

#: For each command, where it stands.
_COMMANDS = {
    "run": "run:run",
    "demo": "demo:demo",
    "manifest": "manifest:manifest",
    "doctor": "doctor:doctor",
    "plan": "plan:plan",
    "apply": "apply:apply",
    "export": "export:export",
    "schema": "export:schema",
    "check": "check:check",
    "oncall": "oncall:oncall",
    "simulate": "simulate:simulation",
    "calendar": "calendar:calendar",
    "key": "key:key",
    "audit": "audit:audit",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "copy": "copy:copy",
}


#: What keeps us from a file that somebody named.
_NO_WAY_THERE = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EROFS)


class _Commands(click.Group):
    """Imports a command when it is wanted: nobody waits for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        gc.disable()
        command: click.Command = getattr(import_module(f"bot.cli.{module}"), name)
        gc.freeze()  # what was imported stays: the collector would look at it again and again
        gc.enable()
        return command


@click.group(cls=_Commands)
def commands() -> None:
    """Tocsin: an incident responder that lives in Slack."""


def main() -> None:
    """Run the command; what it refuses is one sentence on standard error and exit code 2."""
    _prepare_streams()
    try:
        commands()
    except Refusal as refusal:
        click.echo(refusal.sentence, err=True)
        sys.exit(2)
    except (BadCopy, CannotCopy, FileInUse, Full, Unusable) as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except OSError as error:
        if (sentence := _sentence(error)) is None:
            raise
        click.echo(sentence, err=True)
        sys.exit(2)


def _sentence(error: OSError) -> str | None:
    """What is said of it; None of what nobody could have foreseen."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "Too many files are open: raise the limit (ulimit -n), 1024 is enough."
    if error.errno in _NO_WAY_THERE and error.filename is not None:
        return f"{error.filename} cannot be reached: {error.strerror}."
    return None


def _prepare_streams() -> None:
    """Complaints go into no file that took the place of a closed stream; what is printed arrives."""
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(spare)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - until we end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows only ASCII knows no arrow


if __name__ == "__main__":
    main()
