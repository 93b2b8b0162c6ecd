"""Backups, and what migrations do with them: whole at every moment, whatever is killed or broken."""

import asyncio
import os
import shutil
import signal
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from alembic import command

from storage import requests
from storage.backup import check, known_revisions, put_back, save
from storage.database import Database, Unusable
from storage.errors import BadCopy, FileInUse
from storage.hold import hold_file
from storage.sqlite import sqlite_path, writing_engine
from storage.upgrade import backup_of, configuration
from tests.faults.small_disk import SmallDisk, mounted, shown_read_only
from tests.storage.test_sqlite import NOW

STAMP = "20260302T030000Z"
HEAD, *OLDER = known_revisions()
FIRST = OLDER[-1]


async def database_with(path: Path, *keys: str) -> None:
    database = Database(f"sqlite:///{path}")
    await database.open()
    for key in keys:
        await database.write(partial(requests.is_new, key=key, at=NOW))
    await database.close()


def keys_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [key for (key,) in connection.execute("SELECT key FROM requests ORDER BY key")]


def database_at(path: Path, revision: str) -> None:
    """A database as an older Tocsin left it, with something in it."""
    engine = writing_engine(path)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), revision)
        connection.exec_driver_sql("INSERT INTO requests (key, at) VALUES ('old', 1)")
    engine.dispose()


def damage(path: Path) -> None:
    """The schema and everything else after the header is overwritten."""
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)


async def backup_reading_only(path: Path, copy: Path, *options: str) -> tuple[int | None, str]:
    """What `backup` ends with and says to somebody who may read the database, and write nothing beside it."""
    if os.getuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root gives its rights away with setpriv, which is not here")
    # Root may write everywhere, as long as it keeps these rights.
    fewer = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []
    path.parent.chmod(0o555)
    running = await asyncio.create_subprocess_exec(
        *[*fewer, sys.executable, "-m", "bot", "backup", str(copy), *options],
        env={"PATH": os.defpath, "DATABASE_URL": f"sqlite:///{path}"},
        stderr=asyncio.subprocess.PIPE,
    )
    said = (await running.communicate())[1].decode()
    path.parent.chmod(0o755)
    return running.returncode, said


async def test_copy_under_load_is_whole_and_has_all_that_was_answered(tmp_path: Path) -> None:
    path, copy = tmp_path / "tocsin.db", tmp_path / "copy.db"
    database = Database(f"sqlite:///{path}")
    await database.open()
    weight = "x" * 4000
    await asyncio.gather(
        *(database.write(partial(requests.is_new, key=f"{n:04} {weight}", at=NOW)) for n in range(2000))
    )
    saving = asyncio.create_task(asyncio.to_thread(save, path, copy))
    during = 0
    while not saving.done():
        await database.write(partial(requests.is_new, key=f"during {during}", at=NOW))
        during += 1
    await saving
    await database.close()
    assert during
    assert len([key for key in keys_in(copy) if key.endswith("x")]) == 2000
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(tmp_path.iterdir()) == [copy, path, tmp_path / "tocsin.db-lock"]


async def test_copy_has_the_log_though_its_user_may_only_read(tmp_path: Path) -> None:
    path, copy = tmp_path / "data" / "tocsin.db", tmp_path / "copy.db"
    database = Database(f"sqlite:///{path}")
    await database.open()
    for number in range(20):
        await database.write(partial(requests.is_new, key=f"{number:02}", at=NOW))
    assert await backup_reading_only(path, copy) == (0, "")
    assert len(keys_in(copy)) == 20
    Path(f"{path}-shm").rename(tmp_path / "index")
    code, said = await backup_reading_only(path, copy, "--force")
    assert code == 2
    assert "as the user that Tocsin runs as" in said
    assert len(keys_in(copy)) == 20
    (tmp_path / "index").rename(f"{path}-shm")
    await database.close()
    copy.unlink()
    assert await backup_reading_only(path, copy) == (0, "")
    assert len(keys_in(copy)) == 20


async def test_copy_from_a_disk_that_is_read_only_has_the_log(tmp_path: Path) -> None:
    path, copy = tmp_path / "data" / "tocsin.db", tmp_path / "copy.db"
    database = Database(f"sqlite:///{path}")
    await database.open()
    await database.write(partial(requests.is_new, key="one", at=NOW))
    with shown_read_only(path.parent, tmp_path / "shown") as shown:
        save(shown / "tocsin.db", copy)
    await database.close()
    assert keys_in(copy) == ["one"]


