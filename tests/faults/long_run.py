"""What the long doses are called with, and how they tell what came of them."""

import argparse
import random
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tests import collecting


@dataclass(frozen=True)
class LongRun:
    names: Sequence[str]
    seed: int
    #: Of each dose: 0.1 is a tenth.
    part: float


def asked_for(module: str, about: str | None, known: Collection[str]) -> LongRun:
    """What stands on the command line: `python -m module [NAME …] [--seed N] [--part 0.1]`.

    From now on the witness stands still for no collection of garbage.
    """
    asked = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    asked.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; all by default")
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    asked.add_argument("--part", type=float, default=1.0, help="of the dose: 0.1 is a tenth")
    wanted = asked.parse_args()
    if unknown := set(wanted.names) - set(known):
        asked.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    say(f"seed {wanted.seed}")
    collecting.only_when_told()
    return LongRun(wanted.names or [*known], wanted.seed, wanted.part)


def say(line: str) -> None:
    """Print it at once: a long run is watched."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
