"""When Slack took nothing: since when, why, and until when. Kept, so that a restart does not forget it."""

from datetime import datetime

from sqlalchemy import Connection

from bot.domain import consequences, outage
from bot.domain.contact import Method
from bot.domain.delivery import DeliveryKind
from bot.domain.incident import Incident
from bot.domain.outage import Outage, Told
from bot.operations import look_up, rows
from bot.operations.record import owe
from storage import facts, outbox, pages

_NAME = "outage:slack"
#: Cards that are brought up to date when it is over; those of other incidents change when they change.
_CARDS = 50


def last(tx: Connection) -> Outage | None:
    """The outage that lasts, else the last one."""
    kept = facts.of(tx, _NAME)
    return None if kept is None else rows.outage(kept)


def begin(tx: Connection, since: datetime, why: str) -> Outage:
    """The outage that lasts, from now on if there was none; several processes may notice it."""
    before = last(tx)
    if before is not None and before.until is None:
        return before
    return _keep(tx, Outage(since, why))


def end(tx: Connection, now: datetime) -> Outage | None:
    """The outage that is over with this: pages go out now, and cards of what it held up will tell of it."""
    before = last(tx)
    if before is None or before.until is not None:
        return None
    over = _keep(tx, Outage(before.since, before.why, now))
    outbox.hasten(tx, now, DeliveryKind.PAGE)
    if over.is_noticed:
        for incident_id in outbox.held_up(tx, _CARDS):
            incident = look_up.glance(tx, incident_id)
            owe(tx, now, [consequences.update_card(incident, f"outage-{over.since:%Y%m%dT%H%M%S}")])
    return over


def told(tx: Connection, incident: Incident, now: datetime) -> Told | None:
    """What the incident's card says of the last outage, if it says anything."""
    found = last(tx)
    if found is None or found.until is None or not outage.is_told(found, incident.created_at, now):
        return None
    by_email = pages.count_of_taken_over(tx, incident.id, Method.EMAIL, found.since, found.until)
    return Told(found, by_email)


def _keep(tx: Connection, found: Outage) -> Outage:
    facts.keep(tx, _NAME, rows.outage_text(found))
    return found
