"""What a person reads in a message that Slack hands over: many a monitor's has no text of its own."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.slack.typed import NOBODY, Names, as_typed

#: What Slack says itself where a message or an attachment says nothing.
_NOTHING = frozenset({"", "This content can't be displayed.", "[no preview available]"})
_LINES = frozenset({"rich_text_section", "rich_text_quote", "rich_text_preformatted"})


def words(message: Mapping[str, Any], names: Names = NOBODY) -> str:
    """The message's text as people see it, else that of its blocks and attachments; it may be empty.

    `names` are those of people who are marked by their id alone.
    """
    said = _said(message.get("text"), names)
    if said:
        return said
    attachments = [
        line for one in _objects(message.get("attachments")) for line in _of_attachment(one, names)
    ]
    lines = [*_of_blocks(message.get("blocks"), names), *attachments]
    return "\n".join(dict.fromkeys(lines))


def _of_attachment(attachment: Mapping[str, Any], names: Names) -> list[str]:
    """Its title and text, or its blocks, or what stands there for those who cannot show it."""
    written = [_said(attachment.get(part), names) for part in ("pretext", "title", "text")]
    found = [*filter(None, written), *_of_blocks(attachment.get("blocks"), names)]
    return found or [*filter(None, [_said(attachment.get("fallback"), names)])]


def _of_blocks(blocks: object, names: Names) -> list[str]:
    return [said for line in _lines(blocks) if (said := _said(line, names))]


def _lines(blocks: object) -> Iterator[str]:
    """The texts in blocks, from top to bottom; what can be pressed is none. However deep: nothing recurs."""
    waiting: list[Any] = [blocks]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += reversed(part)
        elif isinstance(part, str):
            yield part
        elif isinstance(part, dict) and str(part.get("type")) in _LINES:
            yield "".join(map(_inline, _objects(part.get("elements"))))
        elif isinstance(part, dict) and part.get("type") != "actions":
            waiting += [part.get("elements"), part.get("fields"), part.get("text")]


def _inline(element: Mapping[str, Any]) -> str:
    """A piece of a line of rich text, marked as Slack marks it in a text."""
    match element:
        case {"text": str(text)}:
            return text
        case {"type": "link", "url": str(url)}:
            return url
        case {"type": "user", "user_id": str(user_id)}:
            return f"<@{user_id}>"
        case {"type": "channel", "channel_id": str(channel_id)}:
            return f"<#{channel_id}>"
        case {"type": "broadcast", "range": str(everybody)}:
            return f"@{everybody}"
        case {"type": "emoji", "name": str(name)}:
            return f":{name}:"
        case _:
            return ""


def _said(text: object, names: Names) -> str:
    typed = as_typed(text, names).strip() if isinstance(text, str) else ""
    return "" if typed in _NOTHING else typed


def _objects(parts: object) -> list[Mapping[str, Any]]:
    return [one for one in parts if isinstance(one, dict)] if isinstance(parts, list) else []
