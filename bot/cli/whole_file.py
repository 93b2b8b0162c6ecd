"""Write a file as a whole or leave what was there, also when the disk is full."""

import os
import shutil
from contextlib import suppress
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Raises OSError, which names `path`, when it cannot be written; that changes nothing."""
    try:
        if path.exists() and not path.is_file():  # a pipe, /dev/stdout
            path.write_bytes(content)
        else:
            _replace(path.resolve(), content)
    except OSError as error:
        error.filename = str(path)
        raise


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        with suppress(OSError):  # it has its place by now, or could not be made
            beside.unlink()
