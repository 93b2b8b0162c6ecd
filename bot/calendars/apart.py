"""Calendars from outside are read in a process of their own, which is ended when it takes too long.

One megabyte of calendar is two seconds of work for the library, and one line of it can be a rule that never
comes true and is looked for until the year 9999. Neither may hold up a page: threads share the interpreter
with the event loop and cannot be ended, a process can.
"""

import resource
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

import bot
from bot.calendars.imports import BadCalendar, expand
from bot.domain.imported import Expansion

PATIENCE_SECONDS = 20.0
_MEMORY = 1024 * 1024 * 1024
_ROOT = Path(bot.__file__).resolve().parent.parent
_EXPANSION = TypeAdapter(Expansion)
_REFUSED = 3


def expand_apart(
    text: str, time_zone: str, starts_at: datetime, ends_at: datetime, patience: float = PATIENCE_SECONDS
) -> Expansion:
    """As `imports.expand`, in a process that has so many seconds. Raises BadCalendar."""
    words = [time_zone, starts_at.isoformat(), ends_at.isoformat()]
    try:
        done = subprocess.run(  # noqa: S603 - this very program; the text comes by standard input
            [sys.executable, "-m", "bot.calendars.apart", *words],
            input=text.encode(errors="replace"),
            capture_output=True,
            timeout=patience,
            cwd=_ROOT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BadCalendar(f"takes more than {patience:.0f} s to work out") from None
    if done.returncode == _REFUSED:
        raise BadCalendar(done.stderr.decode(errors="replace"))
    try:
        return _EXPANSION.validate_json(done.stdout)
    except ValidationError:
        raise BadCalendar("cannot be worked out within what Tocsin spends on it") from None


def main() -> None:
    """Read a calendar from standard input; write down what it says between two moments."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(PATIENCE_SECONDS), int(PATIENCE_SECONDS)))
    time_zone, starts_at, ends_at = sys.argv[1:]
    text = sys.stdin.buffer.read().decode()
    try:
        found = expand(text, time_zone, datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at))
    except BadCalendar as refusal:
        sys.stderr.write(refusal.sentence)
        sys.exit(_REFUSED)
    sys.stdout.buffer.write(_EXPANSION.dump_json(found))


if __name__ == "__main__":
    main()
