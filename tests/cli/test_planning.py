"""`plan`, `apply`, `export`, `schema`, `check`: what they say, and with which exit code."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import commands
from bot.cli import whole_file
from bot.domain.errors import Refusal
from bot.engine.clock import Clock
from tests import demo
from tests.faults.small_disk import mounted, no_file_may_grow
from tests.story import ORGANIZATION

Ask = Callable[..., Result]
TEXT = ORGANIZATION.read_text(encoding="utf-8")
#: A Monday, 04:00 in Berlin.
AT = ("--at", "2026-03-02 03:00")


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Runs a command on a database of its own."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    runner = CliRunner(env={"DATABASE_URL": url, "COLUMNS": "80"})
    return lambda *words: runner.invoke(commands, [str(word) for word in words])


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Path]:
    """Writes an organization file in which each of these texts is replaced."""

    def write(*pairs: tuple[str, str]) -> Path:
        text = TEXT
        for was, to in pairs:
            assert was in text
            text = text.replace(was, to)
        path = tmp_path / "changed.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_plan_of_what_runs_is_empty_and_says_so(ask: Ask) -> None:
    assert ask("apply", ORGANIZATION).exit_code == 0
    planned = ask("plan", ORGANIZATION, "--exit-code")
    assert planned.output == f"{ORGANIZATION}: nothing to change\n"
    assert planned.exit_code == 0


def test_plan_tells_fields_and_who_is_paged_differently(ask: Ask, changed: Callable[..., Path]) -> None:
    ask("apply", ORGANIZATION)
    file = changed(
        ("participants: [emi, farid, ada]", "participants: [emi, ada]"),
        ("  hana: {name: Hana Kovač, email: hana@example.com, role: viewer}\n", ""),
        ("{role: secondary, timeout: 10 min}", "{role: secondary, timeout: 12 min}"),
    )
    planned = ask("plan", file, *AT)
    assert planned.exit_code == 0
    assert planned.output.replace(str(file), "FILE") == PLAN
    assert ask("plan", file, *AT, "--exit-code").exit_code == 3


PLAN = """\
FILE: 2 changed, 1 removed

− people hana  (stays, inactive: incidents name it)

~ schedules payments
    participants: emi, farid, ada → emi, ada

~ escalation_policies SEV1
    levels.2.timeout: 10 min → 12 min

Paged differently in the next 14 days:

  Checkout, Invoices · every severity level 1 (America/New_York)
    Sun  1 Mar 22:00 – Mon  2 Mar 10:00: Farid Haddad → Ada Okafor
    Mon  2 Mar 10:00 – Mon  9 Mar 10:00: Ada Okafor → Emi Sato
    Mon  9 Mar 10:00 on: Emi Sato → Ada Okafor

  Checkout, Invoices · every severity level 2 (America/New_York)
    Sun  1 Mar 22:00 – Mon  2 Mar 10:00: Ada Okafor → Emi Sato
    Mon  2 Mar 10:00 – Mon  9 Mar 10:00: Emi Sato → Ada Okafor
    Mon  9 Mar 10:00 on: Farid Haddad → Emi Sato
