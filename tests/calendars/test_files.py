"""Calendars in files beside the organization file: errors name the line, and the file."""

from pathlib import Path

import pytest

from bot.organization_file import calendars
from bot.organization_file.document import Document, load
from tests.calendars.samples import sample


def document(name: str) -> Document:
    layer = f"{{name: imported, calendar: {{file: {name}}}}}"
    return load(f"schedules:\n  payments:\n    layers:\n      - {layer}\n", "organization.yaml")


def test_text_of_each_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "oncall.ics").write_bytes(sample("google").encode())
    read = document("oncall.ics")
    assert calendars.texts(read, tmp_path) == {"oncall.ics": sample("google")}
    assert read.problems == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        (b"<html>", "no iCalendar"),
        (b"BEGIN:VCALENDAR\r\nX:\xff", "not UTF-8"),
        (b"BEGIN:VCALENDAR\r\n" + b"x" * 1024 * 1024, "1 MiB"),
    ],
)
def test_file_that_cannot_be_used_is_told_with_its_line(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    if content is not None:
        (tmp_path / "oncall.ics").write_bytes(content)
    read = document("oncall.ics")
    assert calendars.texts(read, tmp_path) == {}
    (problem,) = read.problems
    assert str(problem).startswith('4: schedules.payments.layers.1.calendar.file: "oncall.ics"')
    assert why in str(problem)


def test_folder_and_device_are_no_calendar(tmp_path: Path) -> None:
    for name in (".", "/dev/null", "x" * 300):
        read = document(name)
        assert calendars.texts(read, tmp_path) == {}
        assert len(read.problems) == 1


def test_text_without_a_file_has_no_files_beside_it() -> None:
    read = document("oncall.ics")
    assert calendars.texts(read, None) == {}
    assert "only be read" in str(read.problems[0])
