"""Page a person now."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.domain.contact import Method
from bot.domain.ids import PersonId
from bot.domain.incident import COMMENT_LIMIT, Incident, check_open, checked_text
from bot.domain.rights import Right
from bot.domain.timeline import Actor, Paged
from bot.operations import look_up
from bot.operations.assign import active_person
from bot.operations.permit import permit
from bot.operations.record import record


def page(
    tx: Connection,
    now: datetime,
    actor: Actor,
    number: str,
    person_id: PersonId,
    message: str | None = None,
    methods: Sequence[Method] = (),
) -> Incident:
    """The incident, with a page on its way to the person. Raises NotFound, Invalid, InvalidTransition.

    It keeps to the methods that are named; where none is, it goes by the usual ones, else by the others.
    """
    permit(actor, Right.PAGE, number)
    before = look_up.incident(tx, number)
    message = checked_text("message", message, COMMENT_LIMIT)
    person = active_person(tx, person_id)
    check_open(before, "be paged about")
    by = tuple(dict.fromkeys(methods))
    return record(tx, now, actor, before, before, Paged(person.id, message, by))
