"""A SQLite file of ours, opened; a module that needs another database has a fixture of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.database import Database
from tests import sqlite


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    sqlite.fresh(tmp_path / "test.db")
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    await database.open()
    yield database
    await database.close()
