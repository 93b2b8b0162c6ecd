"""Block Kit's pieces: the only place that escapes and truncates.

Whatever text comes in, what goes out fits Slack's limits and has nothing live in it that a view did
not make itself. Source of the limits: Slack's Block Kit reference.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.organization import Person

Block = dict[str, Any]
Element = dict[str, Any]

BLOCKS_IN_MESSAGE = 50
BLOCKS_IN_VIEW = 100
SECTION_TEXT = 3000
FIELD_TEXT = 2000
HEADER_TEXT = 150
BUTTON_TEXT = 75
MESSAGE_TEXT = 3900
#: So much of a description stands on a card; all of it stands in the incident's channel.
DESCRIPTION = 500
#: All blocks of a message that is posted or changed, as JSON. From where on Slack refuses them is not
#: documented; people met it from 13,200 on: https://github.com/slackapi/bolt-js/issues/2509.
POSTED_BLOCKS = 12_000
OPTION_TEXT = 75
OPTIONS = 100
_CUT_NO_SHORTER = 200
#: A line of a quotation: escaped, each of its characters may become five.
_LINE = SECTION_TEXT // 6

#: Characters that change how their neighbours look, or cannot be seen: they could disguise a text.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\U000e0000-\U000e007f]"
)


@dataclass(frozen=True)
class Message:
    """What is posted: `text` is what a phone's lock screen shows."""

    text: str
    blocks: tuple[Block, ...] = ()


def message(text: str, blocks: Iterable[Block]) -> Message:
    return Message(fit(text, MESSAGE_TEXT).strip() or "—", tuple(blocks)[:BLOCKS_IN_MESSAGE])


