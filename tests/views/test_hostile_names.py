"""Whatever people, services and teams are called: shown as it is, escaped exactly once, and never live.

The texts of incidents are tried in `test_limits_and_escaping`; here it is the names, which come from the
organization, from Slack and from API keys, and stand in the middle of sentences that are ours.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import AlreadyThere
from bot.domain.ids import TeamId
from bot.domain.incident import Status
from bot.domain.organization import Team
from bot.domain.overview import Overview, PageFacts
from bot.domain.sla import Severity
from bot.domain.timeline import Entry, Escalated, Reason
from bot.mail.letters import Letter
from bot.slack.command import Command
from bot.slack.verbs import Verb
from bot.slack.views import answers, card, home, kit, modals, page, postmortem, rota, timeline
from bot.slack.views.inputs import Metadata
from bot.workspace import blocks as slack_rules
from bot.workspace.state import State
from tests.domain.samples import BEN, NOW, entry, organization
from tests.faults.doses import dose
from tests.mail import golden
from tests.views import duty_samples, samples
from tests.views.test_limits_and_escaping import live_parts

HOSTILE = [
    "<!channel>",
    "<!here|x> <!everyone>",
    "<!subteam^S1>",
    "<@U1>",
    "<#C2>",
    "<https://evil.example|status page>",
    "&lt;!channel&gt;",
    "&amp;lt;!here&amp;gt;",
    "a & b < c > d",
    "<!date^1^{date}^https://evil.example|today>",
    "*<@U1>* _`~",
]
#: What our templates make live when nobody has a Slack account: our channel, dates.
_OURS = re.compile(r"<#C1>|<!date\^\d+\^[^|<>]*\|[^|<>]*>")
NAMES = st.one_of(
    st.sampled_from(HOSTILE),
    st.text("<>&;!@#|^*_~`ltgamp ", min_size=1, max_size=50),
    st.text("\u200b\u202e\u2066\ufeff<!here>&", min_size=1, max_size=30),
    st.integers(1, 40_000).map("😀".__mul__),
)
SLACK = State("Acme", lambda: 0.0)
METADATA = Metadata("INC-2026-044", "C1")


def named(name: str, **changes: Any) -> Overview:
    """An incident in which everybody and everything is called so."""
    by = {"declared_by": name, "acknowledged_by": name, "resolved_by": name}
    found = samples.overview(title="Down", **by, **changes)
    people = {one: replace(person, name=name, slack_id=None) for one, person in found.people.items()}
    following = found.next_level and replace(found.next_level, people=(people[BEN],))
    return replace(
        found,
        people=people,
        assignee=people[BEN],
        next_level=following,
        team=Team(TeamId("shop"), name, description=name),
        services=tuple(replace(one, name=name) for one in found.services),
    )


def views(name: str) -> Iterator[tuple[str, Any]]:
    """Everything that shows a name, with the name of what shows it."""
    done = {"status": Status.RESOLVED, "acknowledged_at": NOW, "resolved_at": NOW}
    shown, over = named(name), named(name, **done)
    yield "card", card.card(shown, NOW)
    yield "card when over", card.card(over, NOW)
    yield from duty_samples.messages(name)
    yield from duty_samples.forms(name)
    yield "list", answers.listing([shown, over], 2, Command(Verb.LIST), NOW)
    yield "done", answers.done_to(shown, name)
    yield "noted instead", answers.noted_instead(AlreadyThere("INC-2026-044", "closed", (), name, NOW), shown)
    yield "paged", answers.paged([name] * 3, "INC-2026-044")
    yield "escalated", answers.escalated(shown, [entry(Escalated(2, (BEN,), Reason.BY_HAND, None, 1))])
    yield "shifts", rota.shifts(shown.people[BEN], duty_samples.rota(name).mine, NOW)
    yield "announcement", card.announcement(shown, NOW)
    yield "home", home.home(shown.people[BEN], ([shown], 1), ([over], 1), duty_samples.rota(name), NOW)
    services = {one: replace(service, name=name) for one, service in organization().services.items()}
    organized = replace(organization(), services=services)
    yield (
        "declare",
        modals.declare(organized, title="", severity=Severity.SEV1, services=[], metadata=METADATA),
    )
    yield "postmortem", postmortem.shown(samples.postmortem(name), over, name)
    for one in _entries(name):
        kind = type(one.event).__name__
        yield f"mirror of {kind}", timeline.mirrored(one, shown)
        yield f"page about {kind}", page.page(PageFacts(shown, shown.people[BEN], one, is_asking=True), NOW)
        yield f"told of {kind}", page.told(one, shown)


def _entries(name: str) -> list[Entry]:
    by = replace(entry(next(samples.events("x"))).by, name=name)
    return [replace(entry(event), by=by) for event in samples.events("said")]


def texts(thing: Any) -> Iterator[tuple[str, str]]:
    """(`mrkdwn` or `plain_text`, text) of everything that Slack shows."""
    if isinstance(thing, kit.Message):
        yield "mrkdwn", thing.text
        yield from texts(thing.blocks)
    elif isinstance(thing, dict):
        if thing.get("type") in ("mrkdwn", "plain_text") and isinstance(thing.get("text"), str):
            yield thing["type"], thing["text"]
        for value in thing.values():
            yield from texts(value)
    elif isinstance(thing, list | tuple):
        for one in thing:
            yield from texts(one)


@pytest.mark.parametrize("name", HOSTILE)
def test_name_is_escaped_exactly_once_wherever_it_stands(name: str) -> None:
    once = kit.escape(name)
    twice = kit.escape(once)
    shown = set()
    for where, view in views(name):
        for kind, text in texts(view):
            right, wrong = (once, [name, twice]) if kind == "mrkdwn" else (name, [once])
            shown |= {where} if right in text else set()
            rest = _OURS.sub("", text.replace(right, ""))
            assert [one for one in wrong if one != right and one in rest] == [], (where, text)
    assert len(shown) > 30  # else nothing was tried
    assert {"card", "card when over", "on call", "announcement", "declare", "postmortem"} <= shown


@given(NAMES)
@settings(max_examples=dose(40, 500))
def test_no_name_is_live_or_too_long(name: str) -> None:
    for where, view in views(name):
        blocks = list(view.blocks) if isinstance(view, kit.Message) else view["blocks"]
        assert [one for one in live_parts(blocks) if not _OURS.fullmatch(one)] == [], where
        if isinstance(view, kit.Message):
            assert re.findall(r"<[^>]*>?", _OURS.sub("", view.text)) == [], where
            assert slack_rules.checked_message(SLACK, blocks)
        else:
            assert slack_rules.view_problems(view, view["type"]) == [], where


@pytest.mark.parametrize("name", HOSTILE)
def test_letter_shows_names_as_they_are(name: str) -> None:
    for one in _entries(name):
        facts = PageFacts(named(name), named(name).people[BEN], one, is_asking=True)
        letter: Letter = golden.letter(facts)
        assert kit.plain(name) in letter.text
        once = html.escape(name)
        assert once in letter.html or html.escape(name, quote=False) in letter.html
        rest = letter.html.replace(once, "").replace(html.escape(name, quote=False), "")
        assert html.escape(once) not in rest
        assert "<" not in name or name not in rest
