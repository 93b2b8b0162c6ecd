"""Facts → a letter: subject, plain text and HTML.

The page by e-mail is the sibling of the page in Slack and says the same, for somebody half asleep: what
is wrong, since when, why this person, what happens next and when, and where to go. Whatever people or
monitors wrote, the subject is one short line and nothing in the HTML is live that was not made here.
The HTML is one column of tables with styles in place, the only things every mail program draws alike;
the dark colours stand in the head, where programs that know no dark mode do not look.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from bot.domain.incident import Incident
from bot.domain.narrative import span
from bot.domain.organization import LevelRole
from bot.domain.overview import NextLevel, PageFacts
from bot.domain.sla import Severity
from bot.domain.timeline import ClosureMissed, Escalated, EscalationExhausted, Paged, Reason

_SUBJECT = 120
_TITLE = 200
_NAME = 80
_QUOTED = 600
_SERVICES = 5
_PEOPLE = 4
#: How severe it is, seen from afar: the bar above the letter. White reads well on each.
_COLOR = {
    Severity.SEV0: "#b3122f",
    Severity.SEV1: "#c62828",
    Severity.SEV2: "#b3541e",
    Severity.SEV3: "#7a6200",
    Severity.SEV4: "#2b5fa8",
}
_CALM = "#2e7d4f"
_ROLE_WORD = {
    LevelRole.PRIMARY: "the on-call primary",
    LevelRole.SECONDARY: "the on-call secondary",
    LevelRole.TEAM_LEAD: "the team lead",
    LevelRole.MANAGER: "the manager",
    LevelRole.ORG_ADMIN: "the admins",
}
#: What stands for an end of line, and characters that cannot be seen, turn their neighbours round, or
#: are half of one.
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True)
class Letter:
    #: One line.
    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class _Said:
    """What the letter says, in the order in which it says it; plain text throughout."""

    incident: Incident
    title: str
    #: `INC-2026-044 · Checkout`
    where: str
    since: str
    why: str
    #: What people wrote: the message of who pages, the description.
    message: str
    description: str
    next: str
    #: What to do there.
    call: str
    link: str


def page(facts: PageFacts, now: datetime, link: str) -> Letter:
    """What is wrong, since when, why this person, what happens next and when; `link` leads to where."""
    incident = facts.overview.incident
    message = facts.entry.event.message if isinstance(facts.entry.event, Paged) else None
    names = [_line(service.name, _NAME) for service in facts.overview.services]
    said = _Said(
        incident=incident,
        title=_line(incident.title, _TITLE),
        where=" · ".join([incident.number, *([_some(names, _SERVICES)] if names else [])]),
        since=f"Since {_moment(incident.created_at, now)} ({_ago(now - incident.created_at)})",
        why=_why(facts),
        message=_lines(message or ""),
        description=_lines(incident.description or ""),
        next=_next(facts, now),
        call="Acknowledge it in Slack" if incident.awaits_acknowledgement else "Open it in Slack",
        link=link,
    )
    return Letter(_subject(incident), _text(said), _html(said))


def _subject(incident: Incident) -> str:
    """`[INC-2026-044] SEV1: checkout is down`; the same for every page of an incident, for threads."""
    return _cut(f"[{incident.number}] {incident.severity}: {_line(incident.title, _TITLE)}", _SUBJECT)


def _why(facts: PageFacts) -> str:
    """Why this person is paged."""
    by = _line(facts.entry.by.name, _NAME)
    match facts.entry.event:
        case Paged(_, message):
            return f"{by} pages you{':' if message else '.'}"
        case EscalationExhausted(found_nobody=True):
            return "You are an admin, and no level has anybody to page."
        case EscalationExhausted():
            return "You are an admin, and every level was paged without an answer."
        case ClosureMissed():
            return "The closure deadline has passed and you are next in the escalation."
        case Escalated(level, reason=reason, repeat=repeat):
            return _why_level(level, reason, by, is_repeat=repeat > 0)
        case _:
            return "You are needed."


def _why_level(level: int, reason: Reason, by: str, *, is_repeat: bool) -> str:
    match reason:
        case Reason.BY_HAND:
            return f"{by} escalated it to level {level}, which is you."
        case _ if is_repeat:
            return f"Nobody has acknowledged it yet: it has begun again, and you are level {level}."
        case Reason.UNACKNOWLEDGED | Reason.TIMED_OUT:
            return f"Nobody acknowledged in time; you are level {level}."
        case Reason.UNREACHABLE:
            return f"The level before could not be reached; you are level {level}."
        case Reason.REOPENED:
            return "It was reopened, and you are on call."
        case Reason.RAISED:
            return "Its severity was raised, and you are on call."
        case _ if level > 1:
            return f"You are level {level}; the levels before have nobody."
        case _:
            return "You are on call."


def _next(facts: PageFacts, now: datetime) -> str:
    """What happens next and when, or what has become of it."""
    overview, incident = facts.overview, facts.overview.incident
    if not incident.is_open:
        word = incident.ended_as.capitalize()
        return f"{word} by {_line(incident.resolved_by or 'somebody', _NAME)}. Nothing more to do."
    if incident.acknowledged_at is not None:
        by = _line(incident.acknowledged_by or "somebody", _NAME)
        return f"Acknowledged by {by} at {_moment(incident.acknowledged_at, now)}."
    following = overview.next_level
    if following is not None and following.at is not None:
        again = " again" if following.is_repeat else ""
        moment = _until(following.at, now)
        return f"If nobody acknowledges, {_whom(following)} will be paged{again} at {moment}."
    if overview.admins_at is not None:
        return f"If nobody acknowledges, the admins will be paged at {_until(overview.admins_at, now)}."
    return "Nobody has acknowledged it yet."


def _whom(following: NextLevel) -> str:
    names = [_line(person.name, _NAME) for person in following.people]
    if names:
        return _some(names, _PEOPLE)
    return _ROLE_WORD[following.role] if following.role else f"level {following.level}"


def _text(said: _Said) -> str:
    incident = said.incident
    parts = [
        f"{incident.severity}: {said.title}\n{said.where}\n{said.since}",
        said.why + (f"\n{_quoted(said.message)}" if said.message else ""),
        said.next,
        f"{said.call}:\n{said.link}",
        *([_quoted(said.description)] if said.description else []),
        "-- \nAll times are UTC. Replies to this mail are not read.",
    ]
    return "\n\n".join(parts) + "\n"


def _html(said: _Said) -> str:
    incident = said.incident
    color = _COLOR[incident.severity] if incident.is_open else _CALM
    rows = [
        _row(f"{incident.severity} · {said.where}", "0 0 4px", _SMALL),
        _row(said.title, "0 0 4px", _HEADING),
        _row(said.since, "0 0 16px", _SMALL),
        _row(said.why, "0 0 16px"),
        *([_quotation(said.message)] if said.message else []),
        _row(said.next, "0 0 20px"),
        _button(said.call, said.link, color),
        *([_quotation(said.description)] if said.description else []),
        _row("All times are UTC. Replies to this mail are not read.", "4px 0 0", _SMALL),
    ]
    return _FRAME.format(
        title=escape(said.title), preview=escape(f"{said.why} {said.next}"), color=color, rows="\n".join(rows)
    )


_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
_INK = f"{_FONT}color:#1d2126;"
_PALE = f"{_FONT}color:#59626d;"
#: Class, for the dark colours, and style.
_HEADING = ("ink", f"{_INK}font-size:22px;line-height:1.3;font-weight:700;")
_BODY = ("ink", f"{_INK}font-size:16px;line-height:1.5;")
_SMALL = ("pale", f"{_PALE}font-size:14px;line-height:1.5;")
_FRAME = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
@media (prefers-color-scheme: dark) {{
.ground {{ background-color: #121417 !important; }}
.sheet {{ background-color: #1d2126 !important; }}
.ink {{ color: #f1f3f5 !important; }}
.pale {{ color: #a9b2bc !important; }}
.quote {{ color: #f1f3f5 !important; background-color: #2a2f36 !important; }}
}}
</style>
</head>
<body class="ground" style="margin:0;padding:0;background-color:#eef0f2">
<div style="display:none;max-height:0;overflow:hidden">{preview}</div>
<table role="presentation" class="ground" width="100%" cellpadding="0" cellspacing="0" \
style="background-color:#eef0f2"><tr><td align="center" style="padding:16px 8px">
<table role="presentation" class="sheet" width="100%" cellpadding="0" cellspacing="0" \
style="max-width:560px;background-color:#ffffff;border-radius:10px;border-top:6px solid {color}">
<tr><td style="padding:20px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0">
{rows}
</table>
</td></tr></table>
</td></tr></table>
</body>
</html>
"""


