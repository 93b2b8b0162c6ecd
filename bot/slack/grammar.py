"""`/incident …` → a command, or what was probably meant."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.errors import Refusal
from bot.domain.ids import SlackUserId
from bot.domain.incident import Status
from bot.domain.sla import Severity
from bot.slack import naming, nearest
from bot.slack.naming import Named
from bot.slack.nearest import STATUS_WORDS
from bot.slack.typed import NOBODY, Names, as_typed, with_names
from bot.slack.verbs import ABOUT_ONE, OFTEN_MENTIONING, ONLY_A_NUMBER, USAGE, VERBS, WITH_WORDS, Verb
from bot.slack.views import kit


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
    #: The channel that was named in the number's place.
    channel: Named | None = None
    #: What the words end with, where no number comes before them: was it meant?
    ending: Named | None = None


class Misunderstood(Refusal):
    """What was typed is no command; `suggestion` is the nearest one, ready to type."""

    code = "MISUNDERSTOOD"

    def __init__(self, sentence: str, suggestion: str | None = None) -> None:
        super().__init__(sentence)
        self.suggestion = suggestion


class UnknownName(Misunderstood):
    """Where a person must be marked stands a word; it may be somebody's name."""

    def __init__(self, before: str, words: str) -> None:
        who = "@someone or me" if before.startswith(Verb.ASSIGN) else "@someone"
        super().__init__(f"I do not know who “{_shown(_split(words)[0])}” is. Name {who}.", f"{before} @")
        #: The command up to the name.
        self.before = before
        #: What begins with the name.
        self.words = as_typed(words)

    def naming(self, name: str, rest: str) -> Misunderstood:
        """The refusal that offers this person, and the rest of the words."""
        return Misunderstood(self.sentence, f"{self.before} @{name} {rest}".strip())


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")
#: `who is on call for payments?`
_ON_CALL = re.compile(r"(?:who(?:['’]?s|\s+is)?\s+)?on[\s-]?call(?:\s+for)?(?!\S)", re.IGNORECASE)
_FIRST_QUOTED = re.compile(r"^[\"'“„‘`](.*?)[\"'“”’`](?!\S)")
_QUOTES = "\"'“”„‘’`"
_MARKED = re.compile(r"<@[UW][A-Z0-9]{2,}(?:\|[^>]*)?>")
#: Whoever is named, with the marks after them: `@ben:`, `@ben, @chloe`, `@ben and @chloe`.
_PERSON = re.compile(
    r"\s*(?:(?:(?i:and)|&amp;|\+|,)\s+)?<@([UW][A-Z0-9]{2,})(?:\|[^>]*)?>[,:;.!?]*(?=\s|<@|$)"
)
#: A mark of Slack is one word: the name in it may have blanks.
_WORD = re.compile(r"(?:<[@#!][^<>]*>|\S)+")
#: Telephones make long dashes of two hyphens, and bend the quotes.
_OPTION = re.compile(
    r"""\s(?:--?|[—–])(sev|severity|services?|svc)[\s=]+(?:["“”„]([^"“”]*)["“”]|['‘’]([^'‘’]*)['‘’]|(\S+))""",
    re.IGNORECASE,
)
_FLAG = re.compile(r"(?<!\S)(?:--|[—–])(\w+)")
_QUOTED = re.compile(r'["“„]([^"“”„]*)["“”]')
_BARE = re.compile(r"#?\d+\W*")
_SEVERITY = re.compile(r"sev[- ]?([0-4])", re.IGNORECASE)
#: `SEV1: checkout is down`, `[sev 1] checkout is down`
_LEADING_SEVERITY = re.compile(r"[\[(]?sev[- ]?([0-4])[\])]?(?:\s*[-–—:|,]+\s*|\s+|$)", re.IGNORECASE)
#: `checkout is down, sev1`, `checkout is down (SEV 1).`
_TRAILING_SEVERITY = re.compile(r"(?:^|[\s–—:|,])-{0,2}[\[(]?sev[- ]?([0-4])[\])]?[.!:]?$", re.IGNORECASE)
#: What parts a severity from the title.
_BETWEEN = " -–—:|,"