async def test_restored_database_is_the_backup_and_the_other_is_kept_with_its_log(tmp_path: Path) -> None:
    path, copy, crashed = tmp_path / "tocsin.db", tmp_path / "copy.db", tmp_path / "crashed.db"
    await database_with(path, "before")
    save(path, copy)
    database = Database(f"sqlite:///{path}")
    await database.open()
    await database.write(partial(requests.is_new, key="after", at=NOW))
    for ending in ("", "-wal"):  # as kill -9 leaves it
        shutil.copy(f"{path}{ending}", f"{crashed}{ending}")
    await database.close()
    kept = put_back(copy, crashed, STAMP)
    assert kept == tmp_path / f"crashed.db.replaced-{STAMP}"
    assert keys_in(crashed) == ["before"]
    assert keys_in(kept) == ["after", "before"]
    assert not Path(f"{crashed}-wal").exists()


async def crashed_with(path: Path, *keys: str) -> None:
    """A database as `kill -9` leaves it: the last that was written is in the log."""
    await database_with(path, *keys)
    database = Database(f"sqlite:///{path}")
    await database.open()
    await database.write(partial(requests.is_new, key="in the log", at=NOW))
    for ending in ("", "-wal", "-shm"):
        shutil.copy(f"{path}{ending}", f"{path}{ending}.left")
    await database.close()
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}.left").replace(f"{path}{ending}")


async def test_log_that_was_left_behind_is_kept_and_not_played_into_what_is_restored(tmp_path: Path) -> None:
    path, copy = tmp_path / "tocsin.db", tmp_path / "copy.db"
    await database_with(path, "before")
    save(path, copy)
    await crashed_with(path, "after")
    log = Path(f"{path}-wal").read_bytes()
    path.unlink()
    kept = put_back(copy, path, STAMP)
    assert kept == tmp_path / f"tocsin.db.replaced-{STAMP}-wal"
    assert kept.read_bytes() == log
    assert keys_in(path) == ["before"]


async def test_log_of_a_copy_that_is_replaced_is_not_played_into_the_new_one(tmp_path: Path) -> None:
    path, copy = tmp_path / "tocsin.db", tmp_path / "copy.db"
    await database_with(path, "new")
    await crashed_with(copy, "old")
    save(path, copy)
    assert keys_in(copy) == ["new"]


async def test_each_of_two_databases_that_are_replaced_at_once_is_kept(tmp_path: Path) -> None:
    path, copy = tmp_path / "tocsin.db", tmp_path / "copy.db"
    await database_with(path, "one")
    save(path, copy)
    await database_with(path, "two")
    kept = [put_back(copy, path, STAMP), put_back(copy, path, STAMP)]
    assert [keys_in(one) for one in kept if one] == [["one", "two"], ["one"]]


async def test_link_stays_a_link_to_what_is_restored_and_copied(tmp_path: Path) -> None:
    path, copy, link, latest = (tmp_path / name for name in ("tocsin.db", "copy.db", "link.db", "latest.db"))
    await database_with(path, "one")
    save(path, copy)
    await database_with(path, "two")
    link.symlink_to(path)
    latest.symlink_to(copy)
    kept = put_back(latest, sqlite_path(f"sqlite:///{link}"), STAMP)
    assert kept == tmp_path / f"tocsin.db.replaced-{STAMP}"
    assert (link.readlink(), keys_in(path), keys_in(kept)) == (path, ["one"], ["one", "two"])
    save(kept, latest)
    assert (latest.readlink(), keys_in(copy)) == (copy, ["one", "two"])


