"""Another process that holds a SQLite database."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_HOLDING = (
    "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30);"
    "connection.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()"
)


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """It has the write lock."""
    pipe = asyncio.subprocess.PIPE
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HOLDING, str(path)), stdin=pipe, stdout=pipe
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"locked\n"
    try:
        yield
    finally:
        await holder.communicate(b"")