def parse(text: str, names: Names = NOBODY) -> Command:
    """The command that was typed after `/incident`, as Slack sends it. Raises Misunderstood.

    `names` are those of people whom Slack marks by their id alone.

    No command may act on another incident than was meant:
    1. What names an incident where a number is expected (first; after the person or the status too) is
       the incident meant. Whose channel a channel is, the listener looks up.
    2. A command without words of one's own (`ack`, `assign`) refuses what is left over.
    3. Where the words of any other end with an incident, it may be meant (`resolve rolled back INC-…`) or
       only mentioned (`close duplicate of INC-…`): `ending`, and the listener asks if it is another one.
       That is asked for a note, too: it is quickly typed again, and a timeline is what others rely on.
    4. Anywhere else it is mentioned: `note looks like INC-2025-010 again`.
    """
    command = _parse(with_names(text, names))
    ending = command.ending
    return replace(
        command,
        ending=replace(ending, rest=as_typed(ending.rest)) if ending else None,
        text=as_typed(command.text),
        services=tuple(as_typed(name) for name in command.services),
    )


def _parse(text: str) -> Command:
    first, rest = _split(kit.plain(_CONTROL.sub(" ", text)))
    while first.casefold().lstrip("/") == "incident":
        first, rest = _split(rest)
    if not first:
        return Command(Verb.HELP)
    if asked := _ON_CALL.match(f"{first} {rest.rstrip('?')}"):
        return _parse_rest(Verb.ONCALL, asked.string[asked.end() :].strip())
    verb = _verb(first)
    if verb is not None:
        return _parse_rest(verb, rest)
    if named := naming.first(f"{first} {rest}".strip()):
        return _about(named)
    raise _unknown(first, rest)


def _verb(word: str) -> Verb | None:
    return VERBS.get(word.casefold().rstrip(":,.!"))


def _split(text: str) -> tuple[str, str]:
    """The first word and what follows it; any white space parts them, and later lines stay lines."""
    found = _WORD.search(text)
    return (found[0], text[found.end() :].strip()) if found else ("", "")


def _about(named: Named) -> Command:
    """`INC-2026-044` alone shows it; `INC-2026-044 ack` is as good as `ack INC-2026-044`."""
    first, rest = _split(named.rest)
    verb = _verb(first) if first else Verb.SHOW
    if verb is None or verb not in ABOUT_ONE:
        raise _unknown(first, f"{named.shown} {rest}".strip())
    return _parse_rest(verb, rest, replace(named, rest=rest))


def _unknown(word: str, rest: str) -> Misunderstood:
    allowed = ", ".join(one.value for one in USAGE)
    suggestion = as_typed(_instead_of(word, rest))
    return Misunderstood(f"“{_shown(word)}” is no command. Commands are: {allowed}.", suggestion)


def _instead_of(word: str, rest: str) -> str:
    """What a word that is no verb was meant as: with others it may tell what is wrong."""
    if said := _SEVERITY.fullmatch(word):
        return f"{Verb.DECLARE} {word} {rest}" if rest else f"{Verb.SEVERITY} SEV{said[1]}"
    if near := nearest.verb(word):
        return f"{near} {rest}".strip()
    if named := naming.first(rest):
        return f"{Verb.SHOW} {named.shown}"
    return f"{Verb.DECLARE} {word} {rest}" if rest else Verb.HELP.value


def _shown(word: str) -> str:
    """What was typed, short enough for a sentence."""
    word = as_typed(word)
    return word if len(word) <= 40 else f"{word[:39]}…"


def _first(verb: Verb, text: str) -> Named | None:
    """The incident that the text begins with.

    Raises Misunderstood for what is almost a number: taken for words, it would make the command act
    on the incident whose channel this is, instead of the one that was meant.
    """
    is_alone = verb in ONLY_A_NUMBER
    if named := naming.first(text, alone=is_alone):
        return named
    first, _ = _split(text)
    if almost := naming.almost_first(text) or (_BARE.fullmatch(first) and is_alone and first):
        raise _no_number(almost)
    return None