def _row(text: str, padding: str, look: tuple[str, str] = _BODY) -> str:
    name, style = look
    return (
        f'<tr><td class="{name}" style="{style}padding:{padding};word-break:break-word">'
        f"{escape(text)}</td></tr>"
    )


def _quotation(text: str) -> str:
    lines = "<br>\n".join(map(escape, text.split("\n")))
    return (
        f'<tr><td style="padding:0 0 16px"><div class="quote" style="{_INK}background-color:#f4f5f7;'
        "border-left:4px solid #8a949f;border-radius:4px;padding:10px 12px;font-size:15px;line-height:1.5;"
        f'word-break:break-word">{lines}</div></td></tr>'
    )


def _button(text: str, link: str, color: str) -> str:
    return (
        '<tr><td style="padding:0 0 20px"><table role="presentation" cellpadding="0" cellspacing="0"><tr>'
        f'<td style="background-color:{color};border-radius:8px"><a href="{escape(link)}" '
        f'style="{_FONT}display:inline-block;padding:13px 22px;font-size:16px;font-weight:600;'
        f'color:#ffffff;text-decoration:none">{escape(text)}</a></td></tr></table></td></tr>'
    )


def _moment(at: datetime, now: datetime) -> str:
    """`12:15 UTC`, with the day when it is another one."""
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M} UTC"


def _ago(length: timedelta) -> str:
    return f"{span(length)} ago" if length >= timedelta(seconds=1) else "just now"


def _until(at: datetime, now: datetime) -> str:
    return f"{_moment(at, now)} (in {span(at - now)})" if at > now else _moment(at, now)


def _some(names: list[str], most: int) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _line(text: str, limit: int) -> str:
    """People's text as one short line."""
    return _cut(" ".join(plain(text).split()), limit)


def _lines(text: str) -> str:
    """People's text without empty lines and what cannot be seen, and not too long."""
    kept: Iterable[str] = (line.rstrip() for line in plain(text.strip()).split("\n"))
    return _cut("\n".join(line for line in kept if line), _QUOTED)


def plain(text: str) -> str:
    return _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))
