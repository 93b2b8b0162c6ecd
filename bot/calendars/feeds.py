"""Shifts → iCalendar text that Google Calendar, Outlook and Apple Calendar subscribe to.

All times are UTC, so there is no zone to be misunderstood: each calendar shows them where its reader is. The
same shifts give the same bytes, whenever they are asked for, so that who has them is told so.
"""

from datetime import timedelta
from functools import lru_cache

from icalendar import Calendar, Event

from bot.domain.feed import FeedContent, FeedShift

_PRODUCT = "-//Tocsin//On call//EN"


#: Two seconds of work for a rotation by the hour, and calendars ask every hour.
@lru_cache(maxsize=16)
def text(content: FeedContent) -> bytes:
    """The feed, with CRLF and folded lines, in UTF-8."""
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", _visible(content.title))
    calendar.add("x-wr-calname", _visible(content.title))
    # Outlook and Apple Calendar do as told; Google looks when it likes.
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for shift in content.shifts:
        calendar.add_component(_event(shift, content))
    return bytes(calendar.to_ical())


def _event(shift: FeedShift, content: FeedContent) -> Event:
    event = Event()
    event.add("uid", _uid(shift))
    event.add("dtstamp", content.changed_at)
    event.add("last-modified", content.changed_at)
    event.add("sequence", content.revision)
    event.add("dtstart", shift.starts_at)
    event.add("dtend", shift.ends_at)
    event.add("summary", _visible(_summary(shift)))
    event.add("description", _visible(_description(shift), lines=True))
    event.add("status", "CONFIRMED")
    # Who is on call may be invited to lunch all the same.
    event.add("transp", "TRANSPARENT")
    event.add("x-microsoft-cdo-busystatus", "FREE")
    return event


def _uid(shift: FeedShift) -> str:
    """The same for a shift as long as it begins when it does, whoever works it and however long it lasts."""
    role = {None: "shift", True: "primary", False: "secondary"}[shift.is_primary]
    return f"{shift.schedule_id}-{shift.starts_at:%Y%m%dT%H%M%SZ}-{role}@tocsin"


def _summary(shift: FeedShift) -> str:
    match shift.is_primary:
        case None:
            return f"On call: {shift.schedule} ({shift.primary})"
        case True:
            return f"On call: {shift.schedule} (primary)"
        case _:
            return f"On call: {shift.schedule} (secondary)"


def _description(shift: FeedShift) -> str:
    lines = [f"Primary: {shift.primary}"]
    if shift.secondary is not None:
        lines.append(f"Secondary: {shift.secondary}")
    lines.append(f"Layer: {shift.layer}" if shift.layer is not None else "An override")
    return "\n".join(lines)


def _visible(text: str, *, lines: bool = False) -> str:
    """The text without characters that may not stand in a calendar."""
    return "".join(one if one.isprintable() or (lines and one == "\n") else " " for one in text)
