"""Kinds of deadlines, and what an event does to them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeadlineKind(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    LEVEL_TIMEOUT = "level_timeout"
    CLOSURE_WARNING = "closure_warning"
    CLOSURE = "closure"


#: What stops when somebody acknowledges.
ESCALATION = (DeadlineKind.ACKNOWLEDGE, DeadlineKind.LEVEL_TIMEOUT)


class DeadlineState(StrEnum):
    ARMED = "armed"
    FIRED = "fired"
    DISARMED = "disarmed"


@dataclass(frozen=True)
class Arm:
    """From now on, this kind falls due then; an armed one of the same kind no longer counts."""

    kind: DeadlineKind
    due_at: datetime
    level: int = 0


@dataclass(frozen=True)
class Disarm:
    kinds: tuple[DeadlineKind, ...]


@dataclass(frozen=True)
class Move:
    """If this kind is armed, it falls due then instead. What has been missed is not missed again."""

    kind: DeadlineKind
    due_at: datetime


DeadlineChange = Arm | Disarm | Move


@dataclass(frozen=True)
class Due:
    """An armed deadline whose time has come."""

    id: str
    incident_id: str
    due_at: datetime


def last_words(
    changes: Iterable[DeadlineChange], armed: Collection[DeadlineKind]
) -> Mapping[DeadlineKind, Arm | None]:
    """For each kind that changes: as what it is armed in the end, or None. The last word counts.

    `armed` are the kinds that run before.
    """
    last: dict[DeadlineKind, Arm | None] = {}
    running = set(armed)
    for change in changes:
        match change:
            case Arm(kind=kind):
                last[kind] = change
                running.add(kind)
            case Move(kind=kind, due_at=due_at):
                if kind in running:
                    last[kind] = Arm(kind, due_at)
            case Disarm(kinds=kinds):
                last |= dict.fromkeys(kinds)
                running.difference_update(kinds)
    return last
