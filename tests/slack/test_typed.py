"""What Slack sends, as people typed and see it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.command import Command
from bot.slack.grammar import parse
from bot.slack.typed import as_typed, unnamed
from bot.slack.verbs import Verb

NAMES = {"U1BEN": "Ben Li", "U2EVE": "<!channel> & |x> <@U1BEN>"}


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("asked <@U1BEN|ben> to look", "asked @ben to look"),
        ("asked <@U1BEN> to look", "asked @Ben Li to look"),
        ("asked <@U1BEN|> to look", "asked @Ben Li to look"),
        ("asked <@U9ZOE> to look", "asked @U9ZOE to look"),
        ("asked <@U2EVE>", "asked @<!channel> & |x> <@U1BEN>"),
        ("cc <!here>, <!channel> and <!everyone>", "cc @here, @channel and @everyone"),
        ("cc <!here|@here>", "cc @here"),
        ("cc <!subteam^S03AB|@sre>", "cc @sre"),
        ("cc <!subteam^S03AB>", "cc @group"),
        ("in <#C1|ops> and <#C2>", "in #ops and #C2"),
        ("since <!date^1772420400^{time}|03:00 UTC>", "since 03:00 UTC"),
        ("see <https://x.example/a|x> or <https://x.example/b>", "see x or https://x.example/b"),
        ("&lt;!here&gt; &amp;amp; &lt;@U1BEN&gt;", "<!here> &amp; <@U1BEN>"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_words_come_out_as_people_see_them(sent: str, seen: str) -> None:
    assert as_typed(sent, NAMES) == seen


@given(st.text())
def test_words_that_slack_escaped_come_back_as_they_were(words: str) -> None:
    sent = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert as_typed(sent, NAMES) == words


def test_only_who_has_no_name_is_looked_up() -> None:
    assert unnamed("<@U1BEN|ben> <@U2EVE> <@U9ZOE|> &lt;@U3&gt;") == {"U2EVE", "U9ZOE"}


@pytest.mark.parametrize(
    ("sent", "understood"),
    [
        ("declare <@U1BEN> is stuck", Command(Verb.DECLARE, text="@Ben Li is stuck")),
        ("page <@U1BEN> ask <@U1BEN>", Command(Verb.PAGE, text="ask @Ben Li", people=("U1BEN",))),  # type: ignore[arg-type]
        ("assign <@U1BEN> INC-2026-044", Command(Verb.ASSIGN, "INC-2026-044", people=("U1BEN",))),  # type: ignore[arg-type]
        ("note <!here> <@U1BEN>:\n<@U9ZOE>", Command(Verb.NOTE, text="@here @Ben Li:\n@U9ZOE")),
    ],
)
def test_names_with_blanks_stay_whole_in_commands(sent: str, understood: Command) -> None:
    assert parse(sent, NAMES) == understood
