"""Calendars as Google, Outlook and Apple write them, and small ones to try one thing with."""

from datetime import UTC, datetime
from pathlib import Path

from bot.calendars.imports import expand
from bot.domain.imported import Expansion

FOLDER = Path(__file__).with_name("samples")
START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)


def sample(name: str) -> str:
    return (FOLDER / f"{name}.ics").read_bytes().decode()


def calendar(*events: str) -> str:
    """A calendar of these events, each given by its lines."""
    parts = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for number, event in enumerate(events):
        has_uid = "UID:" in event
        parts += ["BEGIN:VEVENT", *([] if has_uid else [f"UID:{number}"]), *event.split("\n"), "END:VEVENT"]
    return "\r\n".join([*parts, "END:VCALENDAR", ""])


def expanded(
    text: str, zone: str = "Europe/Berlin", start: datetime = START, end: datetime = END
) -> Expansion:
    return expand(text, zone, start, end)


def told(found: Expansion) -> list[str]:
    """Each occurrence as a person would write it down, in UTC."""
    return [
        f"{one.starts_at:%a %d %b %H:%M} – {one.ends_at:%a %d %b %H:%M} {one.title}"
        for one in found.occurrences
    ]
