"""What commands do where their output goes nowhere: real processes, started by a real shell."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests import sqlite
from tests.story import ORGANIZATION


@pytest.fixture
def file(tmp_path: Path) -> Path:
    sqlite.fresh(tmp_path / "test.db")
    assert bot(tmp_path / "test.db", f"apply {ORGANIZATION}").returncode == 0
    return tmp_path / "test.db"


def bot(file: Path, words: str, before: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["/bin/sh", "-c", f"{before} exec {sys.executable} -m bot {words}"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.defpath, "DATABASE_URL": f"sqlite:///{file}", **environment},
    )


def ask(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("nowhere", [">/dev/full", ">&-"])
@pytest.mark.parametrize(
    ("words", "table"),
    [("key create --name ci --all-scopes", "api_keys"), ("calendar create --schedule web", "feeds")],
)
def test_what_could_not_be_shown_is_revoked(file: Path, words: str, table: str, nowhere: str) -> None:
    ended = bot(file, f"{words} {nowhere}")
    assert ended.returncode == 1
    assert "could not be shown" in ended.stderr
    assert "Traceback" not in ended.stderr
    (made,) = ask(file, f"SELECT revoked_at FROM {table}")  # noqa: S608 - the tables are named above
    assert made[0] is not None


def test_run_without_standard_error_writes_into_no_file_that_took_its_place(file: Path) -> None:
    before = file.read_bytes()
    ended = bot(file, "run 2>&-", SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", HOST="192.0.2.1")
    assert ended.returncode == 2  # the address is none of ours
    assert file.read_bytes()[:16] == before[:16]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_terminal_that_knows_only_ascii_gets_what_it_can_show(file: Path) -> None:
    ended = bot(file, "audit", PYTHONIOENCODING="ascii")
    assert ended.returncode == 0, ended.stderr
    assert "from ? to" in ended.stdout


@pytest.mark.parametrize("limit", [8, 12, 16])
def test_too_few_descriptors_are_told_in_a_sentence(file: Path, limit: int) -> None:
    ended = bot(
        file,
        "run",
        f"ulimit -n {limit};",
        SLACK_BOT_TOKEN="xoxb-1",
        SLACK_APP_TOKEN="xapp-1",
        SLACK_API_URL="http://127.0.0.1:9/api/",
        HOST="192.0.2.1",
    )
    assert ended.returncode == 2
    # One that stands in the log has a margin.
    assert not re.search("^Traceback", ended.stderr, re.MULTILINE)
