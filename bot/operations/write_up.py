"""Write the postmortem of an incident that is over."""

from datetime import datetime

from sqlalchemy import Connection

from bot.domain import ids
from bot.domain import postmortem as rules
from bot.domain.errors import AlreadyExists, Invalid, NotFound, StillOpen
from bot.domain.ids import PersonId
from bot.domain.incident import Incident
from bot.domain.postmortem import Content, Postmortem, PostmortemStatus
from bot.domain.rights import Right
from bot.domain.timeline import (
    Acknowledged,
    Actor,
    Closed,
    Entry,
    Event,
    PostmortemCreated,
    Resolved,
    StatusChanged,
)
from bot.operations import look_up, rows
from bot.operations.permit import permit
from bot.operations.record import record
from storage import postmortems, timeline


def write_up(
    tx: Connection,
    now: datetime,
    actor: Actor,
    number: str,
    content: Content,
    status: PostmortemStatus = PostmortemStatus.DRAFT,
) -> Postmortem:
    """The new postmortem, with what its author left out and the incident knows; its channel hears of it.

    Raises NotFound, StillOpen, AlreadyExists, and Invalid, which names every required field that is missing.
    """
    permit(actor, Right.WRITE_POSTMORTEM, number)
    incident = look_up.incident(tx, number)
    if incident.is_open:
        raise StillOpen(incident.number, incident.status)
    known = postmortems.of_incident(tx, incident.id)
    if known is not None:
        raise AlreadyExists(f"{incident.number} has its postmortem already: {known.number}.")
    level = look_up.organization(tx).postmortem_level
    content = rules.checked(content)
    if missing := rules.missing(content, level):
        raise Invalid(**missing)
    postmortem = Postmortem(
        id=ids.time_ordered(now),
        number=ids.postmortem_number(now.year, postmortems.next_ordinal(tx, now.year)),
        incident_id=incident.id,
        level=level,
        status=status,
        created_at=now,
        created_by=actor.name,
        content=_filled_in(tx, incident, content),
    )
    postmortems.add(tx, rows.postmortem_columns(postmortem))
    record(tx, now, actor, incident, incident, PostmortemCreated(postmortem.number))
    return postmortem


def postmortem_of(tx: Connection, incident: Incident) -> Postmortem | None:
    """The incident's postmortem, if it has one."""
    row = postmortems.of_incident(tx, incident.id)
    return rows.postmortem(row) if row is not None else None


def postmortem(tx: Connection, number: str) -> Postmortem:
    """The postmortem with this number. Raises NotFound."""
    canonical = ids.as_postmortem_number(number)
    row = postmortems.by_number(tx, canonical) if canonical else None
    if row is None:
        raise NotFound(f"There is no postmortem {number}. Numbers look like PM-2026-007.")
    return rows.postmortem(row)


def how_it_ended(tx: Connection, incident: Incident) -> str | None:
    """What was said when it was resolved, or else closed, last."""
    ends = _entries_of(tx, incident, Resolved, Closed)
    said = [one.event.comment for one in ends if isinstance(one.event, Resolved | Closed)]
    return next((comment for comment in reversed(said) if comment), None)


def _filled_in(tx: Connection, incident: Incident, content: Content) -> Content:
    organization = look_up.organization(tx)
    services = [
        organization.services[one].name for one in incident.service_ids if one in organization.services
    ]

    def name_of(person_id: PersonId | None) -> str:
        person = organization.person(person_id)
        return person.name if person else "somebody who has left"

    moments = rules.timeline(look_up.entries(tx, incident, rules.LIST_LIMIT), name_of)
    times = rules.response_times(incident, _entries_of(tx, incident, Acknowledged, StatusChanged))
    return rules.filled_in(content, incident, services, moments, times)


def _entries_of(tx: Connection, incident: Incident, *kinds: type[Event]) -> tuple[Entry, ...]:
    """All its events of these kinds, oldest first; the newest 200 of all kinds may lack the first of them."""
    found = timeline.of_kinds(tx, incident.id, [kind.__name__ for kind in kinds])
    return tuple(rows.entry(row) for row in found)
