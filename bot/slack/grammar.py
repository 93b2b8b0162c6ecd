"""`/incident …` → a command: names, synonyms, usage and help in one table."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.errors import Refusal
from bot.domain.ids import SlackUserId, as_incident_number
from bot.domain.incident import Status
from bot.domain.sla import Severity


class Verb(StrEnum):
    HELP = "help"
    DECLARE = "declare"
    LIST = "list"
    SHOW = "show"
    ACKNOWLEDGE = "ack"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"
    STATUS = "status"
    SEVERITY = "severity"
    ASSIGN = "assign"
    ESCALATE = "escalate"
    PAGE = "page"
    NOTE = "note"
    TIMELINE = "timeline"
    ONCALL = "oncall"


@dataclass(frozen=True)
class Usage:
    #: Other words for the same.
    synonyms: tuple[str, ...]
    #: What follows the verb.
    words: str
    #: What it does, in one sentence.
    does: str


USAGE: Mapping[Verb, Usage] = {
    Verb.DECLARE: Usage(
        ("new", "create", "open", "start"),
        "[title] [--sev SEV1] [--service NAME …]",
        "Declare an incident; without a title a form asks for the rest.",
    ),
    Verb.LIST: Usage(
        ("ls", "all"), "[mine|all|SEVn|STATUS]", "List incidents; the open ones if nothing is said."
    ),
    Verb.SHOW: Usage(("info", "view", "get"), "[INC-…]", "Show an incident."),
    Verb.ACKNOWLEDGE: Usage(
        ("acknowledge", "acked", "mine"), "[INC-…]", "Take an incident: the escalation stops, it is yours."
    ),
    Verb.RESOLVE: Usage(("resolved", "fix", "fixed"), "[INC-…] [what fixed it]", "Resolve an incident."),
    Verb.CLOSE: Usage(
        ("closed",), "[INC-…] [why]", "Close an incident: resolved, a false alarm or a duplicate."
    ),
    Verb.REOPEN: Usage(("re-open",), "[INC-…] [why]", "Reopen an incident; the escalation starts again."),
    Verb.STATUS: Usage(
        ("state",),
        "[INC-…] [investigating|fixing|monitoring|resolved|closed] [comment]",
        "Change the status.",
    ),
    Verb.SEVERITY: Usage(("sev",), "[INC-…] [SEV0–SEV4]", "Change the severity; raising it escalates anew."),
    Verb.ASSIGN: Usage(("reassign", "give", "handover"), "[INC-…] [@someone|me]", "Assign an incident."),
    Verb.ESCALATE: Usage(("esc",), "[INC-…]", "Page the next level now."),
    Verb.PAGE: Usage(("call", "alert"), "[INC-…] [@someone] [message]", "Page a person now."),
    Verb.NOTE: Usage(("comment", "log", "update"), "[INC-…] [text]", "Put a note on the timeline."),
    Verb.TIMELINE: Usage(("history", "events"), "[INC-…]", "Show all that happened."),
    Verb.ONCALL: Usage(("on-call", "who"), "[team]", "Show who is on call."),
    Verb.HELP: Usage(("?", "-h", "--help"), "[command]", "Show what one can do."),
}

_VERBS: Mapping[str, Verb] = {
    word: verb for verb, usage in USAGE.items() for word in (verb.value, *usage.synonyms)
}
#: Verbs that need an incident: its number may stand first.
_ABOUT_ONE = frozenset(Verb) - {Verb.HELP, Verb.DECLARE, Verb.LIST, Verb.ONCALL}


@dataclass(frozen=True)
class Command:
    verb: Verb
    #: The incident named; None means the one whose channel this is.
    number: str | None = None
    #: The title, comment, message, note or team.
    text: str = ""
    severity: Severity | None = None
    severities: tuple[Severity, ...] = ()
    statuses: tuple[Status, ...] = ()
    services: tuple[str, ...] = ()
    person: SlackUserId | None = None
    #: `list mine`, `assign me`.
    mine: bool = False
    everything: bool = False
    #: The command that `help` is asked about.
    topic: Verb | None = None


class Misunderstood(Refusal):
    """What was typed is no command; `suggestion` is the nearest one, ready to type."""

    code = "MISUNDERSTOOD"

    def __init__(self, sentence: str, suggestion: str | None = None) -> None:
        super().__init__(sentence)
        self.suggestion = suggestion


#: What telephones make of quotes and dashes while one types.
_TYPOGRAPHY = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "—": "--", "–": "-"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PERSON = re.compile(r"<@([UW][A-Z0-9]{2,})(?:\|[^>]*)?>")
_NAMED = re.compile(r"<([@#])([A-Z0-9]+)(?:\|([^<>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto):[^<>|]*)(?:\|([^<>]*))?>")
_OPTION = re.compile(r'\s--?(sev|severity|service|svc|s)[\s=]+(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_SEVERITY = re.compile(r"sev[- ]?([0-4])", re.IGNORECASE)
_TRAILING_SEVERITY = re.compile(r"(?:^|\s)\(?sev[- ]?([0-4])\)?[.!]?$", re.IGNORECASE)


def parse(text: str) -> Command:
    """The command that was typed after `/incident`, as Slack sends it. Raises Misunderstood."""
    command = _parse(text)
    return replace(
        command,
        text=as_typed(command.text),
        services=tuple(as_typed(name) for name in command.services),
    )


def as_typed(text: str) -> str:
    """The words as the person typed them: Slack escapes characters, and marks people, channels and links."""
    named = _NAMED.sub(lambda match: f"{match[1]}{match[3] or match[2]}", text)
    shown = _LINK.sub(lambda match: match[2] or match[1], named)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _parse(text: str) -> Command:
    words = _CONTROL.sub(" ", text).strip()
    if not words:
        return Command(Verb.HELP)
    first, _, rest = words.partition(" ")
    if number := as_incident_number(first):
        return _about(number, rest.strip())
    verb = _VERBS.get(first.casefold())
    if verb is None:
        raise _unknown(first, rest)
    return _parse_rest(verb, rest.strip())


def _about(number: str, rest: str) -> Command:
    """`INC-2026-044` alone shows it; `INC-2026-044 ack` is as good as `ack INC-2026-044`."""
    if not rest:
        return Command(Verb.SHOW, number)
    first, _, more = rest.partition(" ")
    verb = _VERBS.get(first.casefold())
    if verb not in _ABOUT_ONE:
        raise _unknown(first, f"{number} {more}".strip())
    return _parse_rest(verb, f"{number} {more}".strip())


def _unknown(word: str, rest: str) -> Misunderstood:
    near = difflib.get_close_matches(word.casefold(), _VERBS, n=1, cutoff=0.5)
    verb = _VERBS[near[0]] if near else Verb.HELP
    allowed = ", ".join(one.value for one in USAGE)
    suggestion = f"{verb.value} {rest}".strip() if near else Verb.HELP.value
    word, rest = as_typed(word), as_typed(rest)
    shown = word if len(word) <= 40 else f"{word[:39]}…"
    return Misunderstood(f"“{shown}” is no command. Commands are: {allowed}.", suggestion)


def _parse_rest(verb: Verb, rest: str) -> Command:
    number: str | None = None
    if verb in _ABOUT_ONE:
        first, _, more = rest.partition(" ")
        number = as_incident_number(first)
        rest = more.strip() if number else rest
    command = Command(verb, number, rest)
    match verb:
        case Verb.DECLARE:
            return _declare(command)
        case Verb.LIST:
            return _list(command)
        case Verb.STATUS:
            return _status(command)
        case Verb.SEVERITY:
            return _severity(command)
        case Verb.ASSIGN | Verb.PAGE:
            return _person(command)
        case Verb.HELP:
            return _help(command)
        case _:
            return command


def _declare(command: Command) -> Command:
    typed = f" {command.text.translate(_TYPOGRAPHY)}"
    severity: Severity | None = None
    services: list[str] = []
    for option in _OPTION.finditer(typed):
        value = option[2] if option[2] is not None else option[3]
        if option[1].casefold().startswith("sev"):
            severity = as_severity(value)
        else:
            services += [name.strip() for name in value.split(",") if name.strip()]
    kept = " ".join(_OPTION.sub(" ", typed).split())
    title = command.text if kept == " ".join(typed.split()) else kept
    if severity is None and (trailing := _TRAILING_SEVERITY.search(title)):
        severity = Severity(f"SEV{trailing[1]}")
        title = title[: trailing.start()]
    title = title.strip()
    if len(title) > 1 and title[0] == title[-1] == '"':
        title = title[1:-1].strip()
    return replace(command, text=title, severity=severity, services=tuple(services))


def _list(command: Command) -> Command:
    for word in command.text.replace(",", " ").split():
        lower = word.casefold()
        if lower in ("mine", "my", "me"):
            command = replace(command, mine=True)
        elif lower in ("all", "everything"):
            command = replace(command, everything=True)
        elif _SEVERITY.fullmatch(lower):
            command = replace(command, severities=(*command.severities, as_severity(lower)))
        elif lower in tuple(Status):
            command = replace(command, statuses=(*command.statuses, Status(lower)))
        elif lower != "open":
            near = difflib.get_close_matches(lower, ["mine", "all", *Status], n=1)
            allowed = f"mine, all, open, SEV0–SEV4, {', '.join(Status)}"
            suggestion = f"list {near[0]}" if near else None
            raise Misunderstood(f"I cannot list “{word[:40]}”. Allowed: {allowed}.", suggestion)
    return replace(command, text="")


def _status(command: Command) -> Command:
    if not command.text:
        return command
    first, _, comment = command.text.partition(" ")
    try:
        status = Status(first.casefold())
    except ValueError:
        near = difflib.get_close_matches(first.casefold(), list(Status), n=1, cutoff=0.5)
        number = f"{command.number} " if command.number else ""
        suggestion = f"status {number}{near[0]} {comment}".strip() if near else None
        raise Misunderstood(
            f"“{first[:40]}” is no status. Statuses are: {', '.join(Status)}.", suggestion
        ) from None
    return replace(command, statuses=(status,), text=comment.strip())


def _severity(command: Command) -> Command:
    return replace(command, severity=as_severity(command.text) if command.text else None, text="")


def as_severity(text: str) -> Severity:
    """The severity that was typed, as `sev1`, `SEV 1` or `1`. Raises Misunderstood."""
    match = re.fullmatch(r"(?:sev[- ]?)?([0-4])", text.strip(), re.IGNORECASE)
    if match is None:
        raise Misunderstood(f"“{text[:40]}” is no severity. Severities are: {', '.join(Severity)}.")
    return Severity(f"SEV{match[1]}")


def _person(command: Command) -> Command:
    first, _, rest = command.text.partition(" ")
    if match := _PERSON.fullmatch(first):
        return replace(command, person=SlackUserId(match[1]), text=rest.strip())
    if command.verb is Verb.ASSIGN and first.casefold() in ("me", "myself"):
        return replace(command, mine=True, text=rest.strip())
    if command.text:
        allowed = "@someone or me" if command.verb is Verb.ASSIGN else "@someone"
        raise Misunderstood(f"I do not know who “{first[:40]}” is. Name {allowed}.", f"{command.verb} @")
    return command


def _help(command: Command) -> Command:
    if not command.text:
        return command
    word = command.text.split()[0].casefold()
    topic = _VERBS.get(word)
    if topic is None:
        raise _unknown(word, "")
    return replace(command, topic=topic, text="")
