"""Write the audit log, in the transaction of what it tells; read it."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain.audit import Action, AuditEntry, Change
from bot.domain.errors import Invalid
from bot.domain.ids import as_incident_number
from bot.domain.rights import Right
from bot.domain.timeline import Actor
from bot.operations import rows
from bot.operations.permit import permit
from storage import audit_log

#: Who is refused the same thing again and again fills no log.
_SAME = timedelta(minutes=1)
_COLUMNS = tuple(field.name for field in fields(Change))


def keep(
    tx: Connection, now: datetime, actor: Actor, changes: Sequence[Change], number: str | None = None
) -> None:
    """The changes are in the audit log."""
    by = rows.actor_columns(actor)
    audit_log.add(
        tx,
        [
            {"at": now, "number": number, **{name: getattr(change, name) for name in _COLUMNS}, **by}
            for change in changes
        ],
    )


def keep_refusal(
    tx: Connection, now: datetime, actor: Actor, lacking: str, number: str | None = None
) -> None:
    """That the actor was refused is in the audit log; the same refusal once a minute.

    What was refused is rolled back, so this needs a transaction of its own.
    """
    refused = Change(Action.REFUSED, lacking)
    same = {"action": refused.action, "subject": lacking, "number": number, **rows.actor_columns(actor)}
    if not audit_log.holds(tx, now - _SAME, same):
        keep(tx, now, actor, [refused], number)


def review(
    tx: Connection,
    actor: Actor,
    *,
    since: datetime | None = None,
    who: str | None = None,
    number: str | None = None,
) -> tuple[AuditEntry, ...]:
    """What was done since then, by whom (a name, a handle, a key's id) or to which incident, oldest first.

    Raises LacksRight, and Invalid for what is no incident's number.
    """
    permit(actor, Right.AUDIT)
    canonical = as_incident_number(number) if number is not None else None
    if number is not None and canonical is None:
        raise Invalid(incident=f"must look like INC-2026-044, not {number}")
    return tuple(rows.audit_entry(row) for row in audit_log.entries(tx, since, who, canonical))
