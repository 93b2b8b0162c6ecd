"""`declare checkout is down, sev1 --service Checkout`: the title, and what else its words say."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.sla import Severity
from bot.slack import naming
from bot.slack.command import Command, Misunderstood, as_severity, shown, split
from bot.slack.verbs import ABOUT_ONE, VERBS, Verb

#: Telephones make long dashes of two hyphens, and bend the quotes.
_OPTION = re.compile(
    r"""\s(?:--?|[—–])(sev|severity|services?|svc)[\s=]+(?:["“”„]([^"“”]*)["“”]|['‘’]([^'‘’]*)['‘’]|(\S+))""",
    re.IGNORECASE,
)
_FLAG = re.compile(r"(?<!\S)(?:--|[—–])(\w+)")
_QUOTED = re.compile(r'["“„]([^"“”„]*)["“”]')
#: `SEV1: checkout is down`, `[sev 1] checkout is down`
_LEADING_SEVERITY = re.compile(r"[\[(]?sev[- ]?([0-4])[\])]?(?:\s*[-–—:|,]+\s*|\s+|$)", re.IGNORECASE)
#: `checkout is down, sev1`, `checkout is down (SEV 1).`
_TRAILING_SEVERITY = re.compile(r"(?:^|[\s–—:|,])-{0,2}[\[(]?sev[- ]?([0-4])[\])]?[.!:]?$", re.IGNORECASE)
#: What parts a severity from the title.
_BETWEEN = " -–—:|,"
#: `declare an incident` tells nothing yet; `open incidents` is no title.
_NO_TITLE, _MANY = (
    ("incident", "an incident", "new incident", "a new incident"),
    ("incidents", "all incidents"),
)


def understood(command: Command) -> Command:
    """The command with its options, and a severity in its title, understood. Raises Misunderstood."""
    typed = f" {command.text}"
    severities: list[Severity] = []
    services: list[str] = []
    for option in _OPTION.finditer(typed):
        quoted = option[2] if option[2] is not None else option[3]
        if option[1].casefold().startswith("sev"):
            severities.append(as_severity(quoted if quoted is not None else option[4]))
        else:
            names = option[4].split(",") if quoted is None else [quoted]
            services += [name.strip() for name in names if name.strip()]
    title = " ".join(_OPTION.sub(" ", typed).split())
    severity = _only(severities)
    if severity is None:
        title, severity = _in_title(unquoted(title))
    _check_flags(title, command.text)
    title = unquoted(title)
    _check_title(title)
    return replace(
        command,
        text="" if title.casefold() in _NO_TITLE else title,
        severity=severity,
        services=tuple(services),
    )


def unquoted(text: str) -> str:
    quotation = _QUOTED.fullmatch(text)
    return quotation[1].strip() if quotation else text


def _check_title(title: str) -> None:
    """Raises Misunderstood for what says no more than which incident: nobody is woken for `open INC-…`."""
    if title.casefold() in _MANY:
        raise Misunderstood("declare takes a title.", Verb.LIST.value)
    first, rest = split(title)
    verb = VERBS.get(first.casefold())
    about, words = (verb, rest) if rest and verb in ABOUT_ONE else (Verb.SHOW, title)
    named = naming.first(words, alone=True, bare=naming.Bare.WHOLE)
    if named is not None and not named.rest:
        sentence = f"declare takes a title; “{shown(title)}” only names an incident."
        raise Misunderstood(sentence, f"{about} {named.shown}")


def _only(severities: Sequence[Severity]) -> Severity | None:
    """The severity that the options say. Raises Misunderstood where they contradict one another."""
    said = [*dict.fromkeys(severities)]
    if len(said) > 1:
        raise Misunderstood(f"It cannot be both {' and '.join(said)}. Name one of {', '.join(Severity)}.")
    return said[0] if said else None


def _in_title(typed: str) -> tuple[str, Severity | None]:
    """The title without the severity that it begins or ends with."""
    if found := _LEADING_SEVERITY.match(typed):
        return typed[found.end() :], Severity(f"SEV{found[1]}")
    if found := _TRAILING_SEVERITY.search(typed):
        return typed[: found.start()].rstrip(_BETWEEN), Severity(f"SEV{found[1]}")
    return typed, None


def _check_flags(title: str, typed: str) -> None:
    """Raises Misunderstood for a misspelt option, or one without its value; `--force` may be in a title."""
    for flag in _FLAG.finditer(title):
        near = difflib.get_close_matches(flag[1].casefold(), ["sev", "severity", "service"], n=1, cutoff=0.8)
        if near:
            mended = typed.replace(flag[0], f"--{near[0]}")
            suggestion = f"{Verb.DECLARE} {mended}" if mended != typed else None
            takes = "declare takes --sev SEV0–SEV4 and --service NAME"
            raise Misunderstood(f"I do not understand “{shown(flag[0])}”: {takes}.", suggestion)
