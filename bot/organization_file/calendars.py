"""Calendars that stand in files beside the organization file: their text, read when it is."""

from pathlib import Path
from typing import Final

from bot.organization_file.checks import each
from bot.organization_file.document import Document
from bot.organization_file.problems import quoted

#: As `bot.calendars` takes it.
LARGEST: Final = 1024 * 1024


def texts(document: Document, folder: Path | None) -> dict[str, str]:
    """What stands in each calendar's file, by the file's name as it is written; names begin in `folder`.

    Adds a problem for each file that cannot be read. What its calendar means is worked out later.
    """
    found: dict[str, str] = {}
    for path, name in each(document.value, "schedules.*.layers.*.calendar.file"):
        if folder is None:
            document.refuse(path, "can only be read when the organization file is a file, too")
            continue
        try:
            found[name.strip()] = _text(folder / name.strip())
        except OSError as error:
            document.refuse(path, f"{quoted(name)} cannot be read: {error.strerror or 'unknown error'}")
        except ValueError as error:
            document.refuse(path, f"{quoted(name)} {error}")
    return found


def _text(path: Path) -> str:
    """Raises OSError, and ValueError with a sentence for the author of the file."""
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError("is larger than 1 MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    if "BEGIN:VCALENDAR" not in text.upper():
        raise ValueError("is no iCalendar: it has no BEGIN:VCALENDAR")
    return text
