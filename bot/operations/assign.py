"""Assign an incident to a person."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.domain.errors import NotFound
from bot.domain.ids import PersonId
from bot.domain.incident import Incident, check_open
from bot.domain.organization import Person
from bot.domain.rights import Right
from bot.domain.timeline import Actor, Assigned
from bot.operations import look_up
from bot.operations.permit import permit
from bot.operations.record import record


def assign(tx: Connection, now: datetime, actor: Actor, number: str, person_id: PersonId) -> Incident:
    """The incident in another person's hands. Raises NotFound for who is unknown or inactive."""
    permit(actor, Right.ASSIGN, number)
    before = look_up.incident(tx, number)
    person = active_person(tx, person_id)
    check_open(before, "be assigned")
    if before.assignee_id == person.id:
        return before
    after = replace(before, assignee_id=person.id)
    return record(tx, now, actor, before, after, Assigned(person.id, before.assignee_id, is_automatic=False))


def active_person(tx: Connection, person_id: PersonId) -> Person:
    """Raises NotFound for who is unknown or inactive."""
    person = look_up.organization(tx).person(person_id)
    if person is None or not person.is_active:
        raise NotFound(
            "There is no active person like that in the organization.", {"person": "unknown or inactive"}
        )
    return person
