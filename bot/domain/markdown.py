"""A postmortem as a Markdown document."""

import re
from collections.abc import Iterable
from itertools import groupby

from bot.domain.incident import Incident
from bot.domain.postmortem import ActionItem, ActionStatus, Content, Postmortem

#: What would begin a heading, a rule, a quote, a list, a table, code or a link's address first in a line.
_START = re.compile(r"[#>~=+*_:`\[-]")
_ORDINAL = re.compile(r"(\d+)([.)])")
_MARKS = {
    ActionStatus.PENDING: "[ ]",
    ActionStatus.IN_PROGRESS: "[ ] (in progress)",
    ActionStatus.COMPLETED: "[x]",
}


def markdown(postmortem: Postmortem, incident: Incident) -> str:
    """The whole document. What people wrote keeps its words, and cannot break the document."""
    content = postmortem.content
    parts = [
        f"# {postmortem.number}: {_line(incident.title)}",
        _facts(postmortem, incident),
        *_section("Executive summary", content.executive_summary),
        *_section("Summary", content.summary),
        *_listed("Impact", _impact(content)),
        *_section("Root cause", content.root_cause),
        *_section("Contributing factors", content.contributing_factors),
        *_section("Five whys", content.five_whys),
        *_section("Resolution", content.resolution),
        *_section("Detection", content.detection_path),
        *_section("Monitoring gaps", content.monitoring_gaps),
        *_listed("Response times", _times(content)),
        *_listed(
            "Timeline",
            [f"{_line(one.timestamp)}: {_line(one.description)}" for one in content.timeline or ()],
        ),
        *_listed("Action items", [_action(one) for one in content.action_items or ()]),
        *_section("How it is kept from happening again", content.prevented_recurrence),
    ]
    return "\n\n".join(parts) + "\n"


def _facts(postmortem: Postmortem, incident: Incident) -> str:
    resolved = f"{incident.resolved_at:%Y-%m-%d %H:%M} UTC" if incident.resolved_at else "not resolved"
    return (
        f"| incident | severity | began | resolved | status |\n|---|---|---|---|---|\n"
        f"| {incident.number} | {incident.severity} | {incident.created_at:%Y-%m-%d %H:%M} UTC "
        f"| {resolved} | {postmortem.status.replace('_', ' ')} |"
    )


def _section(title: str, text: str | None) -> list[str]:
    return [f"## {title}", _block(text)] if text else []


def _listed(title: str, lines: Iterable[str]) -> list[str]:
    items = "\n".join(f"- {line}" for line in lines)
    return [f"## {title}", items] if items else []


def _impact(content: Content) -> list[str]:
    impact = content.impact
    if impact is None:
        return []
    said = (
        ("Duration", impact.duration),
        ("Users affected", impact.users_affected),
        ("Services affected", ", ".join(impact.services_affected or ())),
        ("Revenue", impact.revenue_impact),
    )
    return [f"{what}: {_line(text)}" for what, text in said if text]


def _times(content: Content) -> list[str]:
    times = content.response_timeline
    if times is None:
        return []
    said = (
        ("Acknowledged after", times.time_to_acknowledge),
        ("Cause known after", times.time_to_identify),
        ("Resolved after", times.time_to_resolve),
    )
    return [f"{what} {_line(text)}" for what, text in said if text]


def _action(item: ActionItem) -> str:
    who = f" ({_line(item.owner_email)})" if item.owner_email else ""
    due = f", due {_line(item.due_date)}" if item.due_date else ""
    return f"{_MARKS[item.status]} {_line(item.text)}{who}{due}"


def _line(text: str) -> str:
    """On one line, without HTML."""
    return _plain(" ".join(text.split()))


def _block(text: str) -> str:
    """Paragraphs and lines as they are; nothing in them is a heading, a list, a table or code."""
    lines = (_inert(line.strip()) for line in _plain(text).splitlines())
    paragraphs = (group for has_words, group in groupby(lines, key=bool) if has_words)
    return "\n\n".join("  \n".join(paragraph) for paragraph in paragraphs)


def _inert(line: str) -> str:
    """The line, whose first characters mean nothing to Markdown."""
    if _START.match(line):
        return f"\\{line}"
    return _ORDINAL.sub(r"\1\\\2", line, count=1) if _ORDINAL.match(line) else line


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
