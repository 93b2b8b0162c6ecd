"""How much of a fault is given: little in the test run, all of it with TOCSIN_DOSE=full."""

import os


def dose(short: int, full: int) -> int:
    return full if os.environ.get("TOCSIN_DOSE") == "full" else short  # noqa: TID251 - not a setting of ours