async def test_what_is_no_place_for_a_copy_is_left_alone(tmp_path: Path) -> None:
    path, other = tmp_path / "tocsin.db", tmp_path / "other.db"
    await database_with(path, "one")
    await database_with(other, "other")
    (tmp_path / "link.db").symlink_to(path)
    (tmp_path / "hard.db").hardlink_to(path)
    os.mkfifo(tmp_path / "pipe")
    for target, why in {
        "tocsin.db": "the database's own",
        "tocsin.db-wal": "the database's own",
        "tocsin.db-lock": "the database's own",
        "link.db": "the database's own",
        "hard.db": "the database's own",
        "pipe": "no regular file",
    }.items():
        with pytest.raises(BadCopy, match=why):
            save(path, tmp_path / target)
    running = Database(f"sqlite:///{other}")
    await running.open()
    with pytest.raises(FileInUse, match="in use by another Tocsin"):
        save(path, other)
    await running.close()
    assert (tmp_path / "pipe").is_fifo()
    assert (keys_in(path), keys_in(other)) == (["one"], ["other"])


async def test_restoring_makes_the_folder_of_a_new_machine(tmp_path: Path) -> None:
    path, copy, new = tmp_path / "tocsin.db", tmp_path / "copy.db", tmp_path / "new" / "data" / "tocsin.db"
    await database_with(path, "one")
    save(path, copy)
    assert put_back(copy, new, STAMP) is None
    assert keys_in(new) == ["one"]


async def test_where_nothing_can_be_put_back_is_said_in_a_sentence(tmp_path: Path) -> None:
    path, copy, empty = tmp_path / "tocsin.db", tmp_path / "copy.db", tmp_path / "empty.db"
    await database_with(path, "one")
    save(path, copy)
    empty.touch()
    with pytest.raises(BadCopy, match="is no regular file"):
        put_back(copy, tmp_path, STAMP)
    with pytest.raises(BadCopy, match=r"cannot be put back at .*File exists"):
        put_back(copy, copy / "tocsin.db", STAMP)
    with pytest.raises(BadCopy, match=r"cannot be copied to .*No such file"):
        save(path, tmp_path / "missing" / "copy.db")
    with pytest.raises(BadCopy, match=r"/empty\.db is no database of Tocsin"):
        put_back(empty, path, STAMP)
    assert keys_in(path) == ["one"]


async def test_what_is_replaced_is_kept_where_no_file_has_two_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")  # as FAT says

    path, copy = tmp_path / "tocsin.db", tmp_path / "copy.db"
    await database_with(path, "one")
    save(path, copy)
    await database_with(path, "two")
    monkeypatch.setattr(os, "link", refuse)
    kept = put_back(copy, path, STAMP)
    assert kept is not None
    assert (keys_in(path), keys_in(kept)) == (["one"], ["one", "two"])
    assert not list(tmp_path.glob(".*"))


async def test_database_is_no_backup_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    await database_with(path, "one")
    with pytest.raises(BadCopy, match="the database itself"):
        put_back(path, path, STAMP)


async def test_restored_database_works_at_once(tmp_path: Path) -> None:
    path, copy = tmp_path / "tocsin.db", tmp_path / "copy.db"
    await database_with(path, "one")
    save(path, copy)
    path.unlink()
    assert put_back(copy, path, STAMP) is None
    await database_with(path, "two")
    assert keys_in(path) == ["one", "two"]


async def test_damaged_database_is_replaced_and_kept(tmp_path: Path) -> None:
    path, copy = tmp_path / "tocsin.db", tmp_path / "copy.db"
    await database_with(path, "one")
    save(path, copy)
    damage(path)
    with pytest.raises(BadCopy, match=r"tocsin\.db cannot be copied .*malformed|tocsin\.db.*damaged"):
        save(path, tmp_path / "another.db")
    broken = path.read_bytes()
    kept = put_back(copy, path, STAMP)
    assert kept is not None
    assert kept.read_bytes() == broken
    assert keys_in(path) == ["one"]


async def test_restoring_is_refused_while_tocsin_runs(tmp_path: Path) -> None:
    path, copy = tmp_path / "tocsin.db", tmp_path / "copy.db"
    await database_with(path, "one")
    save(path, copy)
    release = hold_file(path)
    with pytest.raises(FileInUse, match="in use by another Tocsin"):
        put_back(copy, path, STAMP)
    release()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL").fetchone()
        other.execute("SELECT count(*) FROM requests").fetchone()
        with pytest.raises(FileInUse, match="in use by another program"):
            put_back(copy, path, STAMP)
    assert keys_in(path) == ["one"]


