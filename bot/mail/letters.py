"""What is written to people: subject, plain text and HTML of a letter. Pure."""

from dataclasses import dataclass
from datetime import datetime
from html import escape

from bot.domain.incident import Status
from bot.domain.narrative import span
from bot.domain.overview import Overview, PageFacts
from bot.domain.timeline import ClosureMissed, Escalated, EscalationExhausted, Paged, Reason

_SUBJECT = 150
_DESCRIPTION = 600
_COLOUR = {"SEV0": "#b3001b", "SEV1": "#d1350f", "SEV2": "#b26a00", "SEV3": "#1f6feb", "SEV4": "#57606a"}


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str
    html: str


def page(facts: PageFacts, now: datetime, link: str) -> Letter:
    """What is wrong, since when, why this person, what happens next, and where to answer."""
    incident = facts.overview.incident
    since = f"{incident.created_at:%Y-%m-%d %H:%M} UTC, {span(now - incident.created_at)} ago"
    services = ", ".join(one.name for one in facts.overview.services[:5])
    said = [("Severity", str(incident.severity)), ("Services", services), ("Since", since)]
    known = [(what, text) for what, text in said if text]
    why, after = _why(facts), _next(facts.overview)
    message = facts.entry.event.message if isinstance(facts.entry.event, Paged) else None
    description = _shortened(incident.description or "", _DESCRIPTION)
    title = _one_line(incident.title)
    text = [f"{incident.number}: {title}", *([f"“{message}”"] if message else []), why]
    text += ["\n".join(f"{what}: {one}" for what, one in known), *([description] if description else [])]
    text += [after, f"Answer in Slack: {link}"]
    return Letter(
        subject=_shortened(f"[{incident.number}] {incident.severity}: {title}", _SUBJECT),
        text="\n\n".join(_whole(part) for part in text) + "\n",
        html=_html(
            facts.overview, known, why=why, message=message, described=description, after=after, link=link
        ),
    )


def _why(facts: PageFacts) -> str:
    """Why this person is paged."""
    by = _one_line(facts.entry.by.name)
    match facts.entry.event:
        case Paged():
            return f"{by} pages you."
        case EscalationExhausted():
            return "You are an admin, and every level was paged without an answer."
        case ClosureMissed():
            return "The closure deadline has passed and you are next in the escalation."
        case Escalated(level, _, reason):
            return _why_level(level, reason, by)
        case _:
            return "You are needed."


def _why_level(level: int, reason: Reason, by: str) -> str:
    match reason:
        case Reason.BY_HAND:
            return f"{by} escalated it to level {level}, which is you."
        case Reason.UNACKNOWLEDGED | Reason.TIMED_OUT:
            return f"Nobody acknowledged in time; you are level {level}."
        case Reason.UNREACHABLE:
            return f"The level before could not be reached; you are level {level}."
        case Reason.REOPENED:
            return "It was reopened, and you are on call."
        case Reason.RAISED:
            return "Its severity was raised, and you are on call."
        case _:
            return (
                "You are on call." if level <= 1 else f"You are level {level}; the levels before have nobody."
            )


def _next(overview: Overview) -> str:
    """What happens next and when, or what has become of it."""
    incident = overview.incident
    if not incident.is_open:
        word = "closed" if incident.status is Status.CLOSED else "resolved"
        return f"It was {word} by {_one_line(incident.resolved_by or 'somebody')} meanwhile."
    if incident.acknowledged_at is not None:
        return f"{_one_line(incident.acknowledged_by or 'Somebody')} has acknowledged it."
    following = overview.next_level
    if following is not None and following.at is not None:
        names = ", ".join(_one_line(one.name) for one in following.people) or "the next level"
        return (
            f"If nobody acknowledges, level {following.level} ({names}) is paged at {following.at:%H:%M} UTC."
        )
    if overview.admins_at is not None:
        return f"If nobody acknowledges, the admins are paged at {overview.admins_at:%H:%M} UTC."
    return "Nobody has acknowledged it yet."


def _html(
    overview: Overview,
    known: list[tuple[str, str]],
    *,
    why: str,
    message: str | None,
    described: str,
    after: str,
    link: str,
) -> str:
    """The same, for a telephone in the dark: large, few colours, nothing loaded from elsewhere."""
    incident = overview.incident
    colour = _COLOUR[incident.severity]
    rows = "".join(
        f'<tr><td style="padding:2px 16px 2px 0;opacity:.65">{what}</td><td>{_safe(text)}</td></tr>'
        for what, text in known
    )
    quoted = (
        f'<p style="margin:0 0 16px;padding-left:12px;border-left:3px solid {colour}">{_safe(message)}</p>'
        if message
        else ""
    )
    told = f'<p style="margin:0 0 16px;opacity:.85">{_safe(described)}</p>' if described else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{incident.number}</title>
</head>
<body style="margin:0;padding:24px 16px;font:16px/1.5 -apple-system,'Segoe UI',Roboto,sans-serif">
<div style="max-width:560px;margin:0 auto">
<p style="margin:0 0 4px;color:{colour};font-weight:600">{incident.severity} · {incident.number}</p>
<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">{_safe(_one_line(incident.title))}</h1>
{quoted}<p style="margin:0 0 16px"><strong>{_safe(why)}</strong></p>
<table style="margin:0 0 16px;border-collapse:collapse">{rows}</table>
{told}<p style="margin:0 0 24px">{_safe(after)}</p>
<p style="margin:0"><a href="{escape(link)}" style="display:inline-block;padding:12px 20px;border-radius:8px;\
background:{colour};color:#fff;text-decoration:none;font-weight:600">Answer in Slack</a></p>
</div>
</body>
</html>
"""


def _safe(text: str) -> str:
    return escape(_whole(text)).replace("\n", "<br>")


def _one_line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _whole(text: str) -> str:
    """The text as UTF-8 can carry it: half characters, and those that cannot be seen, are taken out."""
    return "".join(one for one in text if one == "\n" or one.isprintable())


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