"""


@pytest.mark.parametrize("words", ["audit", "audit --json", "key list", "calendar list", "oncall", "check"])
def test_who_only_looks_creates_no_database(ask: Ask, tmp_path: Path, words: str) -> None:
    assert ask(*words.split()).exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_plan_changes_nothing_and_creates_no_database(ask: Ask, tmp_path: Path) -> None:
    planned = ask("plan", ORGANIZATION, *AT)
    assert "+ services checkout" in planned.output
    assert "nobody → Chloé Martin" in planned.output
    assert not (tmp_path / "test.db").exists()


def test_plan_without_another_page_says_so(ask: Ask, changed: Callable[..., Path]) -> None:
    ask("apply", ORGANIZATION)
    planned = ask("plan", changed(("name: Checkout", "name: Cash desk")), *AT)
    assert "name: Checkout → Cash desk" in planned.output
    assert planned.output.endswith("Nobody is paged differently in the next 14 days.\n")


def test_mistake_is_refused_with_its_line(ask: Ask, changed: Callable[..., Path]) -> None:
    file = changed(("team: payments, default_severity: SEV1", "team: payment, default_severity: SEV1"))
    for command in ("plan", "check", "apply"):
        refused = ask(command, file)
        assert refused.exit_code != 0
        assert re.search(r"changed\.yaml:\d+: .*did you mean payments\?", str(refused.exception))


def test_apply_tells_of_a_new_database_what_it_changed_and_then_nothing(
    ask: Ask, changed: Callable[..., Path], tmp_path: Path
) -> None:
    first = ask("apply", ORGANIZATION).output.splitlines()
    assert first[0] == f"{tmp_path / 'test.db'}: a new database was made"
    assert first[1].startswith(f"{ORGANIZATION}: applied (")
    file = changed(("name: Checkout", "name: Cash desk"))
    assert ask("apply", file).output == f"{file}: applied (1 changed)\n"
    assert ask("apply", file).output == f"{file}: nothing to change\n"


def test_file_that_cannot_be_written_is_named(ask: Ask, tmp_path: Path) -> None:
    ask("apply", ORGANIZATION)
    refused = ask("export", tmp_path / "missing" / "organization.yaml").exception
    assert isinstance(refused, Refusal)
    assert refused.sentence.endswith(
        "missing/organization.yaml cannot be written: No such file or directory."
    )
    with mounted(tmp_path / "small") as disk:
        file = disk.folder / "organization.yaml"
        file.write_text("mine")
        disk.fill()
        refused = ask("export", file).exception
        assert [file.read_text(), sorted(disk.folder.glob("*organization*"))] == ["mine", [file]]
    assert isinstance(refused, Refusal)
    assert refused.sentence.endswith("small/organization.yaml cannot be written: No space left on device.")


def test_file_that_cannot_be_written_whole_stays_as_it_was(tmp_path: Path) -> None:
    file, larger = tmp_path / "organization.yaml", tmp_path / "larger"
    file.write_text("mine")
    larger.write_bytes(b"x" * 100)
    with no_file_may_grow(larger), pytest.raises(OSError, match="File too large"):
        whole_file.write(file, b"y" * 200)
    assert file.read_text() == "mine"
    assert sorted(tmp_path.iterdir()) == [larger, file]


def test_file_that_is_replaced_keeps_its_mode_and_its_link(ask: Ask, tmp_path: Path) -> None:
    ask("apply", ORGANIZATION)
    file, link = tmp_path / "organization.yaml", tmp_path / "link.yaml"
    file.touch(0o640)
    link.symlink_to(file)
    assert ask("export", link).exit_code == 0
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == ask("export").stdout
    assert file.stat().st_mode & 0o777 == 0o640


def test_exported_file_applied_again_changes_nothing(
    ask: Ask, changed: Callable[..., Path], tmp_path: Path
) -> None:
    ask("apply", ORGANIZATION)
    ask("apply", changed(("  hana: {name: Hana Kovač, email: hana@example.com, role: viewer}\n", "")))
    file = tmp_path / "exported.yaml"
    assert ask("export", file).exit_code == 0
    assert file.read_text(encoding="utf-8") == ask("export").stdout
    assert "active: false" in ask("export").stdout
    assert ask("plan", file).output == f"{file}: nothing to change\n"
    assert ask("apply", file).output == f"{file}: nothing to change\n"
    (key,) = re.findall(r"name: Checkout\n(?:.*\n){1,4}?    key: (svc_\w+)", file.read_text(encoding="utf-8"))
    assert key


#: What calendars say is known from now on, whatever time is asked about.
SOON = Clock().now() + timedelta(days=3)
CALENDAR = f"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//example.com//rota//EN\r
BEGIN:VEVENT\r
UID:1@example.com\r
DTSTAMP:20260101T000000Z\r
DTSTART:{SOON:%Y%m%d}T080000Z\r
DTEND:{SOON:%Y%m%d}T200000Z\r
SUMMARY:gus\r
END:VEVENT\r
END:VCALENDAR\r
"""
WITH_CALENDAR = (
    """    every: 3 days
    handoff: "09:00"
    starts_on: 2026-01-05
    participants: [chloe, ben, farid]
""",
    """    layers:
      - {name: days, every: 3 days, handoff: "09:00", starts_on: 2026-01-05, participants: [chloe, ben]}
      - {name: imported, calendar: {file: rota.ics}}
""",
)


