"""`copy`: says what it copied, and never the password of either side."""

from pathlib import Path

from click.testing import CliRunner

from bot.__main__ import commands
from tests.story import ORGANIZATION

CANARY = "pass-canary"


def test_copies_and_says_what_comes_next(tmp_path: Path) -> None:
    here, there = (f"sqlite:///{tmp_path / name}" for name in ("here.db", "there.db"))
    runner = CliRunner(env={"DATABASE_URL": here})
    assert runner.invoke(commands, ["apply", str(ORGANIZATION)]).exit_code == 0
    copied = runner.invoke(commands, ["copy", "--from", here, "--to", there])
    assert copied.exit_code == 0, copied.output
    assert "1  organizations" in copied.stdout
    assert "Set DATABASE_URL" in copied.stdout
    unchanged = runner.invoke(commands, ["apply", str(ORGANIZATION)], env={"DATABASE_URL": there})
    assert "nothing to change" in unchanged.output


def test_addresses_that_are_none_are_refused_without_repeating_them() -> None:
    for url in (f"mysql://u:{CANARY}@h/d", f"{CANARY}"):
        refused = CliRunner().invoke(commands, ["copy", "--from", url, "--to", "sqlite:///x.db"])
        assert refused.exit_code == 2
        assert "postgresql://user:password@host/database" in refused.output.replace("\n", " ")
        assert CANARY not in refused.output
