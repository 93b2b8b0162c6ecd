"""The outbox: what is owed to the outside, lane by lane."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    any_,
    bindparam,
    cast,
    extract,
    func,
    or_,
    select,
    text,
    union_all,
    update,
)

from storage import locks, others, shared, touched
from storage.prepared import Insert, Statement, Update, powers
from storage.tables import incidents, outbox
from storage.types import as_time, kept

T = TypeVar("T")
Columns = Mapping[str, Any]
#: A kind of deliveries, after its priority: each kind has one.
Kind = tuple[int, str]

_ADD = Insert(outbox, unless="key")

_WITH_NUMBER: Select[Any] = select(outbox, incidents.c.number).outerjoin(
    incidents, incidents.c.id == outbox.c.incident_id
)
#: States are written out: SQLite takes a partial index only for a condition that it can read.
_HEADS = text("outbox.state = 'pending' AND outbox.is_head")
_unsettled = text("outbox.state IN ('pending', 'sending')")
#: So many lanes, or ids, are asked for in one statement at most.
_MOST = 64
_MICROSECOND = timedelta(microseconds=1)
#: As many as there are in one statement: only PostgreSQL is asked this.
_FREE = Statement(
    _WITH_NUMBER.where(
        outbox.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger))),
        outbox.c.next_attempt_at <= bindparam("moment"),
        _HEADS,
    ).with_for_update(of=outbox, skip_locked=True)
)
_ONE = Statement(select(outbox).where(outbox.c.id == bindparam("wanted")))
_WITH_KEY = Statement(select(outbox).where(outbox.c.key == bindparam("wanted")))
_CHANGE = Update(outbox, "id")
_HELD = Statement(
    select(outbox.c.id).where(
        outbox.c.id == bindparam("wanted"),
        outbox.c.state == "sending",
        outbox.c.leased_by == bindparam("holder"),
    ),
    holds=True,
)
_UNSETTLED = Statement(select(outbox.c.id).where(outbox.c.id == bindparam("wanted"), _unsettled), holds=True)
_NOT_TAKEN = Statement(
    select(outbox.c.id).where(
        outbox.c.id == bindparam("wanted"),
        or_(
            outbox.c.state == "pending",
            and_(outbox.c.state == "sending", outbox.c.leased_by == bindparam("holder")),
        ),
    ),
    holds=True,
)


def add(tx: Connection, rows: Sequence[Columns]) -> None:
    """Owe these deliveries, each with the same columns; one whose key was owed before is not owed again."""
    if rows:
        locks.lanes(tx, {row["lane"] for row in rows})
        shared.insert(tx, outbox, _insert, rows)
        touched.mark(tx, touched.OUTBOX)
        if any(row["kind"] == "page" for row in rows):
            touched.mark(tx, touched.URGENT)


def _insert(tx: Connection, rows: Sequence[Columns]) -> None:
    """The first of a lane becomes its head, if nothing waits there."""
    lanes = list(dict.fromkeys(row["lane"] for row in rows))
    taken = _taken(tx, lanes)
    headed = []
    for row in rows:
        headed.append({**row, "is_head": row["lane"] not in taken})
        taken.add(row["lane"])
    if _ADD.run(tx, headed) != len(rows):
        for some in _few(lanes):
            _name_heads(tx, some)


def _taken(tx: Connection, lanes: Sequence[str]) -> set[str]:
    """Those of the lanes in which something waits or is being sent."""
    return {lane for some in _few(lanes) for (lane,) in _waiting(len(some)).run(tx, _numbered(some))}


def _few(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """Lanes, or ids, as many at a time as one statement asks for."""
    first = 0
    for count in powers(len(things), _MOST):
        yield things[first : first + count]
        first += count


@dataclass(frozen=True)
class Head:
    """The first unsettled delivery of a lane, where it is pending and its time has come."""

    id: int
    lane: str
    kind: str
    priority: int
    method: str | None


def heads(
    tx: Connection,
    now: datetime,
    kinds: Sequence[Kind],
    most: int,
    *,
    by: str | None = None,
    but: str | None = None,
) -> list[Head]:
    """For each kind, the heads that have waited longest, at most so many of each.

    Only what goes out by this method, and nothing that goes out by that one.
    """
    found = _heads(tuple(kinds), by, but).run(tx, {"moment": now, "most": most})
    return [Head(*row) for row in found]


@cache
def _heads(kinds: tuple[Kind, ...], by: str | None, but: str | None) -> Statement:
    """One short walk along the index for each kind: what waits does not slow it down."""
    walks = [
        select(outbox.c.id, outbox.c.lane, outbox.c.kind, outbox.c.priority, outbox.c.method)
        .where(
            _HEADS,
            outbox.c.priority == priority,
            outbox.c.kind == kind,
            outbox.c.next_attempt_at <= bindparam("moment"),
            *([outbox.c.method == by] if by else []),
            *([outbox.c.method.is_distinct_from(but)] if but else []),
        )
        .order_by(outbox.c.next_attempt_at, outbox.c.id)
        .limit(bindparam("most"))
        .subquery()
        for priority, kind in kinds
    ]
    return Statement(union_all(*map(select, walks)))


def behind(tx: Connection, now: datetime, over: Mapping[int, str]) -> list[Head]:
    """What would be due at the head of these lanes if these deliveries, by their ids, were settled."""
    left = (_unsettled, outbox.c.lane.in_({*over.values()}), outbox.c.id.not_in(over))
    firsts = select(func.min(outbox.c.id)).where(*left).group_by(outbox.c.lane)
    found = select(outbox.c.id, outbox.c.lane, outbox.c.kind, outbox.c.priority, outbox.c.method).where(
        outbox.c.id.in_(firsts), text("outbox.state = 'pending'"), outbox.c.next_attempt_at <= now
    )
    return [Head(*row) for row in tx.execute(found)]


def hasten(tx: Connection, now: datetime, kind: str) -> None:
    """What waits for its next attempt is tried now: what it waited for has come."""
    waiting = and_(outbox.c.state == "pending", outbox.c.kind == kind, outbox.c.attempt > 0)
    tx.execute(update(outbox).where(waiting, outbox.c.next_attempt_at > now).values(next_attempt_at=now))


def next_attempt(tx: Connection, now: datetime, kinds: Sequence[Kind]) -> datetime | None:
    """When the next delivery that waits for its time may go out."""
    found = _next(tuple(kinds)).run(tx, {"moment": now})
    moments = [moment for (moment,) in found if moment is not None]
    return as_time(min(moments)) if moments else None


@cache
def _next(kinds: tuple[Kind, ...]) -> Statement:
    walks = [
        select(kept(func.min(outbox.c.next_attempt_at))).where(
            _HEADS,
            outbox.c.priority == priority,
            outbox.c.kind == kind,
            outbox.c.next_attempt_at > bindparam("moment"),
        )
        for priority, kind in kinds
    ]
    return Statement(union_all(*walks))


def free(tx: Connection, ids: Sequence[int], now: datetime) -> dict[int, Row[Any]]:
    """Those of these heads that nobody else is just taking up, each with the number of its incident.

    Since they were found another process may have tried one in vain: it waits for its time again.
    """
    if others.write(tx):
        return {row.id: row for row in _FREE.rows(tx, {"ids": list(ids), "moment": now})}
    found = ((row, row.state == "pending" and row.is_head) for row in _with_ids(tx, ids))
    return {row.id: row for row, waits in found if waits and row.next_attempt_at <= now}


def with_ids(tx: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """These deliveries, each with the number of its incident, whoever is taking them up."""
    return {row.id: row for row in _with_ids(tx, ids)}


def _with_ids(tx: Connection, ids: Sequence[int]) -> Iterator[Row[Any]]:
    for some in _few(ids):
        named = {f"id_{place}": one for place, one in enumerate(some)}
        yield from _one_of(len(some)).rows(tx, named)


@cache
def _one_of(count: int) -> Statement:
    wanted: list[Any] = [bindparam(f"id_{place}") for place in range(count)]
    return Statement(_WITH_NUMBER.where(outbox.c.id.in_(wanted)))


def take(tx: Connection, delivery_id: int, holder: str, lease: timedelta) -> None:
    """The delivery is the holder's alone until its lease ends."""
    if others.write(tx):
        _TAKE.change(tx, {"wanted": delivery_id, "holder": holder, "lease": lease // _MICROSECOND})
    else:
        change(tx, delivery_id, {"state": "sending", "leased_by": holder, "leased_until": None})


def keep(tx: Connection, ids: Sequence[int], holder: str, lease: timedelta) -> Sequence[int]:
    """Prolong the leases that are still the holder's: which."""
    held = outbox.update().where(outbox.c.id.in_(ids), _is_held_by(holder))
    until = _server_time() + lease // _MICROSECOND if others.write(tx) else None
    return tx.execute(held.values(leased_until=until).returning(outbox.c.id)).scalars().all()


def give_back(tx: Connection, holder: str, but: Collection[int]) -> None:
    """What the holder has taken up is pending again as it was, all but these."""
    taken = outbox.update().where(_is_held_by(holder), outbox.c.id.not_in(but))
    tx.execute(taken.values(state="pending", leased_until=None, leased_by=None))


def held_by(tx: Connection, holder: str, but: Collection[int]) -> Sequence[Row[Any]]:
    """What the holder has taken up, all but these, each with the number of its incident."""
    held = _WITH_NUMBER.where(_is_held_by(holder), outbox.c.id.not_in(but))
    return tx.execute(held.order_by(outbox.c.priority, outbox.c.id)).all()


def is_held(tx: Connection, delivery_id: int, holder: str) -> bool:
    """Whether the lease is still the holder's."""
    return bool(_HELD.run(tx, {"wanted": delivery_id, "holder": holder}))


def ahead_of(tx: Connection, delivery: Row[Any]) -> int:
    """How many unsettled deliveries stand before this one in its lane."""
    before = select(func.count()).where(outbox.c.lane == delivery.lane, outbox.c.id < delivery.id, _unsettled)
    return int(tx.execute(before).scalar_one())


def is_unsettled(tx: Connection, delivery_id: int) -> bool:
    return bool(_UNSETTLED.run(tx, {"wanted": delivery_id}))


def is_not_taken(tx: Connection, delivery_id: int, holder: str) -> bool:
    """Whether it waits or is being sent, and nobody but the holder has taken it up."""
    return bool(_NOT_TAKEN.run(tx, {"wanted": delivery_id, "holder": holder}))


def _is_held_by(holder: str) -> ColumnElement[bool]:
    return and_(outbox.c.state == "sending", outbox.c.leased_by == holder)


def _server_time() -> ColumnElement[int]:
    """Microseconds since 1970, by the server's clock: the clocks of several machines differ.

    On SQLite nobody else asks how long a lease lasts.
    """
    return cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)


_TAKE = Statement(
    outbox.update()
    .where(outbox.c.id == bindparam("wanted"))
    .values(
        state="sending",
        leased_by=bindparam("holder"),
        leased_until=_server_time() + bindparam("lease", type_=BigInteger),
    )
)


def newest_in_lane(tx: Connection, lane: str, kind: str) -> Row[Any]:
    """The newest pending delivery of the kind in the lane."""
    found = _NEWEST.row(tx, {"of_lane": lane, "of_kind": kind})
    if found is None:
        raise LookupError(f"nothing of kind {kind} waits in lane {lane}")
    return found


def drop_older(tx: Connection, newest: Row[Any], at: datetime) -> None:
    """The newest does for all pending deliveries of its kind in its lane, and takes their place."""
    locks.lanes(tx, {newest.lane})
    of_lane = {"of_lane": newest.lane, "of_kind": newest.kind, "newest": newest.id, "moment": at}
    if _DROP_OLDER.change(tx, of_lane):
        _name_heads(tx, {newest.lane})


#: In words that let SQLite take the index of unsettled deliveries.
_PENDING_IN = (
    _unsettled,
    outbox.c.lane == bindparam("of_lane"),
    outbox.c.kind == bindparam("of_kind"),
    outbox.c.state == "pending",
)
_NEWEST = Statement(_WITH_NUMBER.where(*_PENDING_IN).order_by(outbox.c.id.desc()).limit(1))
_DROP_OLDER = Statement(
    outbox.update()
    .where(*_PENDING_IN, outbox.c.id < bindparam("newest"))
    .values(state="dropped", is_head=False, settled_at=bindparam("moment"))
)


def change(tx: Connection, delivery_id: int, columns: Mapping[str, Any]) -> None:
    """Write columns of a delivery that goes on."""
    _CHANGE.run(tx, (delivery_id,), columns)


def settle(tx: Connection, delivery_id: int, lane: str, columns: Mapping[str, Any]) -> None:
    """Write the last columns of a delivery that is over: the next one of its lane follows."""
    locks.lanes(tx, {lane})
    change(tx, delivery_id, {**columns, "is_head": False})
    _name_heads(tx, {lane})


def _name_heads(tx: Connection, lanes: Collection[str]) -> None:
    """The first unsettled delivery of each of these lanes is its head."""
    _naming(len(lanes)).run(tx, _numbered(lanes))


def _numbered(lanes: Collection[str]) -> dict[str, str]:
    return {f"lane_{place}": lane for place, lane in enumerate(lanes)}


def _first_of(place: int) -> Select[Any]:
    """The first unsettled delivery of a lane: one step along the index, however long the lane is."""
    of_lane = select(outbox.c.id, outbox.c.lane).where(
        outbox.c.lane == bindparam(f"lane_{place}"), _unsettled
    )
    return select(of_lane.order_by(outbox.c.id).limit(1).subquery())


@cache
def _waiting(count: int) -> Statement:
    firsts = union_all(*map(_first_of, range(count))).subquery()
    return Statement(select(firsts.c.lane))


@cache
def _naming(count: int) -> Statement:
    firsts = union_all(*map(_first_of, range(count))).subquery()
    named = outbox.update().where(outbox.c.id.in_(select(firsts.c.id)), ~outbox.c.is_head)
    return Statement(named.values(is_head=True))


def one(tx: Connection, delivery_id: int) -> Row[Any] | None:
    return _ONE.row(tx, {"wanted": delivery_id})


def with_key(tx: Connection, key: str) -> Row[Any] | None:
    return _WITH_KEY.row(tx, {"wanted": key})


def unsettled(tx: Connection, now: datetime) -> dict[str, int]:
    """How many deliveries that are owed by now wait, and how many are being sent."""
    counted = select(outbox.c.state, func.count().label("n")).where(
        text("state IN ('pending', 'sending')"), outbox.c.owed_at <= now
    )
    return {row.state: row.n for row in tx.execute(counted.group_by(outbox.c.state))}


def owed_since(tx: Connection, now: datetime) -> datetime | None:
    """Since when the oldest delivery is owed whose time has come."""
    waiting = text("state = 'pending'")
    found: datetime | None = tx.execute(
        select(func.min(outbox.c.owed_at)).where(waiting, outbox.c.next_attempt_at <= now)
    ).scalar()
    return found


def late_heads(tx: Connection, since: datetime) -> Sequence[Row[Any]]:
    """Heads of lanes that are owed since this moment or longer."""
    wanted: Select[Any] = select(
        outbox.c.id, outbox.c.lane, outbox.c.kind, outbox.c.attempt, outbox.c.next_attempt_at
    )
    return tx.execute(wanted.where(_HEADS, outbox.c.owed_at <= since)).all()


def take_back(tx: Connection, now: datetime) -> int:
    """What was being sent by a process that died is pending again, in doubt; how many.

    On SQLite that is all that was being sent: there was one process. On PostgreSQL it is what nobody has
    prolonged the lease of, and what never had one: it came with `copy` from a SQLite file.
    """
    statement = outbox.update().where(text("outbox.state = 'sending'"))
    if others.write(tx):
        lease = outbox.c.leased_until
        statement = statement.where(or_(lease.is_(None), kept(lease) < _server_time()))
    pending = {"state": "pending", "is_in_doubt": True, "leased_until": None, "leased_by": None}
    taken = tx.execute(statement.values(**pending, next_attempt_at=now)).rowcount
    if taken:
        touched.mark(tx, touched.OUTBOX)
    return taken


def held_up(tx: Connection, most: int) -> Sequence[str]:
    """The incidents for which something is still owed, those of the newest deliveries first."""
    waiting = select(outbox.c.incident_id).where(_unsettled, outbox.c.incident_id.is_not(None))
    newest = waiting.group_by(outbox.c.incident_id).order_by(func.max(outbox.c.id).desc())
    return tx.execute(newest.limit(most)).scalars().all()


def failures_of(tx: Connection, incident_id: str, most: int) -> Sequence[Row[Any]]:
    """What could not be delivered for the incident, newest first."""
    found = select(outbox).where(outbox.c.incident_id == incident_id, outbox.c.state == "failed")
    return tx.execute(found.order_by(outbox.c.id.desc()).limit(most)).all()
