"""A second reader of iCalendar text, which shares no line with the first: only what RFC 5545 requires."""

import re
from dataclasses import dataclass, field

_LINE = re.compile(r"[A-Z0-9-]+(;[A-Z0-9-]+=[^:;\"]*)*:.*", re.DOTALL)
_UTC = re.compile(r"\d{8}T\d{6}Z")
_ESCAPES = {"\\n": "\n", "\\N": "\n", "\\,": ",", "\\;": ";", "\\\\": "\\"}


@dataclass
class Block:
    name: str
    values: dict[str, str] = field(default_factory=dict)
    blocks: list["Block"] = field(default_factory=list)

    def text(self, name: str) -> str:
        return re.sub(r"\\.", lambda found: _ESCAPES[found.group()], self.values[name])


def read(content: bytes) -> Block:
    """The calendar in the text; fails with AssertionError where RFC 5545 is not kept."""
    assert content.endswith(b"\r\n")
    lines = content.split(b"\r\n")[:-1]
    for raw in lines:
        assert len(raw) <= 75
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", raw)
        raw.decode()  # no letter is cut in half by folding
    unfolded = b"\r\n".join(lines).replace(b"\r\n ", b"").split(b"\r\n")
    root = Block("")
    open_blocks = [root]
    for line in map(bytes.decode, unfolded):
        assert _LINE.fullmatch(line), line
        name, _, value = line.partition(":")
        if name == "BEGIN":
            open_blocks[-1].blocks.append(Block(value))
            open_blocks.append(open_blocks[-1].blocks[-1])
        elif name == "END":
            assert open_blocks.pop().name == value
        else:
            bare = name.partition(";")[0]
            assert bare not in open_blocks[-1].values, f"{bare} is there twice"
            open_blocks[-1].values[bare] = value
    assert open_blocks == [root]
    (calendar,) = root.blocks
    _check(calendar)
    return calendar


def _check(calendar: Block) -> None:
    assert calendar.name == "VCALENDAR"
    assert calendar.values["VERSION"] == "2.0"
    assert calendar.values["PRODID"]
    uids = set()
    for event in calendar.blocks:
        assert event.name == "VEVENT"  # all times are UTC: no VTIMEZONE
        for moment in ("DTSTAMP", "DTSTART", "DTEND", "LAST-MODIFIED"):
            assert _UTC.fullmatch(event.values[moment])
        assert event.values["DTSTART"] < event.values["DTEND"]
        assert event.values["SEQUENCE"].isdigit()
        uids.add(event.values["UID"])
    assert len(uids) == len(calendar.blocks)
