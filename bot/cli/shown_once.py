"""Prints what is shown once and never again, or has it undone."""

import os
import sys
from collections.abc import Callable

import click


def show(text: str, otherwise: Callable[[], object]) -> None:
    """Print the text; where nobody can have read it call `otherwise`, and raise ClickException."""
    try:
        if sys.stdout is None:
            raise OSError("standard output is closed")
        click.echo(text)
    except OSError as error:
        otherwise()
        _forget()
        why = error.strerror or error
        raise click.ClickException(
            f"What is shown once could not be shown ({why}), so it was revoked. Try again."
        ) from None


def _forget() -> None:
    """What could not be written is not tried again at the exit."""
    if sys.stdout is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
