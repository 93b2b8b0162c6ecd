"""`audit`: a table for people, lines for scripts."""

import getpass
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import commands
from tests.story import ORGANIZATION

HOSTILE = "[bold]x[/]"


@pytest.fixture
def run(tmp_path: Path) -> CliRunner:
    runner = CliRunner(env={"DATABASE_URL": f"sqlite:///{tmp_path / 'test.db'}", "COLUMNS": "200"})
    assert runner.invoke(commands, ["apply", str(ORGANIZATION)]).exit_code == 0
    assert runner.invoke(commands, ["key", "create", "--name", HOSTILE, "--all-scopes"]).exit_code == 0
    return runner


def asked(run: CliRunner, *words: str) -> Result:
    result = run.invoke(commands, ["audit", *words])
    assert result.exit_code == 0, result.output
    return result


def test_table_tells_who_did_what_by_which_door(run: CliRunner) -> None:
    lines = asked(run).stdout.splitlines()
    (key,) = [line for line in lines if "key created" in line]
    assert f"{getpass.getuser()} (admin)" in key
    assert "command line" in key
    assert HOSTILE in key
    (gus,) = [line for line in lines if "role gus" in line]
    assert gus.rstrip().endswith("admin")


def test_json_is_one_object_a_line(run: CliRunner) -> None:
    entries = [json.loads(line) for line in asked(run, "--json").stdout.splitlines()]
    (key,) = [one for one in entries if one["action"] == "key created"]
    assert key["subject"].startswith(HOSTILE)
    assert (key["after"], key["door"], key["role"]) == ("all scopes", "command line", "admin")
    assert [one["id"] for one in entries] == sorted(one["id"] for one in entries)


def test_filters_narrow_it_down(run: CliRunner) -> None:
    everything = asked(run, "--json").stdout
    assert asked(run, "--json", "--since", "7d", "--actor", getpass.getuser()).stdout == everything
    for nothing in (("--actor", "eve"), ("--incident", "INC-2026-001")):
        assert asked(run, "--json", *nothing).stdout == ""
        assert asked(run, *nothing).stdout == "Nothing is known that fits.\n"


@pytest.mark.parametrize("words", [("--since", "soon"), ("--incident", "checkout")])
def test_what_makes_no_sense_is_refused_with_a_sentence(run: CliRunner, words: tuple[str, str]) -> None:
    refused = run.invoke(commands, ["audit", *words])
    assert refused.exit_code != 0
    assert words[1] in refused.output + str(refused.exception)