def _no_number(typed: str) -> Misunderstood:
    return Misunderstood(f"“{_shown(typed)}” is no incident number. They look like INC-2026-044.")


def _ending(verb: Verb, text: str) -> Named | None:
    """The incident that the text ends with. Raises Misunderstood for what is almost a number."""
    if verb not in WITH_WORDS:
        return None
    named = naming.last(text)
    if named is None and (almost := naming.almost_last(text)):
        raise _no_number(almost)
    return named


def _parse_rest(verb: Verb, rest: str, named: Named | None = None) -> Command:
    if verb not in ABOUT_ONE:
        return _arguments(Command(verb, text=rest))
    named = named or _first(verb, rest)
    if named is None or named.channel is not None:
        command = _naming(Command(verb, text=rest, ending=_ending(verb, rest)), named)
    else:
        command = _naming(Command(verb), named)
    command = _arguments(command)
    return replace(command, ending=None) if command.number else command


def _naming(command: Command, named: Named | None, *, may_be_words: bool = False) -> Command:
    """The command about the incident named, if one is; what follows it is the text."""
    if named is None:
        return command
    if named.channel is None:
        return replace(command, number=named.number, text=named.rest)
    may_be_words = bool(named.rest) and (may_be_words or command.verb in OFTEN_MENTIONING)
    return replace(command, channel=replace(named, may_be_words=may_be_words), text=named.rest)


def _arguments(command: Command) -> Command:
    """The command with what follows the number understood."""
    match command.verb:
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
        case Verb.ESCALATE if _people(command)[0]:
            raise _page_instead(command)
        case verb if verb in ONLY_A_NUMBER and command.text:
            raise _left_over(command, f"{verb} takes an incident number and nothing else")
        case Verb.OVERRIDE:
            return replace(command, text=_first_unquoted(command.text))
        case Verb.RENAME:
            return replace(command, text=_unquoted(" ".join(command.text.split())))
        case Verb.ONCALL:
            return _oncall(command)
        case Verb.HELP:
            return _help(command)
        case _:
            return command


def _left_over(command: Command, takes: str, *words: str) -> Misunderstood:
    """What a command says to words it has no use for; an incident among them may be the one meant."""
    among = naming.anywhere(command.text)
    number = _named_before(command) or (among.shown if among else "")
    instead = " ".join(one for one in (command.verb, number, *words) if one)
    return Misunderstood(f"{takes}; “{_shown(command.text)}” is left over.", as_typed(instead))


def _page_instead(command: Command) -> Misunderstood:
    """What `escalate @emi` means."""
    whom = command.text.removeprefix("to ")
    instead = " ".join(one for one in (Verb.PAGE, _named_before(command), whom) if one)
    sentence = "escalate pages whoever is next in the policy. page is for a person."
    return Misunderstood(sentence, as_typed(instead))


def _named_before(command: Command) -> str:
    """The incident that the command names, to be typed again."""
    return command.number or (command.channel.shown if command.channel else "")


def _declare(command: Command) -> Command:
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
        title, severity = _in_title(_unquoted(title))
    _check_flags(title, command.text)
    return replace(command, text=_unquoted(title), severity=severity, services=tuple(services))


def _unquoted(text: str) -> str:
    quotation = _QUOTED.fullmatch(text)
    return quotation[1].strip() if quotation else text


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
            raise Misunderstood(f"I do not understand “{_shown(flag[0])}”: {takes}.", suggestion)


def _list(command: Command) -> Command:
    words = command.text.replace(",", " ").split()
    for word in words:
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
            near = difflib.get_close_matches(lower, ["mine", "all", *Status], n=1, cutoff=0.7)
            allowed = f"mine, all, open, SEV0–SEV4, {', '.join(Status)}"
            mended = [near[0] if one == word else one for one in words] if near else []
            suggestion = as_typed(f"list {' '.join(mended)}") if near else None
            raise Misunderstood(f"I cannot list “{_shown(word)}”. Allowed: {allowed}.", suggestion)
    return replace(command, text="")


