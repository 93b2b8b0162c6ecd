"""Escalate an incident to the next level, by hand."""

from datetime import datetime

from sqlalchemy import Connection

from bot.domain import escalation
from bot.domain.errors import InvalidTransition, NoFurtherLevel
from bot.domain.incident import MOVES, Incident
from bot.domain.rights import Right
from bot.domain.timeline import Actor, Reason
from bot.operations import look_up
from bot.operations.permit import permit
from bot.operations.record import record


def escalate(tx: Connection, now: datetime, actor: Actor, number: str) -> Incident:
    """The incident at its next level, whose people are paged. Raises NoFurtherLevel after the last."""
    permit(actor, Right.ESCALATE, number)
    before = look_up.incident(tx, number)
    if not before.is_open:
        raise InvalidTransition(before.number, before.status, MOVES[before.status], "be escalated")
    # Another process may have been asked later and have written first: what was escalated after an
    # acknowledgement must not seem to have been answered by it.
    now = max(now, before.acknowledged_at or now)
    organization = look_up.organization(tx)
    policy = organization.policy(before.severity, before.service_ids)
    if escalation.next_level(policy, before.level) is None:
        raise NoFurtherLevel(
            f"{before.number} is at its last level. Page somebody by name instead: /incident page @someone."
        )
    after, events = escalation.climb(organization, before, now, Reason.BY_HAND)
    return record(tx, now, actor, before, after, *events)
