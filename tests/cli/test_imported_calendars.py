"""From a calendar beside the organization file to who is on call, through the commands that people type."""

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import commands
from bot.engine.clock import Clock
from tests.calendars.samples import calendar
from tests.story import ORGANIZATION

SOON = Clock().now().replace(microsecond=0) + timedelta(days=5)
ADDRESS = "https://calendar.example.com/canary-of-the-address/oncall.ics"
PAYMENTS = """  payments:
    name: Payments on call
    time_zone: Europe/Berlin
    layers:
      - {name: weekly, every: 1 week, handoff: "10:00", starts_on: 2026-01-05, participants: [emi, farid]}
      - {name: imported, calendar: CALENDAR}
"""


class Desk:
    """Somebody with a shell, an organization file and a calendar beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "organization.yaml"
        database = f"sqlite:///{folder / 'test.db'}"
        self._runner = CliRunner(env={"DATABASE_URL": database, "COLUMNS": "300"})

    def writes(self, source: str) -> None:
        """The organization file with the payments team's schedule, and this calendar on top of it."""
        before, rest = ORGANIZATION.read_text(encoding="utf-8").split(
            "  payments:\n    name: Payments on call"
        )
        _, web = rest.split("  web:\n", 1)
        text = before + PAYMENTS.replace("CALENDAR", source) + "  web:\n" + web
        self.file.write_text(text, encoding="utf-8")

    def runs(self, *words: str) -> Result:
        return self._runner.invoke(commands, [*words])

    def says(self, title: str) -> None:
        """The calendar beside the file has one event, a week long, soon."""
        event = f"DTSTART:{SOON:%Y%m%dT%H%M%SZ}\nDURATION:P7D\nSUMMARY:{title}"
        (self.folder / "oncall.ics").write_bytes(calendar(event).encode())

    def on_call(self) -> str:
        at = f"{SOON + timedelta(days=3):%Y-%m-%d %H:%M} UTC"
        return self.runs("oncall", "--team", "payments", "--at", at).output


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.writes("{file: oncall.ics}")
    desk.says("Chloé Martin")
    return desk


def test_calendar_beside_the_file_says_who_is_on_call(desk: Desk) -> None:
    assert desk.runs("apply", str(desk.file)).exit_code == 0
    assert "Chloé Martin" in desk.on_call()


def test_plan_tells_who_is_paged_differently_because_of_a_calendar(desk: Desk) -> None:
    desk.runs("apply", str(desk.file))
    desk.says("Ben Li")
    told = desk.runs("plan", str(desk.file), "--at", f"{SOON:%Y-%m-%d %H:%M}").output
    assert "calendar.file: oncall.ics (" in told
    assert "Chloé Martin → Ben Li" in told
    assert "Chloé Martin" in desk.on_call()
    assert "1 changed" in desk.runs("apply", str(desk.file)).output
    assert "Ben Li" in desk.on_call()


def test_export_beside_the_calendar_changes_nothing(desk: Desk) -> None:
    desk.runs("apply", str(desk.file))
    exported = desk.folder / "exported.yaml"
    assert desk.runs("export", str(exported)).exit_code == 0
    assert "nothing to change" in desk.runs("apply", str(exported)).output


def test_broken_calendar_is_refused_and_changes_nothing(desk: Desk) -> None:
    desk.runs("apply", str(desk.file))
    (desk.folder / "oncall.ics").write_text("BEGIN:VCALENDAR\nno colon\nEND:VEVENT\n", encoding="utf-8")
    refused = desk.runs("apply", str(desk.file))
    assert refused.exit_code != 0
    assert "layer imported: the calendar oncall.ics is damaged" in str(refused.exception)
    assert "Chloé Martin" in desk.on_call()


def test_missing_calendar_is_told_with_its_line(desk: Desk) -> None:
    (desk.folder / "oncall.ics").unlink()
    refused = desk.runs("apply", str(desk.file))
    line = next(
        number
        for number, text in enumerate(desk.file.read_text(encoding="utf-8").splitlines(), start=1)
        if "oncall.ics" in text
    )
    assert f"organization.yaml:{line}: schedules.payments.layers.2.calendar.file" in str(refused.exception)


def test_address_of_a_calendar_is_shown_by_no_command_but_export(desk: Desk) -> None:
    desk.runs("apply", str(desk.file))
    desk.writes(f"{{url: {ADDRESS}}}")
    for words in (("plan", str(desk.file)), ("apply", str(desk.file)), ("check",), ("audit",), ("oncall",)):
        assert "canary" not in desk.runs(*words).output
    assert "canary" in desk.runs("export").output


def test_check_tells_of_shifts_that_name_nobody(desk: Desk) -> None:
    desk.says("Zoe")
    told = desk.runs("check", str(desk.file)).output
    assert '"Zoe" names nobody who could be on call' in told
