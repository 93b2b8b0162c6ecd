"""What is typed after `/incident`."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.incident import Status
from bot.domain.sla import Severity
from bot.slack import grammar
from bot.slack.command import Command, Misunderstood
from bot.slack.verbs import USAGE, Verb

SEV1 = Severity.SEV1


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("", Command(Verb.HELP)),
        ("help", Command(Verb.HELP)),
        ("help sev", Command(Verb.HELP, topic=Verb.SEVERITY)),
        ("INC-2026-044", Command(Verb.SHOW, "INC-2026-044")),
        ("mine", Command(Verb.LIST, mine=True)),
        ("inc-2026-44 ack", Command(Verb.ACKNOWLEDGE, "INC-2026-044")),
        ("ACK", Command(Verb.ACKNOWLEDGE)),
        ("ack inc-2026-1234", Command(Verb.ACKNOWLEDGE, "INC-2026-1234")),
        ("resolve INC-2026-044 rolled back", Command(Verb.RESOLVE, "INC-2026-044", "rolled back")),
        ("resolve rolled back", Command(Verb.RESOLVE, None, "rolled back")),
        ("status fixing found it", Command(Verb.STATUS, text="found it", statuses=(Status.FIXING,))),
        ("status", Command(Verb.STATUS)),
        ("status: fixing", Command(Verb.STATUS, statuses=(Status.FIXING,))),
        ("ack!", Command(Verb.ACKNOWLEDGE)),
        ("status done: it was DNS", Command(Verb.STATUS, text="it was DNS", statuses=(Status.RESOLVED,))),
        ("status In progress on it", Command(Verb.STATUS, text="on it", statuses=(Status.FIXING,))),
        ('status "fixing"', Command(Verb.STATUS, statuses=(Status.FIXING,))),
        ("status fixing, found it", Command(Verb.STATUS, text="found it", statuses=(Status.FIXING,))),
        ("severity to sev1", Command(Verb.SEVERITY, severity=SEV1)),
        ("severity “SEV1”", Command(Verb.SEVERITY, severity=SEV1)),
        ("sev 1", Command(Verb.SEVERITY, severity=SEV1)),
        ("severity INC-2026-044 sev1", Command(Verb.SEVERITY, "INC-2026-044", severity=SEV1)),
        ("assign &lt;@U1", None),
        ("assign <@U123|ada>", Command(Verb.ASSIGN, people=("U123",))),  # type: ignore[arg-type]
        ("assign me", Command(Verb.ASSIGN, mine=True)),
        ("page <@U123> wake up", Command(Verb.PAGE, text="wake up", people=("U123",))),  # type: ignore[arg-type]
        ("assign to <@U123>.", Command(Verb.ASSIGN, people=("U123",))),  # type: ignore[arg-type]
        ("page <@U123>: come", Command(Verb.PAGE, text="come", people=("U123",))),  # type: ignore[arg-type]
        ("page <@U123|ben>, come", Command(Verb.PAGE, text="come", people=("U123",))),  # type: ignore[arg-type]
        ("list", Command(Verb.LIST)),
        (
            "list mine sev1 fixing",
            Command(Verb.LIST, mine=True, severities=(SEV1,), statuses=(Status.FIXING,)),
        ),
        ("list all", Command(Verb.LIST, everything=True)),
        ("incident", Command(Verb.HELP)),
        ("/incident list", Command(Verb.LIST)),
        ("/Incident incident declare incident db is down", Command(Verb.DECLARE, text="incident db is down")),
        ("oncall payments", Command(Verb.ONCALL, text="payments")),
        ("on call", Command(Verb.ONCALL)),
        ("who is on call?", Command(Verb.ONCALL)),
        ("who’s on-call for payments sat", Command(Verb.ONCALL, text="payments sat")),
        ("oncall “Data platform” sat", Command(Verb.ONCALL, text="Data platform sat")),
        ("oncall Women’s shop", Command(Verb.ONCALL, text="Women’s shop")),
        ("oncall me", Command(Verb.ONCALL, text="me", mine=True)),
        ("oncall <@U123|ben>", Command(Verb.ONCALL, people=("U123",))),  # type: ignore[arg-type]
        ("help me", Command(Verb.HELP)),
        ("rename “db  is slow”", Command(Verb.RENAME, text="db is slow")),
        ("retitle INC-2026-045 db\nis slow", Command(Verb.RENAME, number="INC-2026-045", text="db is slow")),
        ("rename to “db is slow”", Command(Verb.RENAME, text="db is slow")),
        ("note a &amp; b &lt;c&gt;", Command(Verb.NOTE, text="a & b <c>")),
        ("note ask <@U123|ada> in <#C1|ops> now", Command(Verb.NOTE, text="ask @ada in #ops now")),
        ("note see <https://x.example/a|x>", Command(Verb.NOTE, text="see x")),
    ],
)
def test_command_is_understood_as_it_is_meant(typed: str, understood: Command | None) -> None:
    if understood is None:
        with pytest.raises(Misunderstood):
            grammar.parse(typed)
    else:
        assert grammar.parse(typed) == understood


@pytest.mark.parametrize(
    ("typed", "title", "severity", "services"),
    [
        ("declare db is down", "db is down", None, ()),
        ("new db is down --sev SEV1", "db is down", SEV1, ()),
        ("declare --sev=1 db is down", "db is down", SEV1, ()),
        ("declare db is down —sev sev1", "db is down", SEV1, ()),
        ("declare checkout is down sev1", "checkout is down", SEV1, ()),
        ("declare SEV1 checkout is down", "checkout is down", SEV1, ()),
        ("declare sev1: checkout is down", "checkout is down", SEV1, ()),
        ("declare [sev 1] — checkout is down", "checkout is down", SEV1, ()),
        ('declare "SEV1: checkout is down"', "checkout is down", SEV1, ()),
        ("declare checkout — really bad — sev1", "checkout — really bad", SEV1, ()),
        ("declare checkout is down, SEV-1!", "checkout is down", SEV1, ()),
        ("declare checkout is down —sev1", "checkout is down", SEV1, ()),
        ('declare "checkout is down" (sev1)', "checkout is down", SEV1, ()),
        ("declare db --sev 1 --sev SEV1", "db", SEV1, ()),
        ("declare sevilla-sev1 is down", "sevilla-sev1 is down", None, ()),
        ("create db --service Checkout --service “Order queue”", "db", None, ("Checkout", "Order queue")),
        ("declare db --service a,b", "db", None, ("a", "b")),
        ('declare "db is down"', "db is down", None, ()),
        ("declare it’s “down”", "it’s “down”", None, ()),
        ("declare it’s “down” —sev 1", "it’s “down”", SEV1, ()),
        ("declare db --service ‘Order queue’", "db", None, ("Order queue",)),
        ("declare disk -s full --force", "disk -s full --force", None, ()),
        ("declare --sev SEV1", "", SEV1, ()),
        ("declare incident", "", None, ()),
        ("new incident sev1", "", SEV1, ()),
        ("declare INC-2026-045 is back", "INC-2026-045 is back", None, ()),
        ("declare 3 of 5 nodes are gone", "3 of 5 nodes are gone", None, ()),
        ("declare", "", None, ()),
    ],
)
def test_declaration_takes_options_wherever_they_stand(
    typed: str, title: str, severity: Severity | None, services: tuple[str, ...]
) -> None:
    assert grammar.parse(typed) == Command(Verb.DECLARE, text=title, severity=severity, services=services)


@pytest.mark.parametrize(
    ("typed", "people", "text"),
    [
        ("page <@U1A|ada> <@U2B|ben> both of you", ("U1A", "U2B"), "both of you"),
        ("page <@U1A>, <@U2B>,<@U3C|c d> and <@U4D>: come", ("U1A", "U2B", "U3C", "U4D"), "come"),
        ("page INC-2026-045 <@U1A> &amp; <@U2B>", ("U1A", "U2B"), ""),
        ("page <@U1A> <@U1A> twice", ("U1A",), "twice"),
        ("page <@U1A> and bring <@U2B|ben>", ("U1A",), "and bring @ben"),
        ("page <@U1A> INC-2026-045 <@U2B|ben> is away", ("U1A",), "@ben is away"),
    ],
)
def test_page_is_for_each_who_is_named_first(typed: str, people: tuple[str, ...], text: str) -> None:
    command = grammar.parse(typed)
    assert (command.people, command.text) == (people, text)


def test_declaration_with_two_severities_is_refused() -> None:
    with pytest.raises(Misunderstood, match=r"both SEV1 and SEV2\. Name one of SEV0, SEV1, .*SEV4"):
        grammar.parse("declare db is down --sev SEV1 --sev 2")


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("decalre fire", "declare fire"),
        ("resolv INC-2026-044 x", "resolve INC-2026-044 x"),
        ("status fixin", "status fixing"),
        ("list mien", "list mine"),
        ("list SEV1, fixng", "list SEV1 fixing"),
        ("list everything else", None),
        ("help shw", "help show"),
        ("xyzzy", "help"),
        ("res", "resolve"),
        ("dec foo", "declare foo"),
        ("esca", "escalate"),
        ("cancel INC-2026-044", "close INC-2026-044"),
        ("open INC-2026-044", "show INC-2026-044"),
        ("open 44", "show 44"),
        ("start INC-44 sev1", "show INC-44"),
        ("create postmortem INC-2026-044", "postmortem INC-2026-044"),
        ("open incidents", "list"),
        ("delete INC-2026-044", "close INC-2026-044"),
        ("relabel INC-2026-044 foo", "show INC-2026-044"),
        ("INC-2026-044 foo", "show INC-2026-044"),
        ("unack", "help"),
        ("unresolve INC-2026-044", "show INC-2026-044"),
        ("apge", "help"),
        ("sev1 checkout is down", "declare sev1 checkout is down"),
        ("sev1", "severity SEV1"),
        ("status mon", "status monitoring"),
        ("status open", None),
        ("escalate <@U123|emi>", "page @emi"),
        ("escalate INC-2026-044 to <@U123|emi>", "page INC-2026-044 @emi"),
        ("page ben please come", "page @"),
        ("page please come, <@U123|ben>", "page @ben please come,"),
        ("page <@U1A|ada> @bne please come", "page @ada @"),
        ("page INC-2026-044 <@U1A|ada>, @bne and <@U3C|chloe>: come", "page INC-2026-044 @ada, @"),
        ("page <@U1A|ada> and <!subteam^S1|@sre>", "page @ada @"),
        ("page @bne <@U1A|ada>", "page @"),
        ("assign INC-2026-044 this to <@U123|ben>", "assign INC-2026-044 @ben"),
        ("checkout is down", "declare checkout is down"),
        ("decalre &lt;!channel&gt; &amp; friends", "declare <!channel> & friends"),
        ("asign <@U123|ada>", "assign @ada"),
        ("declare db --severty sev1", "declare db --severity sev1"),
        ("declare db --sev", None),
    ],
)
def test_typo_brings_the_nearest_command(typed: str, suggestion: str | None) -> None:
    with pytest.raises(Misunderstood) as caught:
        grammar.parse(typed)
    assert caught.value.suggestion == suggestion


@pytest.mark.parametrize(
    "typed",
    [
        "ack INC-2026-45,",
        "ack\tinc-2026-045",
        "ack\u00a0#INC-2026-045",
        "assign <@U123|ada> INC-2026-045",
        "assign to <@U123> (INC-2026-045)",
        "page <@U123> INC-2026-045: wake up",
        "resolve INC-2026-045: rolled back",
        "resolve INC-2026-045\nrolled back",
        "severity sev1 INC-2026-045",
        "status fixing INC-2026-045",
        "status fixing INC-2026-045 now",
        "ack #inc-2026-045-db-is-down",
        "ack INC–2026–045",
        "ack INC‑2026−045",
        "ack INC 2026-045",
        "ack 2026-045",
        "ack 2026-45",
        "close 2026-045 duplicate",
        "note inc 2026-045, and more",
        "severity sev1 INC 2026-045",
        "INC–2026–045 resolve rolled back",
        "#inc-2026-045-db-is-down",
        "2026-045 ack",
        "\u200eack INC-\u200b2026-045\u200f",
        "a\u00adck INC-2026-045\ufeff",
    ],
)
def test_number_is_found_wherever_it_naturally_stands(typed: str) -> None:
    assert grammar.parse(typed).number == "INC-2026-045"


@pytest.mark.parametrize(
    ("typed", "verb", "text"),
    [
        ("ack <#C2|inc-2026-045-db>", Verb.ACKNOWLEDGE, ""),
        ("<#C2|inc-2026-045-db>", Verb.SHOW, ""),
        ("<#C2|inc-2026-045-db> resolve rolled back", Verb.RESOLVE, "rolled back"),
        ("resolve <#C2|inc-2026-045-db>: rolled back", Verb.RESOLVE, "rolled back"),
        ("status fixing <#C2|inc-2026-045-db> now", Verb.STATUS, "now"),
        ("severity sev1 <#C2|inc-2026-045-db>", Verb.SEVERITY, ""),
        ("assign <@U123|ada> <#C2|inc-2026-045-db>", Verb.ASSIGN, ""),
        ("page <@U123|ada> <#C2|inc-2026-045-db> wake up", Verb.PAGE, "wake up"),
    ],
)
def test_channel_may_stand_where_a_number_does(typed: str, verb: Verb, text: str) -> None:
    command = grammar.parse(typed)
    assert command.unresolved is not None
    assert (command.verb, command.number, command.text) == (verb, None, text)
    assert (command.unresolved.channel, command.unresolved.number) == ("C2", "INC-2026-045")


@pytest.mark.parametrize(
    ("typed", "verb", "text"),
    [
        ("ack 45", Verb.ACKNOWLEDGE, ""),
        ("ack #045.", Verb.ACKNOWLEDGE, ""),
        ("show INC-45", Verb.SHOW, ""),
        ("inc–45", Verb.SHOW, ""),
        ("INC-45 resolve rolled back", Verb.RESOLVE, "rolled back"),
        ("escalate inc-45", Verb.ESCALATE, ""),
        ("resolve INC-45: rolled back", Verb.RESOLVE, "rolled back"),
        ("status fixing INC-45 now", Verb.STATUS, "now"),
        ("page <@U123|ada> INC-45 wake up", Verb.PAGE, "wake up"),
        ("resolve INC 45 rolled back", Verb.RESOLVE, "rolled back"),
        ("close incident INC-45", Verb.CLOSE, ""),
        ("resolve #45", Verb.RESOLVE, ""),
        ("close 45", Verb.CLOSE, ""),
        ("status fixing #45", Verb.STATUS, ""),
        ("severity #45 sev1", Verb.SEVERITY, ""),
        ("assign #45 <@U123|ada>", Verb.ASSIGN, ""),
        ("assign <@U123|ada> 45", Verb.ASSIGN, ""),
        ("page #45 <@U123|ada> wake up", Verb.PAGE, "wake up"),
        ("page <@U123|ada> #45", Verb.PAGE, ""),
    ],
)
def test_year_may_be_left_out_where_nothing_else_can_be_meant(typed: str, verb: Verb, text: str) -> None:
    command = grammar.parse(typed)
    assert command.unresolved is not None
    assert (command.verb, command.number, command.text) == (verb, None, text)
    assert command.unresolved.ordinal == 45


def test_channel_without_a_name_says_no_number() -> None:
    named = grammar.parse("ack <#C2>").unresolved
    assert named is not None
    assert (named.channel, named.number, named.shown) == ("C2", None, "#C2")


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("resolve rolled back INC-2026-045", "rolled back"),
        ("resolve rolled back (INC–2026–045).", "rolled back"),
        ("close duplicate of 2026-045", "duplicate of"),
        ("reopen it is back: <#C2|inc-2026-045-db>", "it is back:"),
        ("status fixing as INC 2026-045", "fixing as"),
        ("note a &amp; b\nas INC-2026-045", "a & b\nas"),
        ("page <@U123|ada> look at INC-2026-045", "@ada look at"),
        ("close duplicate of _INC-2026-045_", "duplicate of"),
    ],
)
def test_incident_at_the_end_of_the_words_may_be_the_one_meant(typed: str, rest: str) -> None:
    command = grammar.parse(typed)
    assert command.perhaps is not None
    assert (command.number, command.perhaps.number, command.perhaps.rest) == (None, "INC-2026-045", rest)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("resolve #45 rolled back", "#45 rolled back"),
        ("close duplicate of #45.", "duplicate of #45"),
        ("resolve rolled back INC-45", "rolled back INC-45"),
        ("note same as INC 45", "same as INC 45"),
        ("reopen again, see incident 45", "again, see incident 45"),
        ("status fixing #45 is back", "fixing is back #45"),
        ("page <@U123|ada> #45 is back", "@ada is back #45"),
    ],
)
def test_number_among_words_may_be_that_of_an_incident(typed: str, words: str) -> None:
    command = grammar.parse(typed)
    perhaps = command.perhaps
    assert perhaps is not None
    ends = [perhaps.shown, perhaps.rest] if perhaps.leads else [perhaps.rest, perhaps.shown]
    assert (command.number, command.unresolved, perhaps.ordinal) == (None, None, 45)
    assert " ".join(ends) == words


@pytest.mark.parametrize(
    "typed",
    [
        "note #45 is deployed",
        "note deployed #45",
        "rename #45 is slow",
        "resolve 45 minutes of downtime",
        "close after 45",
        "severity 1",
        "note looks like INC-2025-010 again",
        "note the vendor has it as INC0012345",
        "note written up as PM-2026-007",
        "close INC-2026-001 duplicate of INC-2026-045",
        "INC-2026-001 close duplicate of INC-2026-045",
        "resolve the backfill of 2026-02",
        "resolve the backfill of 2026-02-14",
        "declare worse than INC-2026-045",
    ],
)
def test_what_is_only_mentioned_stays_words(typed: str) -> None:
    command = grammar.parse(typed)
    assert (command.unresolved, command.perhaps) == (None, None)
    assert command.number in (None, "INC-2026-001")
    assert typed.endswith(command.text)


@pytest.mark.parametrize(
    "typed",
    [
        "ack 2026",
        "ack 45 46",
        "escalate 2",
        "escalate #45",
        "resolve INC45 rolled back",
        "resolve incident 45 rolled back",
        "ack INC2026-045",
        "ack INC-2026-O45",
        "close INC-2026 duplicate",
        "escalate to ben",
        "escalate INC-2026-045 INC-2026-046",
        "ack it, INC-2026-045",
        "ack please",
        "ack INC 2026 045",
        "note INC-2026-045:db is slow",
        "resolve rolled back INC2026-045",
        "assign <@U123> for INC-2026-045",
    ],
)
def test_what_is_almost_a_number_never_becomes_the_channels_incident(typed: str) -> None:
    with pytest.raises(Misunderstood):
        grammar.parse(typed)


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("ack it, INC–2026–045", "ack INC-2026-045"),
        ("ack INC-2026-001 not INC-2026-045", "ack INC-2026-001"),
        ("ack the one in <#C2|inc-2026-045-db>", "ack #inc-2026-045-db"),
        ("ack please", "ack"),
        ("assign <@U123|ada> for INC-2026-045", "assign INC-2026-045 @ada"),
    ],
)
def test_left_over_words_suggest_the_incident_among_them(typed: str, suggestion: str) -> None:
    with pytest.raises(Misunderstood, match="left over") as caught:
        grammar.parse(typed)
    assert caught.value.suggestion == suggestion


def test_words_that_begin_with_digits_stay_words() -> None:
    assert grammar.parse("note 2026-02-14 it began").text == "2026-02-14 it began"
    assert grammar.parse("note 500 errors since noon").text == "500 errors since noon"
    assert grammar.parse("resolve 3 pods restarted").text == "3 pods restarted"


def test_note_keeps_its_lines() -> None:
    assert grammar.parse("note\none\ntwo").text == "one\ntwo"


def test_every_word_means_one_verb() -> None:
    words = [word for verb, usage in USAGE.items() for word in (verb.value, *usage.synonyms)]
    assert len(words) == len(set(words))
    assert set(USAGE) == set(Verb)


@given(st.text(max_size=300))
def test_whatever_is_typed_is_understood_or_refused(typed: str) -> None:
    with suppress(Misunderstood):
        assert isinstance(grammar.parse(typed), Command)
