"""Files that cannot be written: on a file system of a few megabytes, read-only, or beyond a size."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = 6 * 1024 * 1024


class SmallDisk:
    """Mounted at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Not a byte is free from now on."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                return

    def empty(self) -> None:
        self._ballast.unlink()

    def make_read_only(self) -> None:
        _run("mount", "-o", "remount,ro", str(self.folder))


@contextmanager
def mounted(folder: Path, size: int = SIZE) -> Iterator[SmallDisk]:
    """Skips the test where nobody may mount: it takes root, and a kernel that allows it."""
    folder.mkdir()
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tocsin-test", str(folder))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk cannot be mounted here; it takes root")
    try:
        yield SmallDisk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


@contextmanager
def shown_read_only(folder: Path, shown: Path) -> Iterator[Path]:
    """The folder once more, at `shown`, where nobody may write. Skips the test where nobody may mount."""
    shown.mkdir()
    try:
        _run("mount", "--bind", str(folder), str(shown))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a folder cannot be mounted here; it takes root")
    try:
        _run("mount", "-o", "remount,ro,bind", str(shown))
        yield shown
    finally:
        _run("umount", "--lazy", str(shown))


@contextmanager
def no_file_may_grow(beyond: Path) -> Iterator[None]:
    """Whatever this process writes beyond the size of this file fails, as on a disk that is broken there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (beyond.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
