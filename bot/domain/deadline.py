"""Kinds of deadlines, and what an event does to them."""

from collections.abc import Iterable, Mapping
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


DeadlineChange = Arm | Disarm


@dataclass(frozen=True)
class Due:
    """An armed deadline whose time has come."""

    id: str
    incident_id: str


def last_words(changes: Iterable[DeadlineChange]) -> Mapping[DeadlineKind, Arm | None]:
    """For each kind that changes: as what it is armed in the end, or None. The last word counts."""
    last: dict[DeadlineKind, Arm | None] = {}
    for change in changes:
        for kind in (change.kind,) if isinstance(change, Arm) else change.kinds:
            last[kind] = change if isinstance(change, Arm) else None
    return last
