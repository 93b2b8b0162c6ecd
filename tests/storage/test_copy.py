"""A team moves to another database: everything arrives, or nothing does, and work goes on there."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.timeline import Escalated
from storage import outbox, tables
from storage.copy import copy
from storage.database import Database
from storage.errors import CannotCopy, FileInUse, Unusable
from storage.hold import hold_file
from tests import scratch
from tests.postgres import Server, bear_witness, waited_for
from tests.storage.test_shared import delivery
from tests.storage.test_sqlite import NOW
from tests.story import Story, opened


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(scratch.folder())
    yield server
    server.stop()


def nobody(table: str, rows: int) -> None:
    """Hears nothing."""


async def everything(url: str) -> dict[str, Any]:
    """Each row of each table, in an order of its own."""
    database = Database(url)
    await database.open()
    try:
        return await database.read(
            lambda tx: {
                table.name: sorted(map(repr, tx.execute(select(table)).all()))
                for table in tables.metadata.sorted_tables
            }
        )
    finally:
        await database.close()


async def lived_in(folder: Path) -> str:
    """A database in which something happened, and in which something is still to be done."""
    async with opened(folder) as story:
        ada = story.person("ada")
        await ada.types("declare Nobody can pay — “ünïcode” 🔥 --sev SEV1 --service Checkout")
        await ada.types("ack INC-2026-001")
        await ada.types("declare Search is slow --sev SEV2 --service Search")
        await ada.types("resolve INC-2026-001 rolled back")
        await ada.types("postmortem INC-2026-001")
        return story.app.settings.database_url


async def test_there_and_back_again_nothing_has_changed(tmp_path: Path, server: Server) -> None:
    here, there, back = await lived_in(tmp_path), server.empty(), f"sqlite:///{tmp_path / 'back.db'}"
    told: dict[str, int] = {}
    await copy(here, there, told.__setitem__)
    await copy(there, back, nobody)
    before = await everything(here)
    assert before == await everything(there) == await everything(back)
    assert told == {name: len(rows) for name, rows in before.items()}
    assert told["incidents"] == 2
    assert told["audit_log"] > 0


async def test_work_goes_on_in_the_copy(tmp_path: Path, server: Server) -> None:
    there = server.empty()
    async with opened(tmp_path) as story:
        await story.person("ada").types("declare Search is slow --sev SEV2 --service Search")
        await story.app.stop()
        await copy(story.app.settings.database_url, there, nobody)
        story.environment = {"DATABASE_URL": there}
        await story.start_app()
        assert "INC-2026-002" in (await story.person("ada").types("declare Once more")).text
        assert await levels(story) == [1]
        await story.forward(minutes=31)
        assert await levels(story) == [1, 2]
        assert (await story.person("ada").types("ack INC-2026-001")).is_ok


async def test_copy_is_done_when_it_outlives_the_server(tmp_path: Path, server: Server) -> None:
    source, target = await lived_in(tmp_path), await server.fresh()
    await bear_witness(target, "timeline", "off")
    await copy(source, target, nobody)
    assert await waited_for(target) == {"on"}


async def test_what_was_being_sent_at_a_crash_is_taken_back_in_the_copy(
    tmp_path: Path, server: Server
) -> None:
    here, there, lease = f"sqlite:///{tmp_path / 'here.db'}", server.empty(), timedelta(seconds=30)
    crashed, running = Database(here), Database(there)
    await crashed.open()
    await crashed.write(lambda tx: outbox.add(tx, [delivery("taken", "a"), delivery("waits", "b")]))
    await crashed.write(lambda tx: outbox.take(tx, 1, "crashed", lease))
    await crashed.close()
    await copy(here, there, nobody)
    await running.open()
    await running.write(lambda tx: outbox.take(tx, 2, "running", lease))
    assert await running.write(lambda tx: outbox.take_back(tx, NOW)) == 1
    found = await running.read(lambda tx: outbox.with_ids(tx, [1, 2]))
    await running.close()
    assert (found[1].state, found[1].is_in_doubt, found[1].next_attempt_at) == ("pending", True, NOW)
    assert found[2].state == "sending"


async def levels(story: Story) -> list[int]:
    return [entry.event.level for entry in await story.entries() if isinstance(entry.event, Escalated)]


async def test_target_that_is_not_empty_is_left_alone(tmp_path: Path, server: Server) -> None:
    here, there = await lived_in(tmp_path), server.empty()
    await copy(here, there, nobody)
    before = await everything(there)
    with pytest.raises(CannotCopy, match="--to is not empty"):
        await copy(here, there, nobody)
    assert await everything(there) == before


async def test_what_breaks_in_the_middle_leaves_nothing(tmp_path: Path, server: Server) -> None:
    here, there = await lived_in(tmp_path), server.empty()
    path = here.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE timeline SET facts = 'no JSON' WHERE sequence = 2")
    with pytest.raises(CannotCopy, match="timeline holds what cannot be read"):
        await copy(here, there, nobody)
    assert not any((await everything(there)).values())


async def test_database_in_use_is_not_copied(tmp_path: Path, server: Server) -> None:
    here, there = await lived_in(tmp_path), await server.fresh()
    release = hold_file(Path(here.removeprefix("sqlite:///")))
    with pytest.raises(FileInUse):
        await copy(here, there, nobody)
    release()
    running = Database(there)
    await running.open()
    with pytest.raises(CannotCopy, match="--to is in use by a Tocsin"):
        await copy(here, there, nobody)
    await running.close()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("missing.db", "There is no database"),
        ("other.db", "no database of Tocsin"),
        ("old.db", "at revision 0001"),
        ("new.db", "of --from was used by a newer Tocsin .* install that one again"),
    ],
)
async def test_source_that_is_none_is_named(tmp_path: Path, server: Server, source: str, why: str) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection, connection:
        connection.execute("CREATE TABLE letters (id)")
    for name, revision in (("old.db", "0001"), ("new.db", "9999")):
        with closing(sqlite3.connect(tmp_path / name)) as connection, connection:
            connection.execute(f"CREATE TABLE alembic_version AS SELECT '{revision}' AS version_num")
    with pytest.raises((CannotCopy, Unusable), match=why):
        await copy(f"sqlite:///{tmp_path / source}", server.empty(), nobody)


async def test_server_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="--to cannot be used"):
        await copy(await lived_in(tmp_path), "postgresql://nobody:canary@127.0.0.1:1/none", nobody)


async def test_same_database_twice_is_refused(tmp_path: Path) -> None:
    here = await lived_in(tmp_path)
    with pytest.raises(CannotCopy, match="the same"):
        await copy(here, here, nobody)