@pytest.mark.parametrize("fault", ["absent", "text", "damaged", "foreign", "newer"])
async def test_backup_that_is_unfit_is_refused_and_changes_nothing(tmp_path: Path, fault: str) -> None:
    path, copy = tmp_path / "tocsin.db", tmp_path / "copy.db"
    await database_with(path, "one")
    expected = {
        "absent": "There is no backup",
        "text": "not a database",
        "damaged": "damaged|malformed",
        "foreign": "no database of Tocsin",
        "newer": "written by a newer Tocsin",
    }
    if fault == "text":
        copy.write_text("a shopping list\n" * 500, encoding="utf-8")
    elif fault == "foreign":
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("CREATE TABLE recipes (name)")
    elif fault != "absent":
        save(path, copy)
    if fault == "damaged":
        damage(copy)
    if fault == "newer":
        with closing(sqlite3.connect(copy)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BadCopy, match=expected[fault]):
        put_back(copy, path, STAMP)
    assert keys_in(path) == ["one"]
    assert not [one for one in tmp_path.iterdir() if "part" in one.name or "replaced" in one.name]


async def test_migration_copies_the_database_first(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    database_at(path, FIRST)
    await database_with(path, "new")
    assert check(path) == HEAD
    assert keys_in(path) == ["new", "old"]
    kept = backup_of(path, FIRST)
    assert (check(kept), keys_in(kept)) == (FIRST, ["old"])


async def test_start_without_a_migration_copies_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    await database_with(path, "one")
    await database_with(path, "two")
    assert not list(tmp_path.glob("*backup*"))


async def test_migration_that_fails_says_so_and_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    database_at(path, FIRST)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE replies (in_the_way)")
    with pytest.raises(Unusable, match="already exists"):
        await Database(f"sqlite:///{path}").open()
    assert (check(path), keys_in(path)) == (FIRST, ["old"])


#: Runs the migrations and stops for ever after so many statements that change something.
_STOPPING = """
import sys, threading
from pathlib import Path
from sqlalchemy import Engine, event
from storage.upgrade import upgrade_sqlite
left = int(sys.argv[2])
@event.listens_for(Engine, "after_cursor_execute")
def count(connection, cursor, statement, *others):
    global left
    left -= not statement.lstrip().startswith(("PRAGMA", "SELECT"))
    if left == 0:
        print("stopped", flush=True)
        threading.Event().wait()
upgrade_sqlite(Path(sys.argv[1]))
print("finished", flush=True)
"""


@pytest.mark.parametrize("statements", [2, 5, 9, 14])
async def test_migration_killed_in_the_middle_is_undone_and_done_at_the_next_start(
    tmp_path: Path, statements: int
) -> None:
    path = tmp_path / "tocsin.db"
    database_at(path, FIRST)
    migrating = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _STOPPING, str(path), str(statements), stdout=asyncio.subprocess.PIPE
    )
    assert migrating.stdout is not None
    assert await migrating.stdout.readline() == b"stopped\n"
    migrating.send_signal(signal.SIGKILL)
    await migrating.communicate()
    assert (check(path), keys_in(path)) == (FIRST, ["old"])
    assert keys_in(backup_of(path, FIRST)) == ["old"]
    await database_with(path, "new")
    assert (check(path), keys_in(path)) == (HEAD, ["new", "old"])


async def test_damaged_database_is_named_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    await database_with(path, "one")
    damage(path)
    with pytest.raises(Unusable, match=r"tocsin\.db cannot be used \(.*malformed.*restore a backup"):
        await Database(f"sqlite:///{path}").open()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "small") as disk:
        yield disk


async def test_migration_without_room_for_its_copy_is_not_begun(disk: SmallDisk) -> None:
    path = disk.folder / "tocsin.db"
    database_at(path, FIRST)
    disk.fill()
    with pytest.raises(Unusable, match=r"disk is full|No space left"):
        await Database(f"sqlite:///{path}").open()
    disk.empty()
    assert (check(path), keys_in(path)) == (FIRST, ["old"])
    await database_with(path, "new")
    assert keys_in(path) == ["new", "old"]


async def test_database_on_a_read_only_disk_is_named_at_the_start(disk: SmallDisk) -> None:
    path = disk.folder / "tocsin.db"
    await database_with(path, "one")
    disk.make_read_only()
    with pytest.raises(Unusable, match=r"Read-only file system|readonly"):
        await Database(f"sqlite:///{path}").open()
