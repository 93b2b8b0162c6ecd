"""Write the postmortem of an incident that is over."""

import re
from datetime import datetime

from sqlalchemy import Connection

from bot.domain import ids
from bot.domain import postmortem as rules
from bot.domain.errors import AlreadyExists, Invalid, NotFound, StillOpen
from bot.domain.ids import PersonId
from bot.domain.incident import Incident
from bot.domain.postmortem import Content, Postmortem, PostmortemStatus
from bot.domain.timeline import Actor, Closed, PostmortemCreated, Resolved
from bot.operations import look_up, rows
from bot.operations.record import permit, record
from storage import postmortems

_NUMBER = re.compile(r"PM-\d{4}-\d{1,9}", re.IGNORECASE)


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
    permit(actor)
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
    row = postmortems.by_number(tx, number.upper()) if _NUMBER.fullmatch(number) else None
    if row is None:
        raise NotFound(f"There is no postmortem {number}. Numbers look like PM-2026-007.")
    return rows.postmortem(row)


def how_it_ended(tx: Connection, incident: Incident) -> str | None:
    """What was said when it was resolved, or else closed, last."""
    entries = look_up.entries(tx, incident)
    said = [one.event.comment for one in entries if isinstance(one.event, Resolved | Closed)]
    return next((comment for comment in reversed(said) if comment), None)


def _filled_in(tx: Connection, incident: Incident, content: Content) -> Content:
    organization = look_up.organization(tx)
    services = [
        organization.services[one].name for one in incident.service_ids if one in organization.services
    ]

    def name_of(person_id: PersonId | None) -> str:
        person = organization.person(person_id)
        return person.name if person else "somebody who has left"

    entries = look_up.entries(tx, incident, rules.LIST_LIMIT)
    return rules.filled_in(content, incident, services, entries, name_of)
