"""A moment as people type it: `tomorrow 9:00`, `sat`, `2026-10-25 02:30`, `in 3 hours`."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain import zone
from bot.domain.errors import Invalid

#: The time of a day that is named without one: most handoffs are over by then.
NOON = time(12)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
_DAYS = {"today": 0, "tonight": 0, "tomorrow": 1, "tmrw": 1}
_TONIGHT = time(22)
_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s?(am|pm)?", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_IN = re.compile(r"in (\d{1,3}) ?(h|hours?|hrs?|d|days?|w|weeks?|min|mins|minutes?)", re.IGNORECASE)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "m": timedelta(minutes=1)}
FURTHEST = timedelta(days=3653)
#: More words than any moment has.
_LONGEST = 4
#: What moments look like, for who typed one that is none.
EXAMPLES = "`tomorrow 9:00`, `sat 14:30`, `2026-10-25 02:30`, `in 3 hours`"
#: `25:00`, `9`, `9pm`, `2026-02-30`, `24.12.`, `3h`
_LIKE_A_MOMENT = re.compile(r"\d{1,4}([-:./]\d{0,2}){0,2}\s?(am|pm|h|hrs?|d|w|min)?", re.IGNORECASE)
_WORDS_OF_TIME = ("next", "last", "week", "weekend", "month", "yesterday", "later", "hours", "days")
_PARTS_OF_A_DAY = ("morning", "noon", "afternoon", "evening", "night", "midnight")


@dataclass(frozen=True)
class When:
    """A moment that is fixed once the reader's day and zone are known; a time without a day is the next."""

    #: From now on; nothing else is said then.
    after: timedelta | None = None
    on: date | None = None
    #: Days from today.
    days: int | None = None
    #: 0 is Monday; the next one that is not over, today included.
    weekday: int | None = None
    #: None is noon.
    at: time | None = None


NOW = When(after=timedelta(0))


def split(text: str) -> tuple[str, When | None]:
    """The words before the moment, and the moment that the text ends with, if it does."""
    words = text.split()
    for start in range(max(len(words) - _LONGEST, 0), len(words)):
        if (when := parse(" ".join(words[start:]))) is not None:
            before = words[:start]
            if before and before[-1].casefold() in ("at", "on", "for"):
                before.pop()
            return " ".join(before), when
    return text.strip(), None


def parse(text: str) -> When | None:
    """The moment, or None for what names none."""
    words = text.casefold().replace(",", " ").split()
    if words == ["now"]:
        return NOW
    if found := _IN.fullmatch(" ".join(words)):
        return When(after=int(found[1]) * _UNITS[found[2][0].lower()])
    words = [word for word in words if word not in ("at", "on", "next", "this")]
    if not words or len(words) > 3:
        return None
    day = _day(words[0])
    rest = words[1:] if day is not None else words
    at = _time(" ".join(rest)) if rest else None
    if rest and at is None:
        return None
    if day is None:
        return When(at=at)
    return When(day.after, day.on, day.days, day.weekday, at or day.at)


def looks_like_one(text: str) -> bool:
    """Whether the text, which names no moment, was meant to: `tomorrow 25:00`, `today 9`, `next week`."""
    words = text.casefold().replace(",", " ").split()
    known = (*_WORDS_OF_TIME, *_PARTS_OF_A_DAY)
    return any(_LIKE_A_MOMENT.fullmatch(word) or word in known or _day(word) is not None for word in words)


def moment(when: When, now: datetime, time_zone: str) -> datetime:
    """The moment in UTC, seen from a zone at `now`. Raises Invalid for one that no schedule can tell of."""
    try:
        found = _moment(when, now, ZoneInfo(time_zone))
    except OverflowError:
        found = None
    if found is None or abs(found - now) > FURTHEST:
        raise Invalid(moment="is more than ten years away")
    return found


def _moment(when: When, now: datetime, where: ZoneInfo) -> datetime:
    if when.after is not None:
        return now + when.after
    today = now.astimezone(where).date()
    if when.on is not None:
        return _at(when, when.on, where)
    if when.days is not None:
        return _at(when, today + timedelta(days=when.days), where)
    ahead, again = (0, 1) if when.weekday is None else ((when.weekday - today.weekday()) % 7, 7)
    found = _at(when, today + timedelta(days=ahead), where)
    return found if found >= now else _at(when, today + timedelta(days=ahead + again), where)


def _at(when: When, day: date, where: ZoneInfo) -> datetime:
    return zone.instant(where, datetime.combine(day, when.at or NOON)).astimezone(UTC)


def is_skipped(when: When, found: datetime, time_zone: str) -> bool:
    """Whether the clock of the zone never shows that time: `found` is the first moment after it."""
    return when.after is None and found.astimezone(ZoneInfo(time_zone)).time() != (when.at or NOON)


def _day(word: str) -> When | None:
    if word in _DAYS:
        return When(days=_DAYS[word], at=_TONIGHT if word == "tonight" else None)
    for names in (_WEEKDAYS, _FULL):
        if word in names:
            return When(weekday=names.index(word))
    if word in _SHORT:
        return When(weekday=_SHORT[word])
    if found := _DATE.fullmatch(word):
        try:
            return When(on=date(int(found[1]), int(found[2]), int(found[3])))
        except ValueError:
            return None
    return None


def _time(text: str) -> time | None:
    """`9:00`, `09.00`, `9 am`, `9pm`; a bare `9` is no time."""
    if text == "noon":
        return NOON
    if text == "midnight":
        return time(0)
    found = _TIME.fullmatch(text)
    if found is None or (found[2] is None and found[3] is None):
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[3].lower() == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
