"""What was typed after `/incident`, understood or not."""

import re
from dataclasses import dataclass

from bot.domain.errors import Refusal
from bot.domain.ids import SlackUserId
from bot.domain.incident import Status
from bot.domain.sla import Severity
from bot.slack.naming import Named
from bot.slack.typed import as_typed
from bot.slack.verbs import Verb

#: A mark of Slack is one word: the name in it may have blanks.
_WORD = re.compile(r"(?:<[@#!][^<>]*>|\S)+")
SEVERITY = re.compile(r"sev[- ]?([0-4])", re.IGNORECASE)


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
    #: Whom to assign to or to page; of several who are named one after the other, each.
    people: tuple[SlackUserId, ...] = ()
    #: `list mine`, `assign me`.
    mine: bool = False
    everything: bool = False
    #: The command that `help` is asked about.
    topic: Verb | None = None
    #: What was named in the number's place, and the database must tell: a channel, a number without its year.
    unresolved: Named | None = None
    #: What the words end with, or begin with, where no number comes before them: was it meant?
    perhaps: Named | None = None


class Misunderstood(Refusal):
    """What was typed is no command; `suggestion` is the nearest one, ready to type."""

    code = "MISUNDERSTOOD"

    def __init__(self, sentence: str, suggestion: str | None = None) -> None:
        super().__init__(sentence)
        self.suggestion = suggestion


class UnknownName(Misunderstood):
    """Where a person must be marked stands a word; it may be somebody's name."""

    def __init__(self, before: str, words: str) -> None:
        before = as_typed(before)
        who = "@someone or me" if before.startswith(Verb.ASSIGN) else "@someone"
        super().__init__(f"I do not know who “{shown(split(words)[0])}” is. Name {who}.", f"{before} @")
        #: The command up to the name.
        self.before = before
        #: What begins with the name.
        self.words = as_typed(words)

    def naming(self, name: str, rest: str) -> Misunderstood:
        """The refusal that offers this person, and the rest of the words."""
        return Misunderstood(self.sentence, f"{self.before} @{name} {rest}".strip())


def split(text: str) -> tuple[str, str]:
    """The first word and what follows it; any white space parts them, and later lines stay lines."""
    found = _WORD.search(text)
    return (found[0], text[found.end() :].strip()) if found else ("", "")


def shown(word: str) -> str:
    """What was typed, short enough for a sentence."""
    word = as_typed(word)
    return word if len(word) <= 40 else f"{word[:39]}…"


def as_severity(text: str) -> Severity:
    """The severity that was typed, as `sev1`, `SEV 1` or `1`. Raises Misunderstood."""
    match = re.fullmatch(r"(?:sev[- ]?)?([0-4])", text.strip(), re.IGNORECASE)
    if match is None:
        raise Misunderstood(f"“{shown(text)}” is no severity. Severities are: {', '.join(Severity)}.")
    return Severity(f"SEV{match[1]}")
