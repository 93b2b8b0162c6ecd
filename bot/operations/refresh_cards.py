"""Cards that name who is paged next name whoever it is now, when somebody has changed who is on call.

A handoff that the schedule brings by itself was known when the card was written: only whom *Escalate* pages
is another then, and it looks who that is when it is pressed. To look at each handoff as well held up the API
while Slack was away.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain import escalation
from bot.domain.consequences import update_card
from bot.domain.deadline import ESCALATION
from bot.domain.incident import Incident
from bot.domain.organization import Organization
from bot.operations import look_up
from bot.operations.record import owe
from storage import deadlines

#: Of the incidents whose time runs out within so long, so many: the first ones.
_WITHIN, _MOST = timedelta(hours=12), 20


def refresh_cards(tx: Connection, now: datetime, was: Organization, cause: str) -> None:
    """Owe the card of each incident that pages others next than it did when the organization was this."""
    organized = look_up.organization(tx)
    waiting = deadlines.soonest(tx, ESCALATION, now + _WITHIN, _MOST)
    cards = [(look_up.glance(tx, incident_id), at) for incident_id, at in waiting]
    changed = [
        update_card(found, cause)
        for found, at in cards
        if _named(was, found, at, now) != _named(organized, found, at, now)
    ]
    owe(tx, now, changed)


def _named(organized: Organization, found: Incident, at: datetime, now: datetime) -> object:
    """What the card names: who is paged once the time is over, and who by hand now."""
    return escalation.by_itself(organized, found, at), escalation.by_hand(organized, found, now)
