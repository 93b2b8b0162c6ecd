"""What the properties of an event mean, however the calendar at hand writes them."""

from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Component
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

_MOST_ATTENDEES = 50
_LONGEST_TITLE = 200
_TIMES = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS")
#: May stand there several times.
_LISTED = ("RRULE", "RDATE", "EXDATE")


class Unreadable(Exception):
    """Why an event cannot be used."""


def check(event: Component) -> None:
    broken = {str(name).upper() for name, _ in event.errors} & {*_TIMES}
    if broken:
        raise Unreadable(f"its {', '.join(sorted(broken))} cannot be understood")
    if "DTSTART" not in event:
        raise Unreadable("it has no beginning")
    if "EXRULE" in event:
        raise Unreadable("it has an EXRULE, which is not read")
    recurrence = value(event, "RECURRENCE-ID")
    if recurrence is not None and "RANGE" in recurrence.params:
        raise Unreadable("it changes the rest of a series (RANGE=THISANDFUTURE), which is not read")
    for name in _TIMES:
        if name in event and name not in _LISTED and isinstance(value(event, name), list):
            raise Unreadable(f"it has more than one {name}")


def is_cancelled(event: Component) -> bool:
    return str(event.get("STATUS", "")).strip().upper() == "CANCELLED"


def sequence(event: Component) -> int:
    try:
        return int(str(event.get("SEQUENCE", 0)))
    except ValueError:
        return 0


def value(event: Component, name: str) -> Any:
    """A property of the event, of which the library knows more kinds than may stand here; None for none."""
    return event.get(name)


def several(one: Any) -> list[Any]:
    if one is None:
        return []
    return one if isinstance(one, list) else [one]


def as_text(one: Any) -> str:
    """A property's value as it stands in the text; empty for none."""
    first = one[0] if isinstance(one, list) and one else one
    if first is None or first == []:
        return ""
    return first.to_ical().decode() if hasattr(first, "to_ical") else str(first).upper()


def title(event: Component) -> str:
    """The title in one line, without characters that a terminal would obey."""
    written = str(next(iter(several(value(event, "SUMMARY"))), ""))
    visible = "".join(one if one.isprintable() else " " for one in written)
    return " ".join(visible.split())[:_LONGEST_TITLE] or "(no title)"


def addresses(event: Component, name: str) -> tuple[str, ...]:
    """E-mail addresses of people who have not declined."""
    found = []
    for one in several(value(event, name))[:_MOST_ATTENDEES]:
        params = getattr(one, "params", {})
        is_person = str(params.get("CUTYPE", "INDIVIDUAL")).upper() in ("INDIVIDUAL", "UNKNOWN")
        if str(params.get("PARTSTAT", "")).upper() == "DECLINED" or not is_person:
            continue
        address = str(params.get("EMAIL") or one).strip()
        if address[:7].lower() == "mailto:":
            address = address[7:]
        found.append(address.casefold()[:_LONGEST_TITLE])
    return tuple(dict.fromkeys(found))


def zone_named(name: str) -> tzinfo | None:
    """A zone by its IANA or Windows name."""
    name = name.strip()
    try:
        return ZoneInfo(WINDOWS_TO_OLSON.get(name, name)) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
