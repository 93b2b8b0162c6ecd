"""`/incident …` → a command, or what was probably meant."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace

from bot.domain.ids import SlackUserId
from bot.domain.incident import Status
from bot.slack import declaring, naming, nearest
from bot.slack.command import SEVERITY, Command, Misunderstood, UnknownName, as_severity, shown, split
from bot.slack.naming import Bare, Named
from bot.slack.nearest import STATUS_WORDS
from bot.slack.typed import NOBODY, Names, as_typed, with_names
from bot.slack.verbs import ABOUT_ONE, OFTEN_MENTIONING, ONLY_A_NUMBER, USAGE, VERBS, WITH_WORDS, Verb
from bot.slack.views import kit

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")
#: `who is on call for payments?`
_ON_CALL = re.compile(r"(?:who(?:['’]?s|\s+is)?\s+)?on[\s-]?call(?:\s+for)?(?!\S)", re.IGNORECASE)
#: It shows, rather than takes: of two meanings, the one that stops no escalation.
_MINE = "mine"
_FIRST_QUOTED = re.compile(r"^[\"'“„‘`](.*?)[\"'“”’`](?!\S)")
_QUOTES = "\"'“”„‘’`"
_MARKED = re.compile(r"<@[UW][A-Z0-9]{2,}(?:\|[^>]*)?>")
#: Whoever is named, with the marks after them: `@ben:`, `@ben, @chloe`, `@ben and @chloe`.
_PERSON = re.compile(
    r"\s*(?:(?:(?i:and)|&amp;|\+|,)\s+)?<@([UW][A-Z0-9]{2,})(?:\|[^>]*)?>[,:;.!?]*(?=\s|<@|$)"
)
#: Somebody more whom Slack did not mark: a name of nobody, or a group.
_UNMARKED = re.compile(r"(?:(?:and|&amp;|\+|,)\s+)?(?=@\w|<!subteam\^)", re.IGNORECASE)
_BARE = re.compile(r"#?\d+\W*")
#: Which numbers without INC are incidents, first after the verb and after what must stand before them. Not
#: `escalate 2`, which may be about a level, and not what a note or a title begins with.
_BARE_FIRST = {
    **dict.fromkeys((*ONLY_A_NUMBER, Verb.ASSIGN), Bare.ANY),
    **dict.fromkeys(WITH_WORDS - OFTEN_MENTIONING, Bare.WHOLE),
    Verb.PAGE: Bare.WHOLE | Bare.HASHED,
    Verb.SEVERITY: Bare.HASHED,
    Verb.ESCALATE: Bare.NONE,
}
_BARE_AFTER = {**_BARE_FIRST, Verb.PAGE: Bare.HASHED_ALONE}


def parse(text: str, names: Names = NOBODY) -> Command:
    """The command that was typed after `/incident`, as Slack sends it. Raises Misunderstood.

    `names` are those of people whom Slack marks by their id alone.

    No command may act on another incident than was meant:
    1. What names an incident where a number is expected (first; after the person or the status too) is
       the incident meant. Whose channel a channel is, the listener looks up.
    2. A command without words of one's own (`ack`, `assign`) refuses what is left over.
    3. Where the words of any other end with an incident, it may be meant (`resolve rolled back INC-…`) or
       only mentioned (`close duplicate of INC-…`): `perhaps`, and the listener asks if it is another one.
       That is asked for a note, too: it is quickly typed again, and a timeline is what others rely on.
       `#44` at either end may be one, or what other tools number; not in a note, where it often is that.
    4. Anywhere else it is mentioned: `note looks like INC-2025-010 again`.
    """
    command = _parse(with_names(text, names))
    perhaps = command.perhaps
    return replace(
        command,
        perhaps=replace(perhaps, rest=as_typed(perhaps.rest)) if perhaps else None,
        text=as_typed(command.text),
        services=tuple(as_typed(name) for name in command.services),
    )


def _parse(text: str) -> Command:
    first, rest = split(kit.plain(_CONTROL.sub(" ", text)))
    while first.casefold().lstrip("/") == "incident":
        first, rest = split(rest)
    if not first:
        return Command(Verb.HELP)
    if asked := _ON_CALL.match(f"{first} {rest.rstrip('?')}"):
        return _parse_rest(Verb.ONCALL, asked.string[asked.end() :].strip())
    if first.casefold() == _MINE:
        return _parse_rest(Verb.LIST, f"{_MINE} {rest}")
    verb = _verb(first)
    if verb is not None:
        return _parse_rest(verb, rest)
    if named := naming.first(f"{first} {rest}".strip()):
        return _about(named)
    raise _unknown(first, rest)


def _verb(word: str) -> Verb | None:
    return VERBS.get(word.casefold().rstrip(":,.!"))


def _about(named: Named) -> Command:
    """`INC-2026-044` alone shows it; `INC-2026-044 ack` is as good as `ack INC-2026-044`."""
    first, rest = split(named.rest)
    verb = _verb(first) if first else Verb.SHOW
    if verb is None or verb not in ABOUT_ONE:
        raise _unknown(first, f"{named.shown} {rest}".strip())
    return _parse_rest(verb, rest, replace(named, rest=rest))


def _unknown(word: str, rest: str) -> Misunderstood:
    allowed = ", ".join(one.value for one in USAGE)
    suggestion = as_typed(_instead_of(word, rest))
    return Misunderstood(f"“{shown(word)}” is no command. Commands are: {allowed}.", suggestion)


def _instead_of(word: str, rest: str) -> str:
    """What a word that is no verb was meant as: with others it may tell what is wrong."""
    if said := SEVERITY.fullmatch(word):
        return f"{Verb.DECLARE} {word} {rest}" if rest else f"{Verb.SEVERITY} SEV{said[1]}"
    if near := nearest.verb(word):
        return f"{near} {rest}".strip()
    if named := naming.first(rest):
        return f"{Verb.SHOW} {named.shown}"
    return f"{Verb.DECLARE} {word} {rest}" if rest else Verb.HELP.value


def _first(verb: Verb, text: str, bare: Mapping[Verb, Bare] = _BARE_FIRST) -> Named | None:
    """The incident that the text begins with.

    Raises Misunderstood for what is almost a number: taken for words, it would make the command act
    on the incident whose channel this is, instead of the one that was meant.
    """
    is_alone = verb in ONLY_A_NUMBER
    if named := naming.first(text, alone=is_alone, bare=bare.get(verb, Bare.NONE)):
        return named
    first, _ = split(text)
    if almost := naming.almost_first(text) or (_BARE.fullmatch(first) and is_alone and first):
        raise _no_number(almost)
    return None


def _no_number(typed: str) -> Misunderstood:
    return Misunderstood(f"“{shown(typed)}” is no incident number. They look like INC-2026-044.")


def _perhaps(verb: Verb, text: str) -> Named | None:
    """The incident at either end of the text. Raises Misunderstood for what is almost a number."""
    if verb not in WITH_WORDS:
        return None
    may_be_hashed = verb not in OFTEN_MENTIONING
    named = naming.last(text, hashed=may_be_hashed) or (naming.perhaps_first(text) if may_be_hashed else None)
    if named is None and (almost := naming.almost_last(text)):
        raise _no_number(almost)
    return named


def _perhaps_after(command: Command, before: str) -> Command:
    """As a command that begins with `#44` is, one whose words do, after what must stand before them."""
    if command.verb not in WITH_WORDS or _named_before(command) or command.perhaps is not None:
        return command
    found = naming.perhaps_first(command.text)
    return replace(
        command, perhaps=replace(found, rest=f"{before} {found.rest}", leads=False) if found else None
    )


def _parse_rest(verb: Verb, rest: str, named: Named | None = None) -> Command:
    if verb not in ABOUT_ONE:
        return _arguments(Command(verb, text=rest))
    named = named or _first(verb, rest)
    if named is None or named.channel is not None:
        command = _naming(Command(verb, text=rest, perhaps=_perhaps(verb, rest)), named)
    else:
        command = _naming(Command(verb), named)
    command = _arguments(command)
    return replace(command, perhaps=None) if command.number else command


def _naming(command: Command, named: Named | None, *, may_be_words: bool = False) -> Command:
    """The command about the incident named, if one is; what follows it is the text."""
    if named is None:
        return command
    if named.channel is None and named.number is not None:
        return replace(command, number=named.number, text=named.rest)
    may_be_words = bool(named.channel and named.rest) and (may_be_words or command.verb in OFTEN_MENTIONING)
    return replace(command, unresolved=replace(named, may_be_words=may_be_words), text=named.rest)


def _arguments(command: Command) -> Command:
    """The command with what follows the number understood."""
    match command.verb:
        case Verb.DECLARE:
            return declaring.understood(command)
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
            words = " ".join(command.text.split()).removeprefix("to ")
            return replace(command, text=declaring.unquoted(words))
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
    return Misunderstood(f"{takes}; “{shown(command.text)}” is left over.", as_typed(instead))


def _page_instead(command: Command) -> Misunderstood:
    """What `escalate @emi` means."""
    whom = command.text.removeprefix("to ")
    instead = " ".join(one for one in (Verb.PAGE, _named_before(command), whom) if one)
    sentence = "escalate pages whoever is next in the policy. page is for a person."
    return Misunderstood(sentence, as_typed(instead))


def _named_before(command: Command) -> str:
    """The incident that the command names, to be typed again."""
    return command.number or (command.unresolved.shown if command.unresolved else "")


def _list(command: Command) -> Command:
    words = command.text.replace(",", " ").split()
    for word in words:
        lower = word.casefold()
        if lower in (_MINE, "my", "me"):
            command = replace(command, mine=True)
        elif lower in ("all", "everything"):
            command = replace(command, everything=True)
        elif SEVERITY.fullmatch(lower):
            command = replace(command, severities=(*command.severities, as_severity(lower)))
        elif lower in tuple(Status):
            command = replace(command, statuses=(*command.statuses, Status(lower)))
        elif lower != "open":
            near = difflib.get_close_matches(lower, [_MINE, "all", *Status], n=1, cutoff=0.7)
            allowed = f"mine, all, open, SEV0–SEV4, {', '.join(Status)}"
            mended = [near[0] if one == word else one for one in words] if near else []
            suggestion = as_typed(f"list {' '.join(mended)}") if near else None
            raise Misunderstood(f"I cannot list “{shown(word)}”. Allowed: {allowed}.", suggestion)
    return replace(command, text="")


def _status(command: Command) -> Command:
    if not command.text:
        return command
    first, comment = split(command.text)
    second, after = split(comment)
    if f"{first} {second}".casefold() in STATUS_WORDS:
        first, comment = f"{first} {second}", after
    status = STATUS_WORDS.get(first.casefold().strip(_QUOTES + ",.:;!"))
    if status is None:
        near = nearest.status(first)
        words = " ".join(["status", _named_before(command), near or "", comment])
        suggestion = as_typed(" ".join(words.split())) if near else None
        raise Misunderstood(f"“{shown(first)}” is no status. Statuses are: {', '.join(Status)}.", suggestion)
    command = replace(command, statuses=(status,), text=comment)
    if _named_before(command):
        return command
    return _perhaps_after(_naming(command, _first(command.verb, comment)), status.value)


def _severity(command: Command) -> Command:
    if not _named_before(command):
        command = _naming(command, naming.last(command.text))
    severity = as_severity(command.text.removeprefix("to ").strip(_QUOTES + ".!,")) if command.text else None
    return replace(command, severity=severity, text="")


def _person(command: Command) -> Command:
    people, rest = _people(command)
    first, after = split(rest)
    mine = command.verb is Verb.ASSIGN and not people and first.casefold().rstrip(".,:!") in ("me", "myself")
    if people or mine:
        named = command.text.removesuffix(rest).rstrip() if people else first
        if command.verb is Verb.PAGE and (more := _UNMARKED.match(rest)):
            raise _unknown_name(command, named, rest[more.end() :])
        command = replace(command, people=people, mine=mine, text=after if mine else rest)
        if not _named_before(command):
            may_be_words = command.verb is Verb.PAGE
            named_after = _first(command.verb, command.text, _BARE_AFTER)
            command = _naming(command, named_after, may_be_words=may_be_words)
            command = _perhaps_after(command, named)
        if command.verb is Verb.ASSIGN and command.text:
            raise _left_over(command, "assign takes an incident number and a person, nothing else", named)
        return command
    if (marked := _MARKED.search(rest)) and not _UNMARKED.match(rest):
        others = rest.replace(marked[0], "", 1) if command.verb is Verb.PAGE else ""
        instead = " ".join([command.verb, *_named_before(command).split(), marked[0], *others.split()])
        raise Misunderstood("The person comes first.", as_typed(" ".join(instead.split())))
    if first:
        raise _unknown_name(command, "", rest)
    return replace(command, text="")


def _unknown_name(command: Command, named: str, words: str) -> UnknownName:
    """The words begin with a name of nobody; `named` are those who stand before it."""
    return UnknownName(" ".join([command.verb, *_named_before(command).split(), *named.split()]), words)


def _people(command: Command) -> tuple[tuple[SlackUserId, ...], str]:
    """Whom the words begin with, each once, and the other words. An incident is assigned to one."""
    rest = command.text
    first, after = split(rest)
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
        raise Misunderstood(f"“{shown(word)}” is no command.", f"{Verb.HELP} {near}")
    return replace(command, topic=topic, text="")
