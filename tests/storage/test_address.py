"""The address of a PostgreSQL database, with the parameters that hosts and programs put into it."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from storage.database import Database, Unusable, copy, inspect_postgresql
from tests import sqlite
from tests.postgres import Server


def shown(name: str) -> str:
    return f"SELECT current_setting('{name}')"


@pytest.mark.parametrize(
    "parameters",
    [
        "connect_timeout=10",
        "application_name=x&fallback_application_name=y",
        "channel_binding=prefer&gssencmode=disable",
        "target_session_attrs=read-write",
        "sslmode=disable",
    ],
)
async def test_ordinary_parameters_are_taken(server: Server, parameters: str) -> None:
    door = Database(f"{await server.fresh()}&{parameters}")
    await door.open()
    assert await door.read(lambda tx: name_of(tx)) == "tocsin"
    await door.close()


def name_of(tx: Connection) -> str:
    found: str = tx.execute(text(shown("application_name"))).scalar_one()
    return found


async def test_options_reach_the_server(server: Server) -> None:
    door = Database(f"{await server.fresh()}&options=-cwork_mem%3D5MB")
    await door.open()
    assert await door.read(lambda tx: tx.execute(text(shown("work_mem"))).scalar_one()) == "5MB"
    await door.close()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("sslmode=bogus", "`sslmode` parameter must be one of"),
        ("sslmode=verify-full&sslrootcert=/nosuch/root.crt", "No such file"),
        ("sslmode=verify-full&sslrootcert=system", "cannot be used"),
    ],
)
async def test_parameters_that_lead_nowhere_are_told_in_a_sentence(parameters: str, said: str) -> None:
    url = f"postgresql://u:password@127.0.0.1:1/d?{parameters}"
    with pytest.raises(Unusable, match=said) as refused:
        await Database(url).open()
    assert "password@" not in str(refused.value)
    with pytest.raises(Unusable, match=said):
        await inspect_postgresql(url)


async def test_several_hosts_are_tried_one_after_the_other(server: Server) -> None:
    here = await server.fresh()
    url = here.replace("?host=", "?host=127.0.0.1:1,")
    door = Database(url)
    await door.open()
    assert await door.read(lambda tx: name_of(tx)) == "tocsin"
    await door.close()


async def test_copy_takes_the_same_parameters(server: Server, tmp_path: Path) -> None:
    sqlite.fresh(tmp_path / "here.db")
    url = f"{server.empty()}&connect_timeout=10&application_name=x"
    await copy(f"sqlite:///{tmp_path / 'here.db'}", url, lambda *_: None)
    assert "at revision" in await inspect_postgresql(url)


def test_what_is_neither_database_is_never_taken_for_a_file() -> None:
    with pytest.raises(Unusable, match="neither one of SQLite nor one of PostgreSQL"):
        Database("postgres:///tocsin")
