"""A folder that is somebody else's: every command says so in a sentence."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.story import ORGANIZATION


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o000)
    yield folder
    folder.chmod(0o700)


def bot(database: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command as somebody who may enter no folder that is closed to them."""
    is_root = os.getuid() == 0
    if is_root and not shutil.which("setpriv"):
        pytest.skip("root may enter every folder, and setpriv is missing")
    fewer = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if is_root else []
    return subprocess.run(
        [*fewer, sys.executable, "-m", "bot", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={
            "PATH": os.defpath,
            "DATABASE_URL": f"sqlite:///{database}",
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_API_URL": "http://127.0.0.1:1/api/",
        },
    )


@pytest.mark.parametrize("words", ["run", f"apply {ORGANIZATION}", "audit", "oncall", "backup copy.db"])
def test_database_in_a_closed_folder_is_named(closed: Path, words: str) -> None:
    ended = bot(closed / "tocsin.db", *words.split())
    assert ended.returncode == 2
    assert ended.stderr.startswith(
        f"{closed}/tocsin.db cannot be reached (Permission denied). Check who owns"
    )
    assert len(ended.stderr.splitlines()) == 1


def test_doctor_names_it_and_looks_at_the_rest(closed: Path) -> None:
    ended = bot(closed / "tocsin.db", "doctor")
    assert ended.returncode == 1
    assert f"✗ database: {closed}/tocsin.db cannot be reached: Permission denied" in ended.stdout
    assert "✗ Slack:" in ended.stdout
    assert not ended.stderr


def test_backup_into_a_closed_folder_says_so(closed: Path, tmp_path: Path) -> None:
    assert bot(tmp_path / "tocsin.db", "apply", str(ORGANIZATION)).returncode == 0
    ended = bot(tmp_path / "tocsin.db", "backup", str(closed / "copy.db"))
    assert ended.returncode == 2
    assert ended.stderr == f"{closed}/copy.db cannot be reached: Permission denied.\n"
