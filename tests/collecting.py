"""Garbage is collected when nobody is looked at.

By itself Python looks at everything there is in the middle of a story, or of what is measured, and the loop
stands still for it: for seconds, once a thousand tests have run on a slow machine.
"""

import gc

_NEVER = 1_000_000


def only_when_told() -> None:
    """From now on whole collections are made by `collect` alone; those of what is young cost little."""
    collect()
    gc.set_threshold(10_000, 20, _NEVER)


def collect() -> None:
    """Now; what stays is not looked at again."""
    gc.collect()
    gc.freeze()
