"""Where the tests keep their files: in memory where there is room, because a test's file outlives nothing.

On a disk a new PostgreSQL database takes twenty times as long, and each commit waits for it. What is lost
with the power is no question here: a process that is killed leaves in memory what it would leave on a disk.
"""

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder is made in it, under a name that nobody can guess
_ROOM = 4 * 2**30


def folder() -> str | None:
    """A folder in memory; None where there is none, or too small a one."""
    is_there = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    return str(_MEMORY) if is_there and shutil.disk_usage(_MEMORY).free > _ROOM else None
