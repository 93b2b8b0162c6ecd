"""What the doctor found: one thing that is right, or wrong with how to mend it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    is_right: bool
    what: str
    #: How to mend it; empty when it is right.
    mend: str = ""


def right(what: str) -> Finding:
    return Finding(True, what)


def wrong(what: str, mend: str) -> Finding:
    return Finding(False, what, mend)
