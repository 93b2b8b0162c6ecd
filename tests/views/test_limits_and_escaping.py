"""Whatever people write: what goes out fits Slack's limits, and nothing is live that we did not make."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import Refusal
from bot.domain.overview import FailedDelivery
from bot.domain.postmortem import PostmortemLevel
from bot.slack.command import Command
from bot.slack.verbs import Verb
from bot.slack.views import answers, card, home, kit, modals, page, postmortem, timeline
from bot.slack.views.inputs import Metadata
from bot.slack.views.kit import Message
from bot.workspace import blocks as slack_rules
from bot.workspace.state import State
from tests.domain.samples import NOW, entry, organization
from tests.faults.doses import dose
from tests.views import duty_samples, samples
from tests.views.samples import events, overview, page_facts

HOSTILE = [
    "<!channel>",
    "<!here> and <!everyone>",
    "<!subteam^S1>",
    "<@U1>",
    "<https://evil.example|status page>",
    "&lt;!channel&gt;",
    "a\u200bb\u202ec\u2066d\ufeff",
    "a\u061cb\u2028c\u00add\U000e0041",
    "@here in #general, see https://evil.example",
    "\x00\x1b[31mred",
    "😀" * 4000,
    "*" * 5000,
    "<" * 5000,
    "&" * 5000,
    "\n" * 5000,
    "> quote\n```code",
    " ",
    "-",
]
#: What our templates make live: people, our channel, dates. Nothing else may be.
_OURS = re.compile(r"<@U0ADA>|<#C1>|<!date\^\d+\^[^|<>]*\|[^|<>]*>")
_LIVE = re.compile(r"<[^>]*>?")

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=400), st.text("<>&!@#|^*_~`", max_size=80))
SLACK = State("Acme", lambda: 0.0)
METADATA = Metadata("INC-2026-044", "C1")


def everything(text: str) -> list[Message]:
    """Every message that can show what people wrote, with this text in it."""
    title = text.strip()[:200] or "x"
    shown = overview(title=title, description=text[:10_000], declared_by=text[:100])
    entries = [entry(event) for event in events(text[:500])]
    messages = [
        card.card(shown, NOW),
        card.announcement(shown, NOW),
        timeline.timeline(entries * 9, shown),
        answers.shown(
            shown, entries[:8], [FailedDelivery(f"the invitation of {text[:100]}", text[:200], NOW)], NOW
        ),
        answers.listing([shown] * 10, 99, Command(Verb.LIST), NOW),
        answers.declared(shown),
        answers.done(text),
        answers.refusal(Refusal(text), text[:100]),
        *(message for _, message in duty_samples.messages(text)),
        postmortem.shown(samples.postmortem(text), shown, text[:100]),
        postmortem.shown(samples.postmortem(text * 20, many=60), shown, text[:100]),
    ]
    for one in entries:
        messages.append(timeline.mirrored(one, shown))
        messages.append(page.page(page_facts(one.event, title), NOW))
        messages.append(page.told(one, shown))
    return messages


def live_parts(thing: Any) -> list[str]:
    """What would be live in Slack: only mrkdwn objects and the notification's text are parsed."""
    if isinstance(thing, dict):
        if thing.get("type") == "mrkdwn":
            assert thing["verbatim"] is True, "Slack would link and mention by itself"
            return _LIVE.findall(_OURS.sub("", thing["text"]))
        return [part for value in thing.values() for part in live_parts(value)]
    if isinstance(thing, list | tuple):
        return [part for value in thing for part in live_parts(value)]
    return []


@given(texts)
@settings(max_examples=dose(60, 500))
def test_every_message_is_one_that_slack_takes(text: str) -> None:
    for message in everything(text):
        assert slack_rules.checked_message(SLACK, list(message.blocks))
        assert 1 <= len(message.text) <= 4000
        slack_rules.check_size(kit.posted(message.blocks))


@given(texts)
@settings(max_examples=dose(60, 500))
def test_nothing_is_live_that_we_did_not_make(text: str) -> None:
    for message in everything(text):
        assert live_parts(message.blocks) == []
        assert _LIVE.findall(_OURS.sub("", message.text)) == []


@given(texts)
@settings(max_examples=dose(60, 500))
def test_every_form_is_one_that_slack_takes(text: str) -> None:
    shown = overview(title=text.strip()[:200] or "x")
    views = [
        modals.declare(organization(), title=text, severity=None, services=[text], metadata=METADATA),
        modals.note(shown, METADATA, text=text),
        *[form(shown, METADATA) for form in (modals.resolve, modals.close, modals.reopen, modals.page)],
        *[form(shown, METADATA) for form in (modals.status, modals.severity, modals.assign)],
        *[modals.postmortem(shown, level, text, METADATA) for level in PostmortemLevel],
        home.home(
            shown.people[next(iter(shown.people))],
            ([shown] * 10, 99),
            ([shown] * 10, 99),
            duty_samples.rota(text, 40),
            NOW,
        ),
        *(form for _, form in duty_samples.forms(text, 110)),
        home.stranger(Refusal(text)),
    ]
    for view in views:
        assert slack_rules.view_problems(view, view["type"]) == []


@pytest.mark.parametrize("many", [1, 20, 21, 300])
def test_many_teams_gaps_and_shifts_fit(many: int) -> None:
    for _, message in duty_samples.messages("Payments", many):
        assert slack_rules.checked_message(SLACK, list(message.blocks))
    for _, form in duty_samples.forms("Payments", many):
        assert slack_rules.view_problems(form, form["type"]) == []


@given(texts)
def test_channel_names_and_topics_are_what_slack_allows(text: str) -> None:
    shown = overview(title=text.strip()[:200] or "x")
    for attempt in (1, 2, 20):
        name = card.channel_name(shown, attempt)
        assert len(name) <= 80
        assert name == name.lower()
        assert all(one == "-" or one.isdigit() or one.isalpha() for one in name)
    assert len(card.topic(shown)) <= 250


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_escaped_exactly_once(text: str) -> None:
    seen = kit.escape(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert seen == kit.plain(text)


def test_what_is_too_much_for_one_message_is_cut_where_it_is_longest() -> None:
    blocks = [kit.section(f"{mark} {'&amp;' * many}") for mark, many in (("a", 20), ("b", 590), ("c", 500))]
    posted = kit.posted([*blocks, *[kit.section("d " + "x" * 2990)] * 3])
    slack_rules.check_size(posted)
    assert posted[0] == blocks[0]
    assert [str(block["text"]["text"])[0] for block in posted] == [*"abcddd"]
    assert kit.posted(blocks) == blocks


@pytest.mark.parametrize("limit", [5, 20, 100, 3000])
def test_cutting_never_splits_an_escape_or_a_link(limit: int) -> None:
    for text in ("&amp;" * 1000, "<@U0ADA> " * 500, "x" * (limit - 3) + "&lt;b"):
        cut = kit.fit(text, limit)
        assert len(cut) <= limit
        assert not re.search(r"&[a-z]*…|<[^>]*…", cut)