def test_calendar_that_came_from_a_file_is_exported_beside(
    ask: Ask, changed: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "rota.ics").write_bytes(CALENDAR.encode())
    assert ask("apply", changed(WITH_CALENDAR)).exit_code == 0
    exported = tmp_path / "elsewhere" / "exported.yaml"
    exported.parent.mkdir()
    ask("export", exported)
    assert (exported.parent / "rota.ics").read_bytes() == CALENDAR.encode()
    assert ask("apply", exported).output == f"{exported}: nothing to change\n"


def test_calendar_that_says_something_else_is_planned(
    ask: Ask, changed: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "rota.ics").write_bytes(CALENDAR.encode())
    file = changed(WITH_CALENDAR)
    ask("apply", file)
    assert ask("plan", file).output == f"{file}: nothing to change\n"
    (tmp_path / "rota.ics").write_bytes(CALENDAR.replace("SUMMARY:gus", "SUMMARY:emi").encode())
    planned = ask("plan", file).output
    assert "layers.imported.calendar.content: " in planned
    assert re.search(r"(09|10):00 – .* (21|22):00: Gus Lindqvist → Emi Sato", planned)


def test_nothing_can_be_exported_before_anything_runs(ask: Ask) -> None:
    assert "python -m bot apply FILE" in str(ask("export").exception)


def test_schema_is_json_and_knows_the_sections(ask: Ask) -> None:
    schema = json.loads(ask("schema").stdout)
    assert "escalation_policies" in schema["properties"]


def test_sound_organization_passes(ask: Ask) -> None:
    for words in ((ORGANIZATION,), ()):
        checked = ask("check", *words, *AT)
        assert "7 services reaches somebody within its first level" in " ".join(checked.output.split())
        assert checked.exit_code == 0
        ask("apply", ORGANIZATION)


def test_demo_organization_is_sound_all_year(ask: Ask, tmp_path: Path) -> None:
    file = demo.organization_in(tmp_path)
    for day in ("2026-03-02", "2026-05-31", "2026-08-29", "2026-11-27", "2027-06-01"):
        checked = ask("check", file, "--at", day)
        assert checked.output.startswith("Sound for 90 days")
        assert checked.exit_code == 0


def test_demo_organization_exported_and_applied_changes_nothing(ask: Ask, tmp_path: Path) -> None:
    file, exported = demo.organization_in(tmp_path), tmp_path / "exported.yaml"
    ask("apply", file)
    ask("export", exported)
    for one in (exported, file):
        assert ask("plan", one).output == f"{one}: nothing to change\n"
        assert ask("apply", one).output == f"{one}: nothing to change\n"


def test_gap_is_told_with_its_bounds_here_and_in_utc(ask: Ask, changed: Callable[..., Path]) -> None:
    file = changed(("email: emi@example.com}", "email: emi@example.com, active: false}"))
    checked = ask("check", file, *AT, "--days", "14")
    assert checked.exit_code == 1
    assert checked.output == GAPS


GAPS = """\
The first level reaches nobody:
  Checkout, Invoices · every severity level 1 (America/New_York)
    Mon  9 Mar 2026 10:00 EDT – Sun 15 Mar 2026 23:00 EDT
      2026-03-09T14:00Z – 2026-03-16T03:00Z

Levels that can reach nobody:
  Checkout, Invoices · every severity level 3

People who have left, and are still named:
  Emi Sato (emi): teams.payments.lead, teams.payments.members,
    schedules.payments.layers.rotation

In the next 14 days: 1 gap, 10 empty levels, 1 person who has left.
"""


def test_level_that_pages_only_after_its_time_is_told(ask: Ask, changed: Callable[..., Path]) -> None:
    text = "email: ada@example.com, notify: {high: [{channel: slack, after: 20 min}]}, "
    checked = ask("check", changed(("email: ada@example.com, ", text)), *AT, "--days", "30")
    assert checked.exit_code == 1
    assert checked.output == LATE


LATE = """\
Nobody is paged before the time of the first level is over:
  Checkout, Invoices · SEV0, SEV1 level 1: Ada Okafor, by `notify`

In the next 30 days: 1 first level that pages too late.
"""


def test_check_of_nothing_says_so(ask: Ask) -> None:
    checked = ask("check")
    assert checked.output == "There is no active service: nothing can be said.\n"
