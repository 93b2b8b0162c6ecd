"""A real PgBouncer in front of the server, where it is installed."""

from functools import partial

import pytest

from storage.database import Database, Unusable, inspect_postgresql
from tests.postgres import PGBOUNCER, Server

#: What it is usually told when the settings of a session keep Tocsin from connecting.
IGNORED = (
    "lock_timeout, idle_in_transaction_session_timeout, default_transaction_isolation, "
    "default_transaction_read_only, tcp_keepalives_idle, tcp_keepalives_interval, tcp_keepalives_count"
)


@pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed")
@pytest.mark.parametrize("settings", [{}, {"ignore_startup_parameters": IGNORED}], ids=["refuses", "drops"])
@pytest.mark.parametrize("mode", ["session", "transaction"])
async def test_pooler_is_told_from_the_server(server: Server, mode: str, settings: dict[str, str]) -> None:
    async with server.behind_a_pooler(await server.fresh(), pool_mode=mode, **settings) as url:
        for use in (Database(url).open, partial(inspect_postgresql, url)):
            with pytest.raises(Unusable, match="name the PostgreSQL server itself there"):
                await use()