def posted(blocks: Iterable[Block]) -> list[Block]:
    """The blocks with their longest sections cut as far as all of them together are more than Slack takes."""
    fitting = [*blocks]
    if len(fitting) == 1 and _text_of(fitting[0]):  # a line of a timeline, as most messages are, always fits
        return fitting
    while (excess := _size(fitting) - POSTED_BLOCKS) > 0:
        longest = max(range(len(fitting)), key=lambda place: len(_text_of(fitting[place])))
        text = _text_of(fitting[longest])
        if len(text) < _CUT_NO_SHORTER:
            break
        cut = fit(text, max(len(text) - excess - 1, len(text) // 2))
        fitting[longest] = {**fitting[longest], "text": _mrkdwn(cut)}
    return fitting


def _size(blocks: Sequence[Block]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False))


def _text_of(block: Block) -> str:
    """What a section says in one text."""
    return str(block["text"]["text"]) if block["type"] == "section" and "text" in block else ""


def plain(text: str) -> str:
    """The text without what cannot be seen."""
    return _INVISIBLE.sub("", text)


def escape(text: str) -> str:
    """Text from people or monitors as mrkdwn: it pings nobody and links nowhere."""
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fit(text: str, limit: int) -> str:
    """The text cut to the limit, with an ellipsis; an escape or a link is never cut in two."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    for opening, closing in (("&", ";"), ("<", ">")):
        start = cut.rfind(opening)
        if start > cut.rfind(closing) and limit - start < 200:
            cut = cut[:start]
    return f"{cut}…"


def shortened(text: str, limit: int) -> str:
    """People's text cut to the limit before it is escaped."""
    text = plain(text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def is_cut(text: str, limit: int) -> bool:
    return len(plain(text)) > limit


def quoted(text: str, limit: int = 600) -> str:
    """People's text as a quotation in mrkdwn, each of its lines short enough for a section."""
    lines = shortened(text.strip(), limit).splitlines()
    return "\n".join(f">{escape(piece)}" for line in lines if line.strip() for piece in pieces(line))


def pieces(line: str, limit: int = _LINE) -> Iterator[str]:
    """The line, cut between words where it is long."""
    while len(line) > limit:
        end = line.rfind(" ", 1, limit) + 1 or limit
        yield line[:end]
        line = line[end:]
    yield line


def cut(text: str, limit: int) -> str:
    """People's text cut to the limit between words."""
    return text if len(text) <= limit else f"{next(pieces(text, limit - 1)).rstrip()}…"


def mention(person: Person | None) -> str:
    """The person as Slack shows them, or their name while Slack does not know them."""
    if person is None:
        return "nobody"
    return f"<@{person.slack_id}>" if person.slack_id else name(person)


def name(person: Person | None) -> str:
    """The person where a mention would ring: what is posted in a channel, and who has not been paged yet."""
    return "nobody" if person is None else escape(shortened(person.name, 80))


def date(at: datetime, form: str = "{time}") -> str:
    """A moment, shown in each reader's own time zone."""
    return f"<!date^{int(at.timestamp())}^{form}|{at:%Y-%m-%d %H:%M} UTC>"


def date_and_time(at: datetime) -> str:
    return date(at, "{date_short_pretty}, {time}")


def local(at: datetime, time_zone: str) -> str:
    """A moment in one time zone, where that is what was asked for: `Sat 24 Oct 2026, 12:00`."""
    there = at.astimezone(ZoneInfo(time_zone))
    return f"{there:%a} {there.day} {there:%b %Y, %H:%M}"


def span(length: timedelta) -> str:
    """A length of time in words: `4 min`, `2 h 5 min`, `3 d`."""
    minutes = round(abs(length.total_seconds()) / 60)
    if minutes < 1:
        return "less than a minute"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    return " ".join([f"{count} {unit}" for count, unit in parts if count][:2])


def section(text: str, accessory: Element | None = None) -> Block:
    block: Block = {
        "type": "section",
        "text": _mrkdwn(fit(text, SECTION_TEXT).strip() or "—"),
    }
    return block | {"accessory": accessory} if accessory else block


def fields(texts: Sequence[str]) -> Block:
    """Up to ten short texts in two columns."""
    return {
        "type": "section",
        "fields": [_mrkdwn(fit(text, FIELD_TEXT)) for text in texts[:10]],
    }


def header(text: str) -> Block:
    shown = shortened(text, HEADER_TEXT).strip() or "—"
    return {"type": "header", "text": {"type": "plain_text", "text": shown, "emoji": False}}


def context(*texts: str) -> Block:
    return {
        "type": "context",
        "elements": [_mrkdwn(fit(text, FIELD_TEXT)) for text in texts[:10] if text],
    }


def divider() -> Block:
    return {"type": "divider"}


def row(*elements: Element | None) -> Block:
    """Buttons and menus side by side."""
    return {"type": "actions", "elements": [element for element in elements if element][:25]}


def button(
    text: str,
    action_id: str,
    value: str = "",
    *,
    style: str | None = None,
    url: str | None = None,
    confirm: Element | None = None,
) -> Element:
    element: Element = {"type": "button", "text": plain_text(text, BUTTON_TEXT), "action_id": action_id}
    optional = {"value": value[:2000], "style": style, "url": url, "confirm": confirm}
    return element | {key: given for key, given in optional.items() if given}


def confirmation(title: str, text: str, yes: str, no: str = "Not now") -> Element:
    return {
        "title": plain_text(title, 100),
        "text": _mrkdwn(fit(text, 300)),
        "confirm": plain_text(yes, 30),
        "deny": plain_text(no, 30),
    }


def option(text: str, value: str, description: str | None = None) -> Element:
    element: Element = {"text": plain_text(text, OPTION_TEXT), "value": value[:150]}
    return element | {"description": plain_text(description, OPTION_TEXT)} if description else element


def overflow(action_id: str, options: Sequence[Element]) -> Element | None:
    """A menu behind three dots; Slack allows five choices, and none at all is no menu."""
    return {"type": "overflow", "action_id": action_id, "options": list(options[:5])} if options else None


def _mrkdwn(text: str) -> Element:
    """Formatting, in which Slack looks for no links, channels or mentions of its own accord.

    Without `verbatim` it does, so `@here`, `#general` or an address in a title would come alive.
    Source: https://docs.slack.dev/reference/block-kit/composition-objects/text-object
    """
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain_text(text: str, limit: int) -> Element:
    return {"type": "plain_text", "text": shortened(text, limit) or "—", "emoji": True}
