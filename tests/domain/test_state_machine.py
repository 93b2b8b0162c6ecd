"""From where an incident can go where, and what must be said on the way."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import incident as machine
from bot.domain.errors import AlreadyAcknowledged, Invalid, InvalidTransition
from bot.domain.incident import Ender, Status, checked_text, checked_title
from bot.domain.sla import DEFAULT_SLAS, Severity
from tests.domain.samples import ADA, BEN, NOW, incident

# Row: from; column: to. `.` forbidden, `x` allowed, `c` allowed with a comment.
TABLE = """
                new  investigating  fixing  monitoring  resolved  closed
new              .        x           x         x          c        c
investigating    .        .           x         x          c        c
fixing           .        x           .         x          c        c
monitoring       .        x           x         .          c        c
resolved         .        c           .         .          .        x
closed           .        c           .         .          .        .
"""
_HEAD, *_ROWS = (line.split() for line in TABLE.strip().splitlines())
CELLS = [(Status(row[0]), Status(to), cell) for row in _ROWS for to, cell in zip(_HEAD, row[1:], strict=True)]
LATER = NOW + timedelta(hours=1)
BY_BEN = Ender("Ben", BEN)


def test_table_names_every_pair_of_statuses() -> None:
    assert {(was, to) for was, to, _ in CELLS} == {(was, to) for was in Status for to in Status}


@pytest.mark.parametrize(("was", "to", "cell"), CELLS)
def test_every_move_is_as_the_table_says(was: Status, to: Status, cell: str) -> None:
    before = incident(status=was)
    if cell == ".":
        with pytest.raises(InvalidTransition, match=f"cannot become {to}") as refusal:
            machine.check_move(before, to, "a comment does not help")
        assert all(str(allowed) in str(refusal.value) for allowed in machine.MOVES[was])
        return
    machine.check_move(before, to, "because")
    if cell == "c":
        for nothing in (None, "", " \n\t"):
            with pytest.raises(Invalid, match="is required to go from"):
                machine.check_move(before, to, nothing)
    else:
        machine.check_move(before, to, None)


def test_move_changes_the_status_alone() -> None:
    before = incident(status=Status.INVESTIGATING)
    assert machine.move(before, Status.FIXING, None) == replace(before, status=Status.FIXING)


def test_resolving_notes_who_and_when() -> None:
    after = machine.end(incident(), Status.RESOLVED, "restarted", LATER, BY_BEN)
    assert (after.resolved_at, after.resolved_by, after.resolved_by_id) == (LATER, "Ben", BEN)
    assert after.closed_at is None
    assert not after.is_open


def test_closing_keeps_who_resolved_it() -> None:
    resolved = machine.end(incident(), Status.RESOLVED, "restarted", NOW, BY_BEN)
    after = machine.end(resolved, Status.CLOSED, None, LATER, Ender("Ada", ADA))
    assert (after.resolved_at, after.resolved_by, after.closed_at) == (NOW, "Ben", LATER)


def test_closing_an_open_incident_resolves_it() -> None:
    after = machine.end(incident(), Status.CLOSED, "false alarm", LATER, BY_BEN)
    assert (after.resolved_at, after.resolved_by, after.closed_at) == (LATER, "Ben", LATER)


@pytest.mark.parametrize("was", [Status.RESOLVED, Status.CLOSED])
def test_reopened_incident_must_be_acknowledged_again(was: Status) -> None:
    before = incident(status=was, acknowledged_at=NOW, acknowledged_by="Ben", resolved_at=NOW, level=3)
    sla = DEFAULT_SLAS[Severity.SEV1]
    after = machine.reopen(before, "it is back", LATER, sla)
    assert after.awaits_acknowledgement
    assert (after.status, after.level, after.round) == (Status.INVESTIGATING, 0, 2)
    assert (after.resolved_at, after.resolved_by, after.closed_at) == (None, None, None)
    assert (after.acknowledge_by, after.close_by) == (LATER + sla.acknowledge, LATER + sla.close)


@pytest.mark.parametrize("status", sorted(machine.OPEN))
def test_open_incident_cannot_be_reopened(status: Status) -> None:
    with pytest.raises(InvalidTransition, match="cannot be reopened"):
        machine.reopen(incident(status=status), "again", NOW, DEFAULT_SLAS[Severity.SEV1])


def test_acknowledging_assigns_and_begins_the_investigation() -> None:
    after = machine.acknowledge(incident(), LATER, "Ada", ADA)
    assert (after.status, after.assignee_id) == (Status.INVESTIGATING, ADA)
    assert (after.acknowledged_at, after.acknowledged_by) == (LATER, "Ada")
    assert not after.awaits_acknowledgement


def test_acknowledging_keeps_work_in_progress() -> None:
    before = incident(status=Status.FIXING)
    assert machine.acknowledge(before, LATER, "Ada", ADA).status is Status.FIXING


def test_key_acknowledges_and_leaves_the_assignee() -> None:
    assert machine.acknowledge(incident(), LATER, "deploys", None).assignee_id == BEN


def test_second_acknowledgement_names_the_first() -> None:
    first = machine.acknowledge(incident(), NOW, "Ada", ADA)
    with pytest.raises(AlreadyAcknowledged, match=r"INC-2026-044 .* by Ada at 12:00 UTC"):
        machine.acknowledge(first, LATER, "Ben", BEN)


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_ended_incident_cannot_be_acknowledged(status: Status) -> None:
    with pytest.raises(InvalidTransition, match="cannot be acknowledged"):
        machine.acknowledge(incident(status=status), NOW, "Ada", ADA)


@given(st.text())
def test_titles_come_out_trimmed_or_refused(title: str) -> None:
    try:
        accepted = checked_title(title)
    except Invalid:
        words, blanks = " ".join(title.split()), " \u2800\u3164\u115f\u1160\uffa0"
        assert len(words) > machine.TITLE_LIMIT or not any(
            one.isprintable() and one not in blanks for one in words
        )
    else:
        assert checked_title(accepted) == accepted
        assert "\n" not in accepted


def test_long_comment_is_refused_with_its_length() -> None:
    with pytest.raises(Invalid, match="at most 500 characters, has 501") as refusal:
        checked_text("comment", "x" * 501, machine.COMMENT_LIMIT)
    assert list(refusal.value.details) == ["comment"]


def test_blank_text_counts_as_none() -> None:
    assert checked_text("comment", " \n", 10) is None
    assert checked_text("comment", None, 10) is None
    assert checked_text("comment", " so it is ", 10) == "so it is"
