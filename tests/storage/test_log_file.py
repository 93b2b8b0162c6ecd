"""The write-ahead log stays short, and who reads for long keeps nobody from writing."""

import asyncio
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from storage import log_file, requests
from storage.database import Database
from tests.storage.test_sqlite import NOW

MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Smaller and sooner, so that a test need not write as much and wait as long."""
    monkeypatch.setattr(log_file, "LIMIT", MEGABYTE)
    monkeypatch.setattr(log_file, "LOOK_EVERY_SECONDS", 0.05)


async def test_forgotten_reader_keeps_nobody_waiting_and_leaves_a_short_log(tmp_path: Path) -> None:
    path, log = tmp_path / "tocsin.db", tmp_path / "tocsin.db-wal"
    database = Database(f"sqlite:///{path}")
    await database.open()
    loop = asyncio.get_running_loop()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM requests").fetchone()
        waits = []
        for n in range(30):
            began = loop.time()
            await database.write(partial(requests.is_new, key=f"{n} {'x' * 100_000}", at=NOW))
            waits.append(loop.time() - began)
            await asyncio.sleep(0.01)
        assert log.stat().st_size > 2 * MEGABYTE
    assert max(waits) < 9  # a writer waits 10 s for a lock
    async with asyncio.timeout(20):
        while log.stat().st_size > MEGABYTE:  # noqa: ASYNC110 - nobody writes any more
            await asyncio.sleep(0.02)
    await database.close()
