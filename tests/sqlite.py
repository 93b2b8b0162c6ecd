"""A new SQLite file with our tables in it, without making them anew for every test."""

import tempfile
from functools import cache
from pathlib import Path

from storage.upgrade import upgrade_sqlite


def fresh(path: Path) -> None:
    """There is a file of ours at `path` now, with nothing in it; one that is there already stays."""
    if not path.exists():
        path.write_bytes(_template())


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        upgrade_sqlite(path)
        return path.read_bytes()
