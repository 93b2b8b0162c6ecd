"""Lists of incidents by any filter, at a cost that does not grow with their number.

A list is put together from one short walk for each status (and severity) along an index that ends in
the id, so that each walk begins with its newest incident and stops after a page. Totals come from the
tallies; a range of dates adds whole days and counts only the days at its two ends.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from itertools import product
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    bindparam,
    func,
    literal,
    select,
    type_coerce,
    union_all,
)

from storage import tallies
from storage.prepared import Statement
from storage.tables import incidents
from storage.types import UtcTime

#: So many incidents resolved in a range are sorted sooner than they are searched for among all.
_FEW = 2000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)

STATUSES = ("new", "investigating", "fixing", "monitoring", "resolved", "closed")


@dataclass(frozen=True)
class Range:
    """From one moment to another, both included; None is open."""

    first: datetime | None = None
    last: datetime | None = None

    def __bool__(self) -> bool:
        return self.first is not None or self.last is not None


@dataclass(frozen=True)
class Filter:
    """What an incident must be to be listed. Nothing allows everything."""

    statuses: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    assignee_id: str | None = None
    resolved_by_id: str | None = None
    team_id: str | None = None
    created: Range = Range()
    resolved: Range = Range()

    @property
    def people_and_teams(self) -> dict[str, str]:
        named = {
            "assignee_id": self.assignee_id,
            "resolved_by_id": self.resolved_by_id,
            "team_id": self.team_id,
        }
        return {column: value for column, value in named.items() if value is not None}


def page_of(tx: Connection, chosen: Filter, limit: int, offset: int) -> tuple[Sequence[Row[Any]], int]:
    """Incidents that fit the filter, newest first, and how many there are in all."""
    total = total_of(tx, chosen)
    if offset >= total:
        return (), total
    ids = _ids(tx, chosen, limit, offset, total)
    if not ids:  # a statement for no id at all cannot be run
        return (), total
    named = {f"id_{place}": one for place, one in enumerate(ids)}
    return _with_ids(len(ids)).rows(tx, named), total


def _ids(tx: Connection, chosen: Filter, limit: int, offset: int, total: int) -> Sequence[str]:
    """Of the incidents on the page, newest first."""
    if not chosen.created and not chosen.resolved:
        asked = {"limit": limit, "offset": offset, "most": limit + offset}
        return [one for (one,) in _usual_walks(chosen).run(tx, asked)]
    if chosen.resolved and total <= _FEW:
        return tx.execute(_few_by_resolution(chosen, limit, offset)).scalars().all()
    return tx.execute(_walks(chosen, limit, offset, limit + offset)).scalars().all()


@lru_cache(maxsize=256)
def _usual_walks(chosen: Filter) -> Statement:
    """The same few lists are asked for again and again: to put them together costs more than to walk."""
    return Statement(_walks(chosen, *map(_number, ("limit", "offset", "most"))))


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=Integer)


@cache
def _with_ids(count: int) -> Statement:
    ids: list[Any] = [bindparam(f"id_{place}") for place in range(count)]
    return Statement(select(incidents).where(incidents.c.id.in_(ids)).order_by(incidents.c.id.desc()))


def total_of(tx: Connection, chosen: Filter) -> int:
    """How many incidents fit the filter."""
    if not chosen.created and not chosen.resolved:
        sorts = {"status": chosen.statuses, "severity": chosen.severities}
        return tallies.total(tx, sorts | {key: [one] for key, one in chosen.people_and_teams.items()})
    if chosen.severities or chosen.people_and_teams or (chosen.created and chosen.resolved):
        return _counted(tx, _conditions(chosen))
    if chosen.created:
        return _by_days(tx, "created", _created, chosen.statuses, chosen.created)
    return _by_days(tx, "resolved", _resolved, chosen.statuses, chosen.resolved)


Number = int | BindParameter[int]


def _walks(chosen: Filter, limit: Number, offset: Number, most: Number) -> Select[Any]:
    """Ids, newest first: one walk along an index for each status, then the best of all.

    `most` of each walk are looked at: as many as the page and all before it have.
    """
    statuses = chosen.statuses or STATUSES
    severities: Sequence[str | None] = chosen.severities or (None,)
    if chosen.people_and_teams:
        severities = (None,)
    branches = []
    for status, severity in product(dict.fromkeys(statuses), dict.fromkeys(severities)):
        conditions = [incidents.c.status == status, *_conditions(chosen, is_walk=True)]
        if severity is not None:
            conditions = [incidents.c.severity == severity, *conditions]
        one = select(incidents.c.id).where(*conditions).order_by(incidents.c.id.desc())
        branches.append(select(one.limit(most).subquery()))
    ids = union_all(*branches).subquery()
    return select(ids.c.id).order_by(ids.c.id.desc()).limit(limit).offset(offset)


def _few_by_resolution(chosen: Filter, limit: int, offset: int) -> Select[Any]:
    """Ids, newest first, out of the few that were resolved in the range."""
    conditions = _conditions(chosen)
    # A function of the id, so that the database does not walk along the ids instead of the times.
    newest_first = func.coalesce(incidents.c.id, "").desc()
    return select(incidents.c.id).where(*conditions).order_by(newest_first).limit(limit).offset(offset)


def _conditions(chosen: Filter, *, is_walk: bool = False) -> list[ColumnElement[bool]]:
    """The filter; a walk names its status itself, and must not be lured away to the times of resolution."""
    found: list[ColumnElement[bool]] = []
    if chosen.statuses and not is_walk:
        found.append(incidents.c.status.in_(chosen.statuses))
    if chosen.severities:
        found.append(incidents.c.severity.in_([*map(literal, chosen.severities)]))
    found += [incidents.c[column] == value for column, value in chosen.people_and_teams.items()]
    # What was resolved by a moment was created by then.
    created_by = [one for one in (chosen.created.last, chosen.resolved.last) if one is not None]
    created = Range(chosen.created.first, min(created_by, default=None))
    resolved_at = type_coerce(func.abs(incidents.c.resolved_at), UtcTime) if is_walk else None
    return [*found, *_created(created), *_resolved(chosen.resolved, resolved_at)]


def _created(span: Range) -> list[ColumnElement[bool]]:
    first = [incidents.c.id >= _first_id(span.first)] if span.first is not None else []
    return [*first, *([incidents.c.id < _first_id(span.last + _TICK)] if span.last is not None else [])]


def _resolved(span: Range, expression: Any = None) -> list[ColumnElement[bool]]:
    column = incidents.c.resolved_at if expression is None else expression
    first = [column >= span.first] if span.first is not None else []
    return [*first, *([column <= span.last] if span.last is not None else [])]


def _first_id(moment: datetime) -> str:
    """The smallest id of that microsecond: ids begin with their time (UUID version 7, RFC 9562)."""
    milliseconds, microseconds = divmod((moment - _EPOCH) // _TICK, 1000)
    high = max(milliseconds, 0) << 16 | 0x7 << 12 | microseconds * 4096 // 1000
    return f"{high:016x}"


def _counted(tx: Connection, conditions: Sequence[ColumnElement[bool]]) -> int:
    return int(tx.execute(select(func.count()).select_from(incidents).where(*conditions)).scalar_one())


_FIRST_DAY, _LAST_DAY = -(10**6), 10**7


def _by_days(
    tx: Connection,
    clock: str,
    within: Callable[[Range], list[ColumnElement[bool]]],
    statuses: Sequence[str],
    span: Range,
) -> int:
    """Whole days from the tallies, the days at the two ends counted."""
    of_status = [incidents.c.status.in_(statuses)] if statuses else []
    first = tallies.day_of(span.first) if span.first is not None else _FIRST_DAY
    last = tallies.day_of(span.last) if span.last is not None else _LAST_DAY
    if first >= last:
        return _counted(tx, [*of_status, *within(span)])
    total = tallies.total_of_days(tx, clock, statuses, first + 1, last - 1)
    if span.first is not None:
        total += _counted(tx, [*of_status, *within(Range(span.first, tallies.start_of(first + 1) - _TICK))])
    if span.last is not None:
        total += _counted(tx, [*of_status, *within(Range(tallies.start_of(last), span.last))])
    return total
