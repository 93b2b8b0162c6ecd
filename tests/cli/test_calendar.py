"""`calendar`: what scripts and people get."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.__main__ import commands
from tests.story import ORGANIZATION


@pytest.fixture
def run(tmp_path: Path) -> CliRunner:
    runner = CliRunner(env={"DATABASE_URL": f"sqlite:///{tmp_path / 'test.db'}"})
    assert runner.invoke(commands, ["apply", str(ORGANIZATION)]).exit_code == 0
    return runner


def test_address_is_shown_once_and_kept_as_a_digest(run: CliRunner, tmp_path: Path) -> None:
    made = run.invoke(commands, ["calendar", "create", "--schedule", "payments"])
    path = made.stdout.strip()
    assert path.startswith("/calendars/cal_")
    assert f"http://127.0.0.1:8080{path}" in made.stderr
    token = path.removeprefix("/calendars/").removesuffix(".ics")
    listed = run.invoke(commands, ["calendar", "list"]).output
    assert token[:9] in listed
    assert "never" in listed
    assert token not in listed
    audited = run.invoke(commands, ["audit"]).output
    assert "feed created" in audited
    assert token[:9] not in audited
    assert all(token.encode() not in file.read_bytes() for file in tmp_path.iterdir())


def test_json_tells_scripts_everything(run: CliRunner) -> None:
    made = run.invoke(commands, ["calendar", "create", "--person", "ADA@example.com", "--json"])
    facts = json.loads(made.stdout)
    assert facts["path"].endswith(".ics")
    assert (facts["schedule"], facts["person"], facts["state"]) == (None, "ada", "valid")
    (listed,) = json.loads(run.invoke(commands, ["calendar", "list", "--json"]).stdout)
    assert listed == {name: one for name, one in facts.items() if name != "path"}


def test_revoked_feed_is_listed_as_such(run: CliRunner) -> None:
    made = run.invoke(commands, ["calendar", "create", "--schedule", "payments", "--json"])
    assert "revoked" in run.invoke(commands, ["calendar", "revoke", json.loads(made.stdout)["id"]]).output
    assert json.loads(run.invoke(commands, ["calendar", "list", "--json"]).stdout)[0]["state"] == "revoked"
    again = run.invoke(commands, ["calendar", "revoke", json.loads(made.stdout)["hint"]])
    assert "no feed" in str(again.exception)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "--schedule"),
        (["--schedule", "payments", "--person", "ada@example.com"], "--schedule"),
        (["--schedule", "nowhere"], "platform"),
        (["--person", "nobody@example.com"], "nobody@example.com"),
    ],
)
def test_bad_wish_is_refused_and_makes_no_feed(run: CliRunner, words: list[str], complaint: str) -> None:
    refused = run.invoke(commands, ["calendar", "create", *words])
    assert refused.exit_code != 0
    assert complaint in refused.output + str(refused.exception)
    assert json.loads(run.invoke(commands, ["calendar", "list", "--json"]).stdout) == []
