"""The exported document: every section with content, and none that somebody smuggled in.

What it means is asked of a CommonMark parser, not of our own idea of it.
"""

import re
from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.domain.incident import Status
from bot.domain.markdown import markdown
from bot.domain.postmortem import ActionItem, ActionStatus, Content, Impact, Moment, ResponseTimes
from tests.domain.samples import NOW, incident, postmortem
from tests.views import samples

OVER = incident(status=Status.RESOLVED, resolved_at=NOW + timedelta(hours=1))
HOSTILE = [
    "# heading",
    "a\n## heading",
    "a\r# heading",
    "a\u2028# heading",
    "heading\n===",
    "heading\n---",
    "a\n___",
    "***",
    "```\nnever closed",
    "~~~\nnever closed",
    "    indented",
    "\tindented",
    "> quoted",
    "- a\n- b",
    "+ a",
    "1. a\n2) b",
    "a | b\n--- | ---\nc | d",
    "a\n:-:",
    "[x]: https://evil.example",
    "<script>alert(1)</script>",
    "<!-- never closed",
    "a\n<table>",
    "&#35; heading",
    "\\\n# heading",
    "\x00\x0b\x0c# heading",
]
texts = st.one_of(st.sampled_from(HOSTILE), st.text("#>-+*_=~`|[]():!\\<& \t\r\n1.a", max_size=40))


def structure(document: str) -> list[str]:
    """The kinds of blocks in the document, in order, without the paragraphs."""
    tokens = MarkdownIt("commonmark").enable("table").parse(document)
    kinds = [f"{one.type} {one.tag}" for one in tokens if one.type.endswith("_open") or one.nesting == 0]
    return [kind for kind in kinds if not kind.startswith(("paragraph_open", "inline"))]


def exported(content: Content, title: str = "Checkout is down") -> str:
    return markdown(
        postmortem(content), incident(title=title, status=OVER.status, resolved_at=OVER.resolved_at)
    )


def headings(document: str) -> list[str]:
    return re.findall(r"^## (.+)$", document, re.MULTILINE)


HARMLESS = structure(markdown(samples.postmortem("x"), OVER))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_wrote_makes_no_structure(text: str) -> None:
    assert structure(markdown(samples.postmortem(f"x{text}"), OVER)) == HARMLESS
    assert structure(markdown(samples.postmortem(text), OVER)) == HARMLESS


@given(texts.filter(lambda text: text.strip() != ""))
def test_structure_is_ours_whatever_people_write(text: str) -> None:
    assert structure(markdown(samples.postmortem(text), OVER)) == HARMLESS


@given(texts)
def test_title_stays_on_its_line(title: str) -> None:
    assert structure(exported(Content(summary="x"), title)) == structure(exported(Content(summary="x")))


def test_only_sections_with_content_stand_in_it() -> None:
    assert headings(exported(Content(summary="It broke"))) == ["Summary"]
    assert headings(exported(Content(summary="x", impact=Impact(), response_timeline=ResponseTimes()))) == [
        "Summary"
    ]


def test_every_part_has_its_section() -> None:
    assert len(headings(markdown(samples.postmortem("x"), OVER))) == len(fields(Content))


def test_document_reads_from_top_to_bottom() -> None:
    content = Content(
        summary="The pool ran out.\nTwice.\n\nThen it held.",
        impact=Impact("1 h", "300", ("Checkout", "Search"), "some"),
        timeline=(Moment("2026-03-10T12:00:00Z", "Incident created"),),
        action_items=(
            ActionItem("Alert at 80 %", "ben@example.com", "2026-03-20"),
            ActionItem("Enlarge it", status=ActionStatus.IN_PROGRESS),
            ActionItem("Say so", status=ActionStatus.COMPLETED),
        ),
        response_timeline=ResponseTimes("4 min", None, "1 h"),
    )
    assert exported(content) == (
        "# PM-2026-007: Checkout is down\n"
        "\n"
        "| incident | severity | began | resolved | status |\n"
        "|---|---|---|---|---|\n"
        "| INC-2026-044 | SEV1 | 2026-03-10 12:00 UTC | 2026-03-10 13:00 UTC | draft |\n"
        "\n"
        "## Summary\n"
        "\n"
        "The pool ran out.  \n"
        "Twice.\n"
        "\n"
        "Then it held.\n"
        "\n"
        "## Impact\n"
        "\n"
        "- Duration: 1 h\n"
        "- Users affected: 300\n"
        "- Services affected: Checkout, Search\n"
        "- Revenue: some\n"
        "\n"
        "## Response times\n"
        "\n"
        "- Acknowledged after 4 min\n"
        "- Resolved after 1 h\n"
        "\n"
        "## Timeline\n"
        "\n"
        "- 2026-03-10T12:00:00Z: Incident created\n"
        "\n"
        "## Action items\n"
        "\n"
        "- [ ] Alert at 80 % (ben@example.com), due 2026-03-20\n"
        "- [ ] (in progress) Enlarge it\n"
        "- [x] Say so\n"
    )


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("1. Why?\n2. Why?", "1. Why?<br />\n2. Why?"),
        ("- a & <b>", "- a &amp; &lt;b&gt;"),
        ("#1", "#1"),
        ("[x]: https://example.com", "[x]: https://example.com"),
    ],
)
def test_words_are_read_as_they_were_written(text: str, seen: str) -> None:
    html = MarkdownIt("commonmark").render(exported(Content(summary=text)))
    assert f"<p>{seen}</p>" in html
