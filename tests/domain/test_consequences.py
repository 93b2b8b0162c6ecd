"""Who hears of what, and which clocks start and stop: one row for each kind of event."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from bot.domain import timeline
from bot.domain.consequences import card_lane, channel_lane, deadlines, deliveries, of_card, of_channel
from bot.domain.deadline import Arm, DeadlineChange, DeadlineKind, Disarm, Move, last_words
from bot.domain.delivery import COLLAPSING, DeliveryKind, Priority
from bot.domain.incident import Incident, Status
from bot.domain.narrative import owed as owed_in_words
from bot.domain.sla import Severity
from bot.domain.timeline import (
    Acknowledged,
    AcknowledgementMissed,
    Actor,
    Assigned,
    Closed,
    ClosureMissed,
    ClosureWarned,
    Declared,
    DeliveryFailed,
    DescriptionChanged,
    Escalated,
    EscalationExhausted,
    Event,
    LevelPassed,
    Noted,
    Paged,
    PageFailed,
    PageRerouted,
    PostmortemCreated,
    Reason,
    Reopened,
    Resolved,
    SeverityChanged,
    StatusChanged,
    TitleChanged,
)
from tests.domain.samples import ADA, BEN, BY_ADA, BY_KEY, CHECKOUT, CHLOE, NOW, entry, incident

SOON = NOW + timedelta(minutes=10)
DECLARED = Declared("Checkout is down", Severity.SEV1, (CHECKOUT,))
ESCALATED = Escalated(2, (BEN, CHLOE), Reason.TIMED_OUT, SOON, 1)
EXHAUSTED = EscalationExhausted((ADA,), 1)
LATE = ClosureMissed((CHLOE,), 2, SOON, 1)
ACKNOWLEDGED = Acknowledged(timedelta(minutes=3), is_late=False)

OPENING = "create_channel post_card invite:ada announce mirror"
TOLD = "mirror update_card update_announcement"

#: The event → what is owed for it, in order.
OWED: list[tuple[Event, str]] = [
    (DECLARED, OPENING),
    (ACKNOWLEDGED, f"invite:ada set_topic {TOLD}"),
    (StatusChanged(Status.NEW, Status.FIXING, None), f"set_topic {TOLD}"),
    (Resolved(Status.FIXING, "restarted"), f"set_topic {TOLD}"),
    (Closed(Status.RESOLVED, None), f"set_topic {TOLD}"),
    (Reopened(Status.CLOSED, "it is back"), f"set_topic {TOLD}"),
    (SeverityChanged(Severity.SEV2, Severity.SEV1, is_restart=True), f"set_topic {TOLD}"),
    (TitleChanged("a", "b"), f"set_topic {TOLD}"),
    (DescriptionChanged(None, "b"), TOLD),
    (Assigned(CHLOE, BEN, is_automatic=False), f"tell:chloe invite:chloe {TOLD}"),
    (Assigned(CHLOE, None, is_automatic=True), f"invite:chloe {TOLD}"),
    (Assigned(ADA, BEN, is_automatic=False), f"invite:ada {TOLD}"),
    (Noted("the pool is full"), "mirror"),
    (ESCALATED, f"page:ben invite:ben page:chloe invite:chloe {TOLD}"),
    (LevelPassed(2, "has nobody on call"), TOLD),
    (EXHAUSTED, f"page:ada invite:ada {TOLD}"),
    (AcknowledgementMissed(), TOLD),
    (ClosureWarned(BEN, SOON), f"tell:ben {TOLD}"),
    (ClosureWarned(None, SOON), TOLD),
    (LATE, f"page:chloe invite:chloe {TOLD}"),
    (Paged(CHLOE, "please look"), f"page:chloe invite:chloe {TOLD}"),
    (PageFailed(BEN, "slack", "user_disabled"), TOLD),
    (PageRerouted(BEN, "slack", "email", "no answer"), TOLD),
    (DeliveryFailed("the channel", "restricted_action"), "mirror"),
    (PostmortemCreated("PM-2026-001"), "mirror"),
]

ACKNOWLEDGE = "-acknowledge -level_timeout acknowledge@15"
CLOSURE = "closure_warning@192 closure@240"
OVER = "-acknowledge -level_timeout -closure_warning -closure"
NOTHING = ""
RAISED = SeverityChanged(Severity.SEV2, Severity.SEV1, is_restart=True)
LOWERED = SeverityChanged(Severity.SEV0, Severity.SEV1, is_restart=False)
RESOLVED = incident(status=Status.RESOLVED, acknowledged_at=NOW)
_SINCE = NOW - timedelta(hours=6)
LONG_OPEN = incident(
    clock_started_at=_SINCE,
    acknowledge_by=_SINCE + timedelta(minutes=15),
    close_by=_SINCE + timedelta(hours=4),
)
TAKEN = incident(status=Status.FIXING, acknowledged_at=NOW)

#: The incident after the event → clocks stopped (`-kind`), started (`kind@minutes`), moved (`kind>minutes`).
CLOCKS: list[tuple[Incident, Event, str]] = [
    (incident(), DECLARED, f"{ACKNOWLEDGE} {CLOSURE}"),
    (incident(), Reopened(Status.CLOSED, "it is back"), f"{ACKNOWLEDGE} {CLOSURE}"),
    (TAKEN, ACKNOWLEDGED, "-acknowledge -level_timeout"),
    (RESOLVED, Resolved(Status.FIXING, "restarted"), OVER),
    (RESOLVED, Closed(Status.FIXING, "false alarm"), OVER),
    (incident(), RAISED, f"{ACKNOWLEDGE} {CLOSURE}"),
    (incident(level=2), LOWERED, f"acknowledge>15 {CLOSURE}"),
    (LONG_OPEN, LOWERED, "acknowledge>-345 closure_warning>-168 closure>-120"),
    (LONG_OPEN, RAISED, "-acknowledge -level_timeout acknowledge@-345 closure_warning>-168 closure>-120"),
    (RESOLVED, LOWERED, NOTHING),
    (incident(level=2), ESCALATED, "level_timeout@10"),
    (incident(level=1), Escalated(1, (BEN,), Reason.DECLARED, None, 1), NOTHING),
    (TAKEN, ESCALATED, NOTHING),
    (incident(level=2), EXHAUSTED, "-acknowledge -level_timeout"),
    (incident(), StatusChanged(Status.NEW, Status.FIXING, None), NOTHING),
    (incident(), TitleChanged("a", "b"), NOTHING),
    (incident(), DescriptionChanged(None, "b"), NOTHING),
    (incident(), Assigned(CHLOE, BEN, is_automatic=False), NOTHING),
    (incident(), Noted("a"), NOTHING),
    (incident(), LevelPassed(1, "has nobody on call"), NOTHING),
    (incident(), AcknowledgementMissed(), NOTHING),
    (incident(), ClosureWarned(BEN, SOON), NOTHING),
    (incident(), LATE, NOTHING),
    (incident(), Paged(CHLOE, None), NOTHING),
    (incident(), PageFailed(BEN, "slack", "user_disabled"), NOTHING),
    (incident(), PageRerouted(BEN, "slack", "email", "no answer"), NOTHING),
    (incident(), DeliveryFailed("the channel", "restricted_action"), NOTHING),
    (incident(), PostmortemCreated("PM-2026-001"), NOTHING),
]


def owed(event: Event, by: Actor = BY_ADA) -> str:
    words = [
        f"{one.kind}:{one.person_id}" if one.person_id else str(one.kind)
        for one in deliveries(incident(), entry(event, by))
    ]
    return " ".join(words)


def clocks(changes: list[DeadlineChange]) -> str:
    words: list[str] = []
    for change in changes:
        match change:
            case Arm(kind, due_at, _):
                words.append(f"{kind}@{(due_at - NOW) // timedelta(minutes=1)}")
            case Move(kind, due_at):
                words.append(f"{kind}>{(due_at - NOW) // timedelta(minutes=1)}")
            case Disarm(kinds):
                words += [f"-{kind}" for kind in kinds]
    return " ".join(words)


def test_tables_name_every_kind_of_event() -> None:
    kinds = set(get_args(timeline.Event))
    assert {type(event) for event, _ in OWED} == kinds
    assert {type(event) for _, event, _ in CLOCKS} == kinds


@pytest.mark.parametrize(("event", "expected"), OWED)
def test_event_owes_what_the_table_says(event: Event, expected: str) -> None:
    assert owed(event) == expected


@pytest.mark.parametrize(("after", "event", "expected"), CLOCKS)
def test_event_moves_clocks_as_the_table_says(after: Incident, event: Event, expected: str) -> None:
    assert clocks(deadlines(after, entry(event))) == expected


def test_key_is_invited_nowhere() -> None:
    assert "invite" not in owed(DECLARED, BY_KEY) + owed(ACKNOWLEDGED, BY_KEY)


def test_channel_and_card_are_furnished_once_they_exist() -> None:
    assert [one.kind.value for one in of_channel(incident())] == ["update_announcement", "set_topic"]
    assert [one.kind.value for one in of_card(incident())] == ["pin_card", "bookmark_card"]
    assert channel_lane(incident()) not in {
        one.lane for one in [*of_channel(incident()), *of_card(incident())]
    }


def test_level_timeout_remembers_its_level() -> None:
    assert deadlines(incident(), entry(ESCALATED)) == [Arm(DeadlineKind.LEVEL_TIMEOUT, SOON, 2)]


@pytest.mark.parametrize(
    ("armed", "before", "expected"),
    [
        ([DeadlineKind.ACKNOWLEDGE], [], "acknowledge@10"),
        ([DeadlineKind.LEVEL_TIMEOUT], [], NOTHING),
        ([], [Arm(DeadlineKind.ACKNOWLEDGE, NOW)], "acknowledge@10"),
        ([DeadlineKind.ACKNOWLEDGE], [Disarm((DeadlineKind.ACKNOWLEDGE,))], NOTHING),
    ],
)
def test_only_what_is_armed_moves(
    armed: list[DeadlineKind], before: list[DeadlineChange], expected: str
) -> None:
    last = last_words([*before, Move(DeadlineKind.ACKNOWLEDGE, SOON)], armed)
    assert clocks([arm for arm in last.values() if arm is not None]) == expected


@pytest.mark.parametrize(("event", "_expected"), OWED)
def test_nothing_is_owed_twice_under_one_key(event: Event, _expected: str) -> None:
    keys = [one.key for one in deliveries(incident(), entry(event))]
    assert len(keys) == len(set(keys))


def test_what_is_owed_for_an_incident_is_named_in_words() -> None:
    all_kinds = {one.kind for event, _ in OWED for one in deliveries(incident(), entry(event))}
    all_kinds |= {one.kind for one in [*of_channel(incident()), *of_card(incident())]}
    named = {kind: owed_in_words(kind, "Ben Li") for kind in all_kinds}
    assert named[DeliveryKind.INVITE] == "the invitation of Ben Li"
    assert [words for words in named.values() if not words.startswith(("the ", "a "))] == []


def test_second_event_owes_its_own_pages_and_lines() -> None:
    first = entry(ESCALATED)
    second = timeline.Entry(first.incident_id, first.sequence + 1, NOW, BY_ADA, ESCALATED)
    once = {one.key for one in deliveries(incident(), first) if one.kind is not DeliveryKind.INVITE}
    again = {one.key for one in deliveries(incident(), second)}
    assert not once & again


@pytest.mark.parametrize(
    ("event", "again"),
    [
        (ESCALATED, False),
        (EXHAUSTED, False),
        (LATE, False),
        (ACKNOWLEDGED, False),
        (Assigned(ADA, None, is_automatic=True), False),
        (Assigned(ADA, BEN, is_automatic=False), True),
        (Paged(CHLOE, None), True),
    ],
)
def test_people_are_invited_once_a_round_and_whenever_they_are_wished_for(event: Event, again: bool) -> None:
    def invitations(sequence: int, after: Incident) -> set[str]:
        at = replace(entry(event), sequence=sequence)
        return {one.key for one in deliveries(after, at) if one.kind is DeliveryKind.INVITE}

    first = invitations(7, incident())
    assert bool(first - invitations(8, incident())) is again
    assert not first & invitations(9, incident(round=2))


def test_channel_is_made_before_anything_is_put_in() -> None:
    opening = deliveries(incident(), entry(DECLARED))
    in_channel = [one.kind for one in opening if one.lane == channel_lane(incident())]
    assert in_channel[:2] == [DeliveryKind.CREATE_CHANNEL, DeliveryKind.POST_CARD]
    assert in_channel[-1] is DeliveryKind.MIRROR


@pytest.mark.parametrize("event", [ESCALATED, EXHAUSTED, LATE, Paged(CHLOE, None)])
def test_pages_alone_are_urgent_and_wait_for_no_channel(event: Event) -> None:
    urgent = [one for one in deliveries(incident(), entry(event)) if one.priority is Priority.URGENT]
    assert urgent
    assert {one.kind for one in urgent} == {DeliveryKind.PAGE}
    assert all(one.lane == f"page:{one.person_id}:slack" for one in urgent)
    assert all(one.method == "slack" for one in urgent)


def test_mirrored_events_know_which_one_they_show() -> None:
    for event, _ in OWED:
        (mirror,) = [one for one in deliveries(incident(), entry(event)) if one.kind is DeliveryKind.MIRROR]
        assert (mirror.sequence, mirror.lane) == (7, channel_lane(incident()))


def test_updates_collapse_in_lanes_of_their_own() -> None:
    updates = [one for one in deliveries(incident(), entry(TitleChanged("a", "b"))) if one.kind in COLLAPSING]
    assert [one.lane for one in updates] == ["topic:i1", card_lane(incident()), "announcement:i1"]
