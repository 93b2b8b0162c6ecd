"""An incident as people name it after `/incident`: by its number, by nearly its number, or by its channel.

Nearly a number is `INC–2026–044` (a telephone's dashes), `INC 2026-044`, and `2026-044` without INC. Among
other words the last must have three digits after a year of this century, as numbers are written:
`2026-02` is a month, and `2026-02-14` a day.
"""

import re
from dataclasses import dataclass, replace
from enum import Flag, auto

from bot.domain.ids import SlackChannelId, as_incident_number, incident_number

_DASH = "[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]"
_NUMBER = rf"(?i:(?P<inc>inc(?:{_DASH}|\s))?(?P<year>\d{{4}}){_DASH}(?P<ordinal>\d{{1,9}}))"
_CHANNEL = r"<#(?P<id>[A-Z0-9]+)(?:\|(?P<name>[^<>]*))?>"
#: `#inc-2026-044-db-is-down`, where Slack did not make a channel of it.
_NAME = r"#(?P<plain>(?i:inc-\d{4}-\d{1,9}-[\w-]+))"
_BEFORE, _AFTER = r"""[#("'“”„‘’\[*_~`]*""", r"""[).,:;!?"'“”‘’\]*_~`]*"""
_NAMED = rf"{_BEFORE}(?:{_CHANNEL}|{_NAME}|{_NUMBER}){_AFTER}"
_FIRST = re.compile(rf"(?i:incident\s+)?{_NAMED}(?!\S)")
_LAST = re.compile(rf"(?<!\S){_NAMED}$")
_ANYWHERE = re.compile(rf"(?<!\S){_NAMED}(?!\S)")
#: `INC-44`, and, where nothing but a number can be meant, `44` and `#44`: its year is the newest that has it.
_SHORT_NUMBER = (
    rf"(?P<before>{_BEFORE})(?P<inc>(?i:(?:incident\s+#?)?inc(?:{_DASH}|\s+#?)))?"
    rf"(?!(?:19|20)\d\d(?!\d))(?P<ordinal>\d{{1,5}}){_AFTER}"
)
_SHORT = re.compile(rf"{_SHORT_NUMBER}(?!\S)")
_SHORT_LAST = re.compile(rf"(?<!\S)(?:(?P<incident>(?i:incident))\s+)?{_SHORT_NUMBER}$")
_IN_NAME = re.compile(r"(inc-\d{4}-\d{1,9})(?:-.*)?", re.IGNORECASE)
#: What was meant as a number, and is none: `INC2026-044`, `INC-2026-O44`.
_ALMOST_FIRST = re.compile(
    r"\W*(?:inc(?:[^\w\s]{0,2}\d|[\W_]{1,3}\d{4}[\W_]{1,3}[\dO])|incident\s+#?\d{1,5}(?!\S))\S*",
    re.IGNORECASE,
)
_ALMOST_LAST = re.compile(r"(?<!\S)\W*inc[\W_]{0,3}\d{4}[\W_]{1,3}[\dO]\S*$", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """An incident, as it was named among other words."""

    #: Of a channel, what its name says.
    number: str | None
    #: Whose channel it is only the database knows.
    channel: SlackChannelId | None
    #: As people see it.
    shown: str
    #: The other words.
    rest: str
    #: The other words may be about a channel: `note #ops is looking`.
    may_be_words: bool = False
    #: Of a number without its year; which year it is, too, only the database knows.
    ordinal: int | None = None
    #: Whether the other words follow it.
    leads: bool = False


class Bare(Flag):
    """Numbers without INC that can only be those of an incident."""

    NONE = 0
    #: `44` and nothing else.
    ALONE = auto()
    #: `44 …`
    LEADING = auto()
    #: `#44` and nothing else.
    HASHED_ALONE = auto()
    #: `#44 …`
    HASHED_LEADING = auto()
    WHOLE = ALONE | HASHED_ALONE
    HASHED = HASHED_ALONE | HASHED_LEADING
    ANY = WHOLE | LEADING | HASHED


def first(text: str, *, alone: bool = False, bare: Bare = Bare.NONE) -> Named | None:
    """What the text begins with, if it names an incident; `alone`: other words are not expected."""
    if found := _FIRST.match(text):
        return _named(found, text[found.end() :].strip(), alone)
    short = _SHORT.match(text)
    if short is None:
        return None
    form = Bare.LEADING | Bare.HASHED_LEADING if text[short.end() :].strip() else Bare.WHOLE
    is_meant = form & bare & (Bare.HASHED if "#" in short["before"] else ~Bare.HASHED)
    return _short(short, text[short.end() :]) if short["inc"] or is_meant else None


def perhaps_first(text: str) -> Named | None:
    """The `#44` that the text begins with: an incident, or what others number too."""
    short = _SHORT.match(text)
    if short is None or "#" not in short["before"]:
        return None
    return replace(_short(short, text[short.end() :]), leads=True)


def last(text: str, *, hashed: bool = False) -> Named | None:
    """What the text ends with, if it names an incident; `hashed`: `#44` may be one."""
    text = text.rstrip()
    if found := _LAST.search(text):
        return _named(found, text[: found.start()].strip())
    short = _SHORT_LAST.search(text)
    if short is None or not (short["inc"] or short["incident"] or (hashed and "#" in short["before"])):
        return None
    return _short(short, text[: short.start()])


def _short(found: re.Match[str], rest: str) -> Named:
    incident = "incident " if found.groupdict().get("incident") else ""
    typed = f"{incident}{'#' if '#' in found['before'] else ''}{found['inc'] or ''}{found['ordinal']}"
    return Named(None, None, typed, rest.strip(), ordinal=int(found["ordinal"]))


def anywhere(text: str) -> Named | None:
    """The first that is named in the text."""
    named = (_named(found, "") for found in _ANYWHERE.finditer(text))
    return next((one for one in named if one is not None), None)


def almost_first(text: str) -> str | None:
    """What the text begins with, if it was meant as a number and is none."""
    found = _ALMOST_FIRST.match(text)
    return found[0] if found else None


def almost_last(text: str) -> str | None:
    """What the text ends with, if it was meant as a number and is none."""
    found = _ALMOST_LAST.search(text.rstrip())
    return found[0].strip() if found else None


def _named(found: re.Match[str], rest: str, alone: bool = False) -> Named | None:
    if found["id"] is not None:
        name = found["name"] or found["id"]
        return Named(_in_name(name), SlackChannelId(found["id"]), f"#{name}", rest)
    if found["plain"] is not None:
        number = _in_name(found["plain"])
        return Named(number, None, number or "", rest)
    is_written_so = found["year"].startswith("20") and len(found["ordinal"]) >= 3
    if found["inc"] is None and not (alone or is_written_so):
        return None
    number = incident_number(int(found["year"]), int(found["ordinal"]))
    return Named(number, None, number, rest)


def _in_name(name: str) -> str | None:
    found = _IN_NAME.fullmatch(name)
    return as_incident_number(found[1]) if found else None
