"""Who has the pager as people were told, swaps that were asked for, gaps that were warned of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, text

from storage import locks
from storage.tables import duty, swaps, warned_gaps
from storage.upsert import insert

Columns = Mapping[str, Any]

_OPEN = text("state = 'open'")


def holders(tx: Connection) -> Sequence[Row[Any]]:
    return tx.execute(select(duty)).all()


def holder(tx: Connection, schedule_id: str) -> Row[Any] | None:
    return tx.execute(select(duty).where(duty.c.schedule_id == schedule_id)).one_or_none()


def keep_holder(tx: Connection, columns: Columns) -> None:
    """The schedule's holder from now on."""
    kept = insert(duty).values(**columns)
    tx.execute(kept.on_conflict_do_update(index_elements=["schedule_id"], set_=dict(columns)))


def forget_holder(tx: Connection, schedule_id: str) -> None:
    tx.execute(duty.delete().where(duty.c.schedule_id == schedule_id))


def add_swap(tx: Connection, columns: Columns) -> None:
    tx.execute(swaps.insert().values(**columns))


def swap(tx: Connection, swap_id: str) -> Row[Any] | None:
    """The swap; nobody else answers it until the end of this transaction."""
    found = select(swaps).where(swaps.c.id == swap_id)
    return tx.execute(locks.on_row(tx, found)).one_or_none()


def settle_swap(tx: Connection, swap_id: str, state: str, at: datetime) -> None:
    tx.execute(swaps.update().where(swaps.c.id == swap_id).values(state=state, answered_at=at))


def has_open_swap(tx: Connection, columns: Columns) -> bool:
    """Whether just this is asked already, and not answered."""
    same = [swaps.c[name] == value for name, value in columns.items()]
    return tx.execute(select(swaps.c.id).where(_OPEN, *same).limit(1)).first() is not None


def open_swaps(tx: Connection) -> Sequence[Row[Any]]:
    return tx.execute(select(swaps).where(_OPEN).order_by(swaps.c.id)).all()


def overdue_swaps(tx: Connection, now: datetime) -> Sequence[str]:
    """Ids of swaps that nobody answered before one of their shifts began."""
    begun = or_(swaps.c.starts_at <= now, swaps.c.return_starts_at <= now)
    return tx.execute(select(swaps.c.id).where(_OPEN, begun)).scalars().all()


def first_of_open_swaps(tx: Connection) -> datetime | None:
    """When the first shift of an unanswered swap begins."""
    found = tx.execute(select(func.min(swaps.c.starts_at), func.min(swaps.c.return_starts_at)).where(_OPEN))
    return min(filter(None, found.one()), default=None)


def warned(tx: Connection, schedule_id: str) -> Sequence[Row[Any]]:
    return tx.execute(select(warned_gaps).where(warned_gaps.c.schedule_id == schedule_id)).all()


def warned_together(tx: Connection, schedule_id: str, told_at: datetime) -> Sequence[Row[Any]]:
    together = select(warned_gaps).where(
        warned_gaps.c.schedule_id == schedule_id, warned_gaps.c.told_at == told_at
    )
    return tx.execute(together.order_by(warned_gaps.c.starts_at)).all()


def add_warned(tx: Connection, rows: Sequence[Columns]) -> None:
    keys = ["schedule_id", "starts_at", "ends_at"]
    tx.execute(insert(warned_gaps).on_conflict_do_nothing(index_elements=keys), list(rows))


def forget_warned(tx: Connection, before: datetime) -> None:
    """Gaps that are over since then can come no more."""
    tx.execute(warned_gaps.delete().where(warned_gaps.c.ends_at < before))
