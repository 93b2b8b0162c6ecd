"""`key`: what scripts and people get."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.__main__ import commands
from bot.domain.api_key import Scope
from tests.story import ORGANIZATION


@pytest.fixture
def run(tmp_path: Path) -> CliRunner:
    runner = CliRunner(env={"DATABASE_URL": f"sqlite:///{tmp_path / 'test.db'}"})
    assert runner.invoke(commands, ["apply", str(ORGANIZATION)]).exit_code == 0
    return runner


def test_key_is_shown_once_and_kept_as_a_digest(run: CliRunner, tmp_path: Path) -> None:
    made = run.invoke(commands, ["key", "create", "--name", "ci", "--scope", "incidents:write"])
    key = made.stdout.strip()
    assert key.startswith("rf_")
    listed = run.invoke(commands, ["key", "list"]).output
    assert key[:8] in listed
    assert key not in listed
    assert all(key.encode() not in file.read_bytes() for file in tmp_path.iterdir())


def test_file_that_was_made_for_a_key_is_named_beside_it(tmp_path: Path) -> None:
    """Its name may be a mistake, and then the key opens nothing."""
    file = tmp_path / "mistyped.db"
    runner = CliRunner(env={"DATABASE_URL": f"sqlite:///{file}"})
    made = runner.invoke(commands, ["key", "create", "--name", "ci", "--all-scopes"])
    assert made.stdout.startswith("rf_")
    assert made.stderr.splitlines()[0] == f"{file}: a new database was made"
    again = runner.invoke(commands, ["key", "create", "--name", "cd", "--all-scopes"])
    assert "a new database" not in again.output


def test_json_tells_scripts_everything(run: CliRunner) -> None:
    made = run.invoke(
        commands,
        [
            "key",
            "create",
            "--name",
            "a",
            "--all-scopes",
            "--user",
            "ada@example.com",
            "--expires",
            "90d",
            "--json",
        ],
    )
    facts = json.loads(made.stdout)
    assert facts["key"].startswith("rf_")
    assert facts["scopes"] == list(Scope)
    assert facts["type"] == "personal"
    assert facts["expires_at"]
    (listed,) = json.loads(run.invoke(commands, ["key", "list", "--json"]).stdout)
    assert listed == {name: one for name, one in facts.items() if name != "key"}


def test_revoked_key_is_listed_as_such(run: CliRunner) -> None:
    run.invoke(commands, ["key", "create", "--name", "ci", "--all-scopes"])
    assert "revoked" in run.invoke(commands, ["key", "revoke", "ci"]).output
    assert json.loads(run.invoke(commands, ["key", "list", "--json"]).stdout)[0]["state"] == "revoked"
    again = run.invoke(commands, ["key", "revoke", "ci"])
    assert "no key “ci”" in str(again.exception)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--name", "a"], "--scope"),
        (["--name", "a", "--all-scopes", "--scope", "teams:read"], "--scope"),
        (["--name", "a", "--scope", "incidents:delete"], "incidents:delete"),
        (["--name", "a", "--all-scopes", "--expires", "soon"], "such as 90d"),
        (["--name", "", "--all-scopes"], "1 to 100"),
        (["--name", "a", "--all-scopes", "--user", "nobody@example.com"], "nobody@example.com"),
    ],
)
def test_bad_wish_is_refused_and_makes_no_key(run: CliRunner, words: list[str], complaint: str) -> None:
    refused = run.invoke(commands, ["key", "create", *words])
    assert refused.exit_code != 0
    assert complaint in refused.output + str(refused.exception)
    assert json.loads(run.invoke(commands, ["key", "list", "--json"]).stdout) == []
