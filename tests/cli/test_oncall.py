"""`oncall` and `simulate`: tables that are read at 80 columns, in the schedules' own time."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import commands
from tests.story import ORGANIZATION

Ask = Callable[..., Result]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Runs a command in a story's organization, in which one of the shop's people has left."""
    runner = CliRunner(env={"DATABASE_URL": f"sqlite:///{tmp_path / 'test.db'}", "COLUMNS": "80"})
    assert runner.invoke(commands, ["apply", str(ORGANIZATION)]).exit_code == 0
    return lambda *words: runner.invoke(commands, list(words))


def shown(result: Result) -> str:
    """Standard output, without the blanks with which a table fills its lines."""
    assert result.exit_code == 0, result.output
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert max(map(len, lines)) <= 80
    return "\n".join(lines) + "\n"


def test_table_tells_who_is_on_call_everywhere(ask: Ask) -> None:
    assert shown(ask("oncall", "--at", "2026-10-25 00:30")) == NOW


NOW = """\
At Sun 25 Oct 2026 00:30 UTC

team      on call     behind them   until                 by
Platform  Dev Patel   Ben Li        Mon 26 Oct 09:00 CET  rotation
Payments  Ada Okafor  Emi Sato      Mon 26 Oct 10:00 EDT  rotation
Web       Ben Li      Farid Haddad  Mon 26 Oct 09:00 CET  rotation
"""


def test_calendar_has_a_line_for_each_day_and_handoff(ask: Ask) -> None:
    found = ask("oncall", "--at", "2026-10-24", "--team", "web", "--days", "4")
    assert shown(found) == CALENDAR


CALENDAR = """\

Web on call (Europe/Berlin), for Web

day                from   on call       behind them   by
Sat 24 Oct                Ben Li        Farid Haddad  rotation
Sun 25 Oct (25 h)         Ben Li        Farid Haddad  rotation
Mon 26 Oct                Ben Li        Farid Haddad  rotation
                   09:00  Farid Haddad  Chloé Martin  rotation
Tue 27 Oct                Farid Haddad  Chloé Martin  rotation
"""


def test_gap_is_marked_and_counted(ask: Ask) -> None:
    found = shown(ask("oncall", "--at", "2026-01-04", "--team", "payments", "--days", "2"))
    assert "Sun  4 Jan  00:00  -- nobody --                gap" in found
    assert "            10:00  Emi Sato      Farid Haddad  rotation" in found
    assert found.endswith("1 gap: nobody is on call.\n")


def test_gap_of_this_moment_tells_when_it_ends(ask: Ask) -> None:
    found = shown(ask("oncall", "--at", "2026-01-05 03:00", "--team", "web"))
    assert "-- nobody --" in found
    assert "Mon  5 Jan 09:00 CET" in found


def test_time_without_a_zone_is_the_one_schedules_own(ask: Ask) -> None:
    assert "2026-10-25T00:30Z" in shown(ask("oncall", "--team", "web", "--at", "2026-10-25 02:30"))


@pytest.mark.parametrize(
    ("written", "taken", "note"),
    [
        ("2026-10-25 02:30 Europe/Berlin", "2026-10-25T00:30Z", "comes twice in Europe/Berlin"),
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30Z", ""),
        ("2026-03-29 02:30 Europe/Berlin", "2026-03-29T01:00Z", "does not exist in Europe/Berlin"),
        ("2026-03-29T02:30Z", "2026-03-29T02:30Z", ""),
        ("2026-04-05 01:45 Australia/Lord_Howe", "2026-04-04T14:45Z", "for the second write"),
    ],
)
def test_time_that_comes_twice_or_never_is_told(ask: Ask, written: str, taken: str, note: str) -> None:
    found = ask("oncall", "--team", "web", "--at", written)
    assert taken in shown(found)
    assert note in " ".join(found.stderr.split())
    assert bool(found.stderr) is bool(note)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--at", "soon"), "is no time such as"),
        (("--at", "2026-10-25 02:30 Europe/Berlni"), "did you mean Europe/Berlin?"),
        (("--at", "2026-10-25 02:30 localtime"), "'localtime' is no time zone"),
        (("--at", "9999-12-31 23:59 UTC"), "must lie between 1970 and 9000"),
        (("--at", "0001-01-01T00:00+14:00"), "must lie between 1970 and 9000"),
        (("--team", "paymnts"), "Did you mean Payments?"),
        (("--days", "0"), "--days"),
    ],
)
def test_what_makes_no_sense_is_refused(ask: Ask, words: tuple[str, str], complaint: str) -> None:
    refused = ask("oncall", *words)
    assert refused.exit_code != 0
    assert complaint in " ".join((refused.output + str(refused.exception)).split())


def test_last_moment_that_can_be_named_can_be_told_to_its_end(ask: Ask) -> None:
    asked = ("simulate", "--service", "search", "--severity", "sev4", "--at", "9000-12-31 23:59 UTC")
    assert "paged" in shown(ask(*asked))
    assert "Sound for 366 days" in shown(ask("check", "--days", "366", *asked[-2:]))


def test_simulation_is_told_minute_by_minute(ask: Ask) -> None:
    asked = ("simulate", "--service", "search", "--severity", "sev1", "--at", "2026-10-25 01:50")
    assert shown(ask(*asked)) == SIMULATED


SIMULATED = """\
SEV1 about Search, declared Sun 25 Oct 2026 01:50 CEST (Europe/Berlin,
  2026-10-24T23:50Z)

after       local time             what happens
at once     Sun 25 Oct 01:50       Assigned to Ben Li (Is on call)
                                   Escalated to level 1: Ben Li paged
                                     Ben Li by slack
15 min      Sun 25 Oct 02:05 CEST  Escalated to level 2: Farid Haddad paged
                                   (Nobody acknowledged in time)
                                     Farid Haddad by slack
25 min      Sun 25 Oct 02:15 CEST  Escalated to level 3: Chloé Martin paged (The
                                   level before did not answer)
                                     Chloé Martin by slack
35 min      Sun 25 Oct 02:25 CEST  No level answered: Ada Okafor, Gus Lindqvist
                                   paged as admins
                                     Ada Okafor by slack
                                     Gus Lindqvist by slack
3 h 12 min  Sun 25 Oct 04:02       80 % of the time to close is used (Close by
                                   2026-10-25 03:50 UTC)
4 h         Sun 25 Oct 04:50       Closure deadline passed: Ada Okafor, Gus
                                   Lindqvist paged
                                     Ada Okafor by slack
                                     Gus Lindqvist by slack
"""


def test_file_is_simulated_before_it_is_applied(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "changed.yaml"
    text = ORGANIZATION.read_text(encoding="utf-8")
    file.write_text(text.replace("participants: [emi, farid, ada]", "participants: [gus]"), encoding="utf-8")
    asked = ("simulate", "--service", "checkout", "--severity", "SEV1", "--at", "2026-10-25 01:50")
    assert "Gus Lindqvist by slack" not in ask(*asked).stdout.split("15 min")[0]
    assert "Gus Lindqvist by slack" in ask(*asked, "--file", str(file)).stdout.split("15 min")[0]


def test_service_that_is_unknown_is_refused(ask: Ask) -> None:
    refused = ask("simulate", "--service", "chekout", "--severity", "SEV1")
    assert "Did you mean Checkout?" in str(refused.exception)
