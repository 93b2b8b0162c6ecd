"""What would be paged, and when, if nobody answered.

Nothing is told here that the engine would have to obey: an incident is begun, its deadlines are armed and
fall due, and pages are owed by the very rules that operations ask (`declaration`, `expiry`,
`consequences`). What is missing is only the waiting, the database and Slack.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain import consequences, declaration
from bot.domain.contact import Method
from bot.domain.deadline import Arm, DeadlineKind, last_words
from bot.domain.delivery import DeliveryKind
from bot.domain.expiry import expire
from bot.domain.ids import PersonId
from bot.domain.incident import Incident
from bot.domain.organization import Organization, Service
from bot.domain.sla import Severity, Sla
from bot.domain.timeline import TOCSIN, Entry, Event


@dataclass(frozen=True)
class Page:
    person_id: PersonId
    method: Method


@dataclass(frozen=True)
class Step:
    """What happens at a moment (UTC): an event with the pages it sends at once, or later pages of one."""

    at: datetime
    event: Event
    pages: tuple[Page, ...]
    #: Pages that were owed before and waited: by a person's rules, or for the end of quiet hours.
    is_later: bool = False


def simulate(
    organization: Organization, severity: Severity, sla: Sla, services: Sequence[Service], at: datetime
) -> tuple[Step, ...]:
    """All that happens by itself to an incident declared at `at`, in order, until nothing more does."""
    incident, events = declaration.begin(organization, declaration.new(at, severity, sla, services), at)
    run = _Run(incident)
    run.record(at, events)
    while (armed := run.earliest()) is not None:
        others = run.armed.keys() - {armed.kind}
        run.armed.pop(armed.kind)
        expired = expire(organization, run.incident, armed.kind, others, armed.due_at)
        if expired is not None:
            run.incident, events = expired
            run.record(armed.due_at, events)
    return tuple(sorted(run.steps, key=lambda step: step.at))


class _Run:
    """The incident, its armed deadlines and all that has happened so far."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident
        self.armed: dict[DeadlineKind, Arm] = {}
        self.steps: list[Step] = []
        self._sequence = 0
        self._keys: set[str] = set()

    def earliest(self) -> Arm | None:
        return min(self.armed.values(), key=lambda arm: arm.due_at, default=None)

    def record(self, at: datetime, events: Sequence[Event]) -> None:
        """Write the events down, and with them all their consequences."""
        entries = []
        for event in events:
            self._sequence += 1
            entries.append(Entry(self.incident.id, self._sequence, at, TOCSIN, event))
        for entry in entries:
            self.steps += self._steps(entry)
        changes = [one for entry in entries for one in consequences.deadlines(self.incident, entry)]
        for kind, arm in last_words(changes).items():
            self.armed.pop(kind, None)
            if arm is not None:
                self.armed[kind] = arm

    def _steps(self, entry: Entry) -> Iterator[Step]:
        by_time: dict[datetime, list[Page]] = {entry.at: []}
        for delivery in consequences.deliveries(self.incident, entry):
            if delivery.kind is not DeliveryKind.PAGE or delivery.key in self._keys:
                continue
            self._keys.add(delivery.key)
            if delivery.person_id is not None and delivery.method is not None:
                page = Page(delivery.person_id, delivery.method)
                by_time.setdefault(max(delivery.not_before or entry.at, entry.at), []).append(page)
        for at, pages in by_time.items():
            yield Step(at, entry.event, tuple(pages), is_later=at > entry.at)
