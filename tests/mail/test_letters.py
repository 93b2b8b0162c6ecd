"""The page as a letter: golden ones beside this file, and what holds whatever people write."""

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.organization import LevelRole
from bot.domain.overview import NextLevel
from bot.domain.timeline import ClosureMissed, Escalated, EscalationExhausted, Paged, Reason
from bot.mail import letters
from tests.domain.samples import ADA, BEN, NOW
from tests.mail import golden
from tests.views.samples import PEOPLE, page_facts

LATER = NOW + timedelta(minutes=3)
#: All that text can hold, half characters too, and what mail and HTML take for their own.
_OWN = ["\r\n", "\u2028", "\u202e", "\ud800", "=?utf-8?q?=0D=0AX:_y?=", "🔥", "</p>", *"ab .,<>&\"'=?@:;\t"]
ANYTHING = st.text(st.characters(codec=None), max_size=300) | st.lists(st.sampled_from(_OWN)).map("".join)


@pytest.mark.parametrize("name", list(golden.facts()))
def test_letter_is_as_it_was_agreed(name: str) -> None:
    """When it is meant to change: `python -m tests.mail.golden`, and look at the difference."""
    for path, content in golden.files(name, golden.facts()[name]).items():
        assert content == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.DECLARED, "You are on call."),
        (Reason.UNACKNOWLEDGED, "Nobody acknowledged in time; you are level 1."),
        (Reason.BY_HAND, "Ada escalated it to level 1, which is you."),
        (Reason.REOPENED, "It was reopened, and you are on call."),
        (Reason.RAISED, "Its severity was raised, and you are on call."),
        (Reason.UNREACHABLE, "The level before could not be reached; you are level 1."),
    ],
)
def test_letter_says_why_this_person(reason: Reason, words: str) -> None:
    made = golden.letter(page_facts(Escalated(1, (BEN,), reason, None, 1)))
    assert words in made.text
    assert words in made.html


def test_letter_says_why_admins_and_who_is_next_are_paged() -> None:
    assert "every level was paged" in golden.letter(page_facts(EscalationExhausted((BEN,), 1))).text
    alone = EscalationExhausted((BEN,), 1, found_nobody=True)
    assert "no level has anybody to page" in golden.letter(page_facts(alone)).text
    assert "closure deadline has passed" in golden.letter(page_facts(ClosureMissed((BEN,), 2, NOW, 1))).text


def test_letter_says_what_happens_next_and_when() -> None:
    facts = page_facts(Escalated(1, (BEN,), Reason.DECLARED, None, 1))
    overview, at = facts.overview, NOW + timedelta(days=1)
    nobody = replace(overview, next_level=NextLevel(2, LevelRole.TEAM_LEAD, (), at))
    admins = replace(overview, next_level=None, admins_at=at)
    last = replace(overview, next_level=None)
    assert "If nobody acknowledges, Ada Okafor will be paged at 12:15 UTC (in 12 min)." in _text(facts)
    later = "2026-03-11 12:00 UTC (in 23 h 57 min)."
    assert f"the team lead will be paged at {later}" in _text(replace(facts, overview=nobody))
    assert f"the admins will be paged at {later}" in _text(replace(facts, overview=admins))
    assert "Nobody has acknowledged it yet." in _text(replace(facts, overview=last))


def _text(facts: object) -> str:
    return golden.letter(facts).text  # type: ignore[arg-type]


def test_long_lists_are_counted() -> None:
    facts = page_facts(Paged(BEN, None))
    services = tuple(replace(facts.overview.services[0], name=f"S{n}") for n in range(7))
    people = tuple(replace(PEOPLE[ADA], name=f"P{n}") for n in range(6))
    following = NextLevel(2, None, people, NOW + timedelta(minutes=9))
    overview = replace(facts.overview, services=services, next_level=following)
    text = _text(replace(facts, overview=overview))
    assert "S0, S1, S2, S3, S4 and 2 more" in text
    assert "P0, P1, P2, P3 and 2 more will be paged" in text


class _Seen(HTMLParser):
    """What a browser makes of the HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "background", "action")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@given(title=ANYTHING, said=ANYTHING, by=ANYTHING)
def test_nothing_that_people_write_is_live(title: str, said: str, by: str) -> None:
    facts = page_facts(Paged(BEN, said), title, description=said, declared_by=by)
    entry = replace(facts.entry, by=replace(facts.entry.by, name=by))
    made = letters.page(replace(facts, entry=entry), LATER, golden.LINK)
    seen = _Seen(made.html)
    assert set(seen.links) == {golden.LINK}
    assert set(seen.tags) <= set(_Seen(golden.letter(golden.facts()["on_call"]).html).tags) | {"br"}
    made.text.encode()
    made.html.encode()


@given(title=ANYTHING)
def test_subject_is_one_short_line(title: str) -> None:
    subject = golden.letter(page_facts(Paged(BEN, None), title)).subject
    assert len(subject) <= 120
    assert len(subject.splitlines()) == 1
    assert subject.startswith("[INC-2026-044] SEV1: ")


@given(said=ANYTHING)
def test_text_and_html_say_the_same(said: str) -> None:
    made = golden.letter(page_facts(Paged(BEN, said), "Down", description=said))
    read = " ".join(" ".join(_Seen(made.html).words).split())
    lines = [line.removeprefix("> ").strip() for line in made.text.splitlines()]
    for line in filter(None, (" ".join(line.split()) for line in lines)):
        if not line.startswith(("SEV1: ", "INC-", "Acknowledge it", "https://", "--")):
            assert line in read