def _status(command: Command) -> Command:
    if not command.text:
        return command
    first, comment = _split(command.text)
    second, after = _split(comment)
    if f"{first} {second}".casefold() in STATUS_WORDS:
        first, comment = f"{first} {second}", after
    status = STATUS_WORDS.get(first.casefold().strip(_QUOTES + ",.:;!"))
    if status is None:
        near = nearest.status(first)
        words = " ".join(["status", _named_before(command), near or "", comment])
        suggestion = as_typed(" ".join(words.split())) if near else None
        raise Misunderstood(f"“{_shown(first)}” is no status. Statuses are: {', '.join(Status)}.", suggestion)
    command = replace(command, statuses=(status,), text=comment)
    return command if _named_before(command) else _naming(command, _first(command.verb, comment))


def _severity(command: Command) -> Command:
    if not _named_before(command):
        command = _naming(command, naming.last(command.text))
    severity = as_severity(command.text.removeprefix("to ").strip(_QUOTES + ".!,")) if command.text else None
    return replace(command, severity=severity, text="")


def as_severity(text: str) -> Severity:
    """The severity that was typed, as `sev1`, `SEV 1` or `1`. Raises Misunderstood."""
    match = re.fullmatch(r"(?:sev[- ]?)?([0-4])", text.strip(), re.IGNORECASE)
    if match is None:
        raise Misunderstood(f"“{_shown(text)}” is no severity. Severities are: {', '.join(Severity)}.")
    return Severity(f"SEV{match[1]}")


def _person(command: Command) -> Command:
    people, rest = _people(command)
    first, after = _split(rest)
    mine = command.verb is Verb.ASSIGN and not people and first.casefold().rstrip(".,:!") in ("me", "myself")
    if people or mine:
        named = command.text.removesuffix(rest).rstrip() if people else first
        command = replace(command, people=people, mine=mine, text=after if mine else rest)
        if not _named_before(command):
            may_be_words = command.verb is Verb.PAGE
            command = _naming(command, _first(command.verb, command.text), may_be_words=may_be_words)
        if command.verb is Verb.ASSIGN and command.text:
            raise _left_over(command, "assign takes an incident number and a person, nothing else", named)
        return command
    if marked := _MARKED.search(rest):
        others = rest.replace(marked[0], "", 1) if command.verb is Verb.PAGE else ""
        instead = " ".join([command.verb, *_named_before(command).split(), marked[0], *others.split()])
        raise Misunderstood("The person comes first.", as_typed(" ".join(instead.split())))
    if first:
        raise UnknownName(" ".join([command.verb, *_named_before(command).split()]), rest)
    return replace(command, text="")


def _people(command: Command) -> tuple[tuple[SlackUserId, ...], str]:
    """Whom the words begin with, each once, and the other words. An incident is assigned to one."""
    rest = command.text
    first, after = _split(rest)
    if command.verb is not Verb.PAGE and first.casefold() == "to":
        rest = after
    people: list[SlackUserId] = []
    while (found := _PERSON.match(rest)) and not (people and command.verb is Verb.ASSIGN):
        people.append(SlackUserId(found[1]))
        rest = rest[found.end() :].strip()
    return tuple(dict.fromkeys(people)), rest


def _oncall(command: Command) -> Command:
    """Of a team, or of one person: `oncall payments sat`, `oncall me`, `oncall @ben`."""
    text = _first_unquoted(command.text)
    mine = text.casefold() in ("me", "mine", "my shifts")
    people, rest = _people(replace(command, text=text))
    return replace(command, text=rest if people else text, people=people[:1], mine=mine)


def _first_unquoted(text: str) -> str:
    return _FIRST_QUOTED.sub(r"\1", text, count=1).strip()


def _help(command: Command) -> Command:
    """Whoever asks for help with what is nearly a command is told of it; `help me` is a plain call."""
    if not command.text:
        return command
    word = command.text.split()[0].casefold()
    topic = VERBS.get(word)
    if topic is None and (near := nearest.verb(word)):
        raise Misunderstood(f"“{_shown(word)}” is no command.", f"{Verb.HELP} {near}")
    return replace(command, topic=topic, text="")
