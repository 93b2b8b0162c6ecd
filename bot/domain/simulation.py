"""What would be paged, and when, if nobody answered.

Nothing is told here that the engine would have to obey: an incident is begun, its deadlines are armed and
fall due, and pages are owed and dropped by the very rules that operations ask (`declaration`, `expiry`,
`consequences`, `asking`). What is missing is only the waiting, the database and Slack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain import consequences, declaration
from bot.domain.asking import has_begun_again, is_asking
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
    new = declaration.new(organization, at, severity, sla, services)
    incident, events = declaration.begin(organization, new, at)
    run = _Run(incident)
    run.record(at, events)
    while True:
        armed, waiting = run.earliest(), run.waits_until()
        if waiting is not None and (armed is None or waiting < armed.due_at):
            run.send(waiting)
        elif armed is not None:
            run.fire(organization, armed)
        else:
            return tuple(run.steps)


@dataclass(frozen=True)
class _Owed:
    """A page that is owed for an event; later, if `at` is after it."""

    cause: Entry
    page: Page
    at: datetime


class _Run:
    """The incident, its armed deadlines, the pages that wait, and all that has happened so far."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident
        self.steps: list[Step] = []
        self._armed: dict[DeadlineKind, Arm] = {}
        self._owed: dict[str, _Owed] = {}
        self._waiting: list[_Owed] = []
        self._sequence = 0

    def earliest(self) -> Arm | None:
        """The deadline that falls due next."""
        return min(self._armed.values(), key=lambda arm: arm.due_at, default=None)

    def waits_until(self) -> datetime | None:
        """When the next page that waits goes out."""
        return min((one.at for one in self._waiting), default=None)

    def fire(self, organization: Organization, due: Arm) -> None:
        """The deadline falls due."""
        del self._armed[due.kind]
        expired = expire(organization, self.incident, due.kind, self._armed.keys(), due.due_at)
        if expired is not None:
            self.incident, events = expired
            self.record(due.due_at, events)

    def send(self, at: datetime) -> None:
        """The pages that waited until then go out, as far as they are still wanted."""
        due = [one for one in self._waiting if one.at == at]
        self._waiting = [one for one in self._waiting if one.at != at]
        by_cause: dict[int, list[_Owed]] = {}
        for one in due:
            if self._is_wanted(one):
                by_cause.setdefault(one.cause.sequence, []).append(one)
            else:
                self._owed = {key: other for key, other in self._owed.items() if other is not one}
        for found in by_cause.values():
            pages = tuple(one.page for one in found)
            self.steps.append(Step(at, found[0].cause.event, pages, is_later=True))

    def record(self, at: datetime, events: Sequence[Event]) -> None:
        """Write the events down, and with them all their consequences."""
        entries = []
        for event in events:
            self._sequence += 1
            entries.append(Entry(self.incident.id, self._sequence, at, TOCSIN, event))
        for entry in entries:
            self._page(entry)
        changes = [one for entry in entries for one in consequences.deadlines(self.incident, entry)]
        for kind, arm in last_words(changes, self._armed.keys()).items():
            self._armed.pop(kind, None)
            if arm is not None:
                self._armed[kind] = arm

    def _page(self, entry: Entry) -> None:
        at_once = []
        for delivery in consequences.deliveries(self.incident, entry):
            if delivery.kind is not DeliveryKind.PAGE or delivery.key in self._owed:
                continue
            if delivery.person_id is None or delivery.method is None:
                continue
            page = Page(delivery.person_id, delivery.method)
            owed = _Owed(entry, page, max(delivery.not_before or entry.at, entry.at))
            self._owed[delivery.key] = owed
            if owed.at > entry.at:
                self._waiting.append(owed)
            else:
                at_once.append(page)
        self.steps.append(Step(entry.at, entry.event, tuple(at_once)))

    def _is_wanted(self, owed: _Owed) -> bool:
        """As of every page whose turn has come: it still asks, and no newer one asks in its place."""
        if not is_asking(self.incident, owed.cause) or self._is_joined(owed):
            return False
        return not (has_begun_again(self.incident, owed.cause) and self._is_paged_since(owed))

    def _is_joined(self, owed: _Owed) -> bool:
        """Whether a later event pages the person by the same method at the same moment."""
        return any(
            one.cause.sequence > owed.cause.sequence
            and (one.page, one.at) == (owed.page, owed.at)
            and is_asking(self.incident, one.cause)
            for one in self._owed.values()
        )

    def _is_paged_since(self, owed: _Owed) -> bool:
        return any(
            one.cause.sequence > owed.cause.sequence and one.page.person_id == owed.page.person_id
            for one in self._owed.values()
        )
