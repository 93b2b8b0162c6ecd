"""Timeline events, in the order of their incident."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from storage import shared
from storage.prepared import Insert, Statement
from storage.tables import timeline

_ADD = Insert(timeline)
_ONE = Statement(
    select(timeline).where(
        timeline.c.incident_id == bindparam("wanted"), timeline.c.sequence == bindparam("ordinal")
    ),
    incident="wanted",
)
_NEWEST = Statement(
    select(timeline)
    .where(timeline.c.incident_id == bindparam("wanted"))
    .order_by(timeline.c.sequence.desc())
    .limit(bindparam("most")),
    incident="wanted",
)


def add(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    shared.insert(tx, timeline, _ADD.run, rows)


def one(tx: Connection, incident_id: str, sequence: int) -> Row[Any]:
    found = _ONE.row(tx, {"wanted": incident_id, "ordinal": sequence})
    if found is None:
        raise LookupError(f"incident {incident_id} has no event {sequence}")
    return found


def of_kinds(tx: Connection, incident_id: str, kinds: Sequence[str]) -> Sequence[Row[Any]]:
    """The incident's events of these kinds, oldest first."""
    found = (
        select(timeline)
        .where(timeline.c.incident_id == incident_id, timeline.c.kind.in_(kinds))
        .order_by(timeline.c.sequence)
    )
    return tx.execute(found).all()


def newest(tx: Connection, incident_id: str, limit: int) -> list[Row[Any]]:
    """The newest events of the incident, oldest first."""
    return [*reversed(_NEWEST.rows(tx, {"wanted": incident_id, "most": limit}))]
