"""Pages in the outbox: whose, for which event, and what has come of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Text,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    text,
    type_coerce,
)

from storage import touched
from storage.outbox import change
from storage.prepared import Statement
from storage.tables import incidents, outbox, timeline

_of_incident = and_(outbox.c.incident_id == bindparam("wanted"), outbox.c.kind == "page")
_OF_INCIDENT = Statement(
    select(outbox).where(
        _of_incident,
        outbox.c.method == "slack",
        or_(
            outbox.c.state.in_([literal("sent"), literal("sending")]),
            and_(outbox.c.state == "pending", outbox.c.owed_at <= bindparam("moment")),
        ),
    ),
    incident="wanted",
)
_FOR_EVENT = Statement(
    select(outbox).where(_of_incident, outbox.c.sequence == bindparam("ordinal")).order_by(outbox.c.id),
    incident="wanted",
)

#: What these ask for, an acknowledgement does not answer.
_ASKING_STILL = ("ClosureMissed", "Paged")
#: A page by hand whose methods were named. Quotation marks of what people wrote have a backslash before them.
_names_methods = and_(
    timeline.c.kind == "Paged", type_coerce(timeline.c.facts, Text).contains('"methods":["')
)


def of_incident(tx: Connection, incident_id: str, now: datetime) -> Sequence[Row[Any]]:
    """Every direct message that pages for the incident, sent or now to be sent."""
    return _OF_INCIDENT.rows(tx, {"wanted": incident_id, "moment": now})


def is_paged_since(tx: Connection, incident_id: str, person_id: str, sequence: int) -> bool:
    """Whether a later event owed the person a page for the incident."""
    of_person = and_(
        outbox.c.incident_id == incident_id, outbox.c.kind == "page", outbox.c.person_id == person_id
    )
    found = select(outbox.c.id).where(of_person, outbox.c.sequence > sequence, outbox.c.state != "dropped")
    return tx.execute(found.limit(1)).one_or_none() is not None


def newer(tx: Connection, page: Row[Any]) -> Sequence[Row[Any]]:
    """Pages that later events of the incident owed the same person by the same method."""
    same = [outbox.c[name] == getattr(page, name) for name in ("incident_id", "kind", "person_id", "method")]
    return tx.execute(select(outbox).where(*same, outbox.c.sequence > page.sequence)).all()


def put_forward(tx: Connection, delivery_id: int, now: datetime) -> None:
    """What was owed from a later moment on is owed from now on."""
    change(tx, delivery_id, {"owed_at": now, "next_attempt_at": now})
    touched.mark(tx, touched.OUTBOX)
    touched.mark(tx, touched.URGENT)


def put_off(tx: Connection, delivery_id: int, until: datetime) -> None:
    """What was owed is owed from a later moment on."""
    change(tx, delivery_id, {"owed_at": until, "next_attempt_at": until, "last_error": None, "attempt": 0})


def for_event(tx: Connection, incident_id: str, sequence: int) -> Sequence[Row[Any]]:
    """Every page that the event owed, in the order in which they were owed."""
    return _FOR_EVENT.rows(tx, {"wanted": incident_id, "ordinal": sequence})


def waiting(
    tx: Connection, now: datetime, away: Collection[str], most: int, *, is_alone: bool
) -> Sequence[Row[Any]]:
    """Pages that wait because their method does not answer, and that no other page may take over.

    Their lane has failed, or their method is `away`. Alone, they are the event's only page for the person
    so far, and come oldest first; else the others have all failed, and they come newest first. Pages by
    hand whose methods were named are not among them, nor pages whose time has not come, nor what somebody has
    answered since.
    """
    twin, head = outbox.alias("twin"), outbox.alias("head")
    twins = select(twin.c.id).where(
        twin.c.incident_id == outbox.c.incident_id,
        twin.c.kind == "page",
        twin.c.sequence == outbox.c.sequence,
        twin.c.person_id == outbox.c.person_id,
        twin.c.id != outbox.c.id,
    )
    failing = select(head.c.id).where(
        head.c.lane == outbox.c.lane,
        text("head.state IN ('pending', 'sending')"),
        head.c.is_head,
        head.c.last_error.is_not(None),
    )
    cause = and_(timeline.c.incident_id == outbox.c.incident_id, timeline.c.sequence == outbox.c.sequence)
    is_unanswered = and_(
        incidents.c.resolved_at.is_(None),
        or_(
            incidents.c.acknowledged_at.is_(None),
            incidents.c.acknowledged_at <= timeline.c.at,
            timeline.c.kind.in_(_ASKING_STILL),
        ),
    )
    waiting = (
        select(outbox)
        .join(timeline, cause)
        .join(incidents, incidents.c.id == outbox.c.incident_id)
        .where(
            text("outbox.state IN ('pending', 'sending')"),
            outbox.c.kind == "page",
            outbox.c.owed_at <= now,
            is_unanswered,
            ~_names_methods,
            or_(outbox.c.method.in_(away), failing.exists()),
        )
    )
    if is_alone:
        due = twins.where(twin.c.owed_at <= now)
        found = waiting.where(~due.exists()).order_by(outbox.c.owed_at, outbox.c.id)
    else:
        still = twins.where(twin.c.state != "failed")
        found = waiting.where(twins.exists(), ~still.exists()).order_by(outbox.c.id.desc())
    return tx.execute(found.limit(most)).all()


def count_of_taken_over(
    tx: Connection, incident_id: str, method: str, since: datetime, until: datetime
) -> int:
    """How many pages of the incident went out by this method then, for one that was owed before."""
    twin = outbox.alias("twin")
    first = select(twin.c.id).where(
        twin.c.incident_id == outbox.c.incident_id,
        twin.c.kind == "page",
        twin.c.sequence == outbox.c.sequence,
        twin.c.person_id == outbox.c.person_id,
        twin.c.owed_at < outbox.c.owed_at,
    )
    counted = select(func.count()).where(
        outbox.c.incident_id == incident_id,
        outbox.c.kind == "page",
        outbox.c.method == method,
        outbox.c.state == "sent",
        outbox.c.owed_at.between(since, until),
        first.exists(),
    )
    return tx.execute(counted).scalar_one()
