"""What Slack sends → what the person typed and sees: characters are escaped, and names are marked."""

import re
from collections.abc import Mapping

#: What people are called who are marked by their id alone.
Names = Mapping[str, str]
NOBODY: Names = {}

#: `<@U1|ben>`, `<#C1|ops>`, `<!here>`, `<!subteam^S1|@sre>`, `<https://x.example|x>`
_MARK = re.compile(r"<([@#!]|(?=https?:|mailto:))([^<>|]+)(?:\|([^<>]*))?>")
_UNNAMED = re.compile(r"<@([UW][A-Z0-9]{2,})\|?>")
_BROADCASTS = ("here", "channel", "everyone")


def as_typed(text: str, names: Names = NOBODY) -> str:
    """The words as people see them. Nothing in them is live: what is posted is escaped again."""
    shown = _MARK.sub(_seen, with_names(text, names))
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def with_names(text: str, names: Names) -> str:
    """The text as Slack sends it, with the names of those who are marked by their id alone."""
    return _UNNAMED.sub(lambda match: _with_name(match, names), text)


def unnamed(text: str) -> frozenset[str]:
    """The ids of people who are marked without a name."""
    return frozenset(_UNNAMED.findall(text))


def _with_name(match: re.Match[str], names: Names) -> str:
    name = names.get(match[1])
    if name is None:
        return match[0]
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<@{match[1]}|{escaped}>"


def _seen(match: re.Match[str]) -> str:
    kind, what, label = match[1], match[2], match[3]
    if kind in ("@", "#"):
        return kind + (label or what).removeprefix(kind)
    if kind == "!":
        return _called(what, label)
    return label or what


def _called(what: str, label: str | None) -> str:
    if what in _BROADCASTS:
        return f"@{what}"
    if what.startswith("subteam^"):
        return f"@{(label or 'group').removeprefix('@')}"
    return label or what
