"""Write events down, and with them all their consequences."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row

from bot.domain import consequences, ids
from bot.domain.audit import of_incident
from bot.domain.deadline import Arm, DeadlineKind, DeadlineState, Move, last_words
from bot.domain.delivery import Delivery, DeliveryKind, DeliveryState
from bot.domain.errors import Conflict
from bot.domain.incident import Incident
from bot.domain.timeline import Actor, Entry, Event
from bot.operations import audit, rows
from storage import deadlines, incidents, outbox, pages, timeline

#: A delivery's first attempt waits for nothing but its lane.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


def record_first(
    tx: Connection, now: datetime, actor: Actor, incident: Incident, events: Sequence[Event]
) -> Incident:
    """The new incident, kept with its first events and all that follows from them."""
    kept = incident.but(version=1, sequence=len(events))
    incidents.add(tx, rows.incident_columns(kept))
    _write_down(tx, now, actor, kept, events)
    return kept


def record(
    tx: Connection, now: datetime, actor: Actor, before: Incident, after: Incident, *events: Event
) -> Incident:
    """The changed incident, kept with its events. Raises Conflict if somebody was faster."""
    kept = after.but(version=before.version + 1, sequence=before.sequence + len(events))
    if not incidents.replace(tx, rows.incident_columns(before), rows.incident_columns(kept)):
        raise Conflict(f"Somebody changed {before.number} at the same moment. Look again, then decide.")
    _write_down(tx, now, actor, kept, events)
    if changes := of_incident(before, kept):
        audit.keep(tx, now, actor, changes, kept.number)
    return kept


def owe(tx: Connection, now: datetime, deliveries: Iterable[Delivery]) -> None:
    """Put deliveries into the outbox; what was owed before is not owed again."""
    once = {delivery.key: delivery for delivery in reversed([*deliveries])}
    outbox.add(tx, [_owed(delivery, now) for delivery in reversed(once.values())])


def _owed(delivery: Delivery, now: datetime) -> dict[str, Any]:
    later = delivery.not_before
    return rows.delivery_columns(delivery) | {
        "state": DeliveryState.PENDING.value,
        "attempt": 0,
        "is_in_doubt": False,
        "owed_at": later or now,
        "next_attempt_at": later or AT_ONCE,
    }


def refresh_pages(
    tx: Connection, now: datetime, incident: Incident, pages: Iterable[Row[Any]], cause: str
) -> None:
    """Bring these pages up to date: what they show is no longer so, because of `cause`."""
    owe(
        tx,
        now,
        [
            Delivery(
                DeliveryKind.REFRESH_PAGE,
                key=f"refresh_page:{page.id}:{cause}",
                lane=f"refresh:{page.id}",
                incident_id=incident.id,
                person_id=page.person_id,
                page_id=page.id,
                method=page.method,
            )
            for page in pages
        ],
    )


def _write_down(
    tx: Connection, now: datetime, actor: Actor, incident: Incident, events: Sequence[Event]
) -> None:
    """The events and all that follows from them. What must be asked is asked before anything is added:
    what is added by several operations of one transaction can then be written together."""
    first = incident.sequence - len(events) + 1
    entries = [Entry(incident.id, first + place, now, actor, event) for place, event in enumerate(events)]
    outdated = _outdated_pages(tx, now, incident, first, events)
    clocks = _clocks(tx, incident, entries)
    if clocks and incident.version > 1:
        deadlines.disarm(tx, incident.id, [kind.value for kind in clocks], now)
    timeline.add(tx, [rows.entry_columns(entry) for entry in entries])
    owed = [delivery for entry in entries for delivery in consequences.deliveries(incident, entry)]
    if incident.version == 1:  # what is still to be posted will be posted as it is then
        owed = [delivery for delivery in owed if delivery.kind not in consequences.UPDATES]
    owe(tx, now, owed)
    refresh_pages(tx, now, incident, outdated, str(incident.sequence))
    if armed := [_armed(now, incident, arm) for arm in clocks.values() if arm is not None]:
        deadlines.arm(tx, armed)


def _clocks(
    tx: Connection, incident: Incident, entries: Iterable[Entry]
) -> Mapping[DeadlineKind, Arm | None]:
    """Each deadline that changes: as what it is armed from now on, or None."""
    changes = [change for entry in entries for change in consequences.deadlines(incident, entry)]
    is_asked = any(isinstance(change, Move) for change in changes)
    armed = [DeadlineKind(row.kind) for row in deadlines.armed_of(tx, incident.id)] if is_asked else []
    return last_words(changes, armed)


def _outdated_pages(
    tx: Connection, now: datetime, incident: Incident, first: int, events: Sequence[Event]
) -> list[Row[Any]]:
    """Pages of earlier events that show what is no longer so because of these, which begin at `first`."""
    if not any(consequences.changes_pages(event) for event in events):
        return []
    return [
        page
        for page in pages.of_incident(tx, incident.id, now)
        if page.sequence < first and any(consequences.changes_page(event, page.person_id) for event in events)
    ]


def _armed(now: datetime, incident: Incident, arm: Arm) -> dict[str, Any]:
    """What should have been due already, as after a raised severity, is due now: nobody is late with it."""
    return {
        "id": ids.time_ordered(now),
        "incident_id": incident.id,
        "kind": arm.kind.value,
        "level": arm.level,
        "due_at": max(arm.due_at, now),
        "state": DeadlineState.ARMED.value,
    }
