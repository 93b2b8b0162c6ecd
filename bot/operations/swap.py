"""Swap shifts: one asks, the other accepts, and both shifts change hands in one transaction."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.domain import ids, swap
from bot.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from bot.domain.ids import PersonId
from bot.domain.organization import Organization
from bot.domain.override import Stretch, holds
from bot.domain.rights import RIGHTS, Right
from bot.domain.swap import Swap, SwapState
from bot.domain.timeline import Actor
from bot.operations import look_up, rows
from bot.operations.permit import permit
from bot.operations.record import owe
from bot.operations.reorganize import put_on_top
from bot.operations.stand_in import existing, ready
from storage import duty, organizations, touched

_SAID = {
    SwapState.ACCEPTED: "You accepted this swap already.",
    SwapState.DECLINED: "You declined this swap already.",
    SwapState.EXPIRED: "It is too late for this swap: the shift has begun.",
    SwapState.OVERTAKEN: "This swap is void: the schedule has changed meanwhile.",
}


def ask(
    tx: Connection,
    now: datetime,
    actor: Actor,
    given: Stretch,
    asked_of: PersonId | None,
    returned: Stretch | None = None,
) -> Swap:
    """The swap, with a question on its way to the other person. Raises NotFound, Invalid and Conflict."""
    permit(actor, Right.CHANGE_DUTY)
    organized = look_up.organization(tx)
    asker, other = ready(organized, actor.person_id), ready(organized, asked_of)
    if other.id == asker.id:
        raise Invalid(person="must be somebody else")
    _check(organized, given, asker.id, now, "shift", "is not yours any more")
    if returned is not None:
        _check(organized, returned, other.id, now, "in_return", f"is none of {other.name}'s")
    made = Swap(
        id=ids.time_ordered(now),
        asked_by=asker.id,
        asked_of=other.id,
        schedule_id=given.schedule,
        starts_at=given.starts_at,
        ends_at=given.ends_at,
        return_schedule_id=returned.schedule if returned else None,
        return_starts_at=returned.starts_at if returned else None,
        return_ends_at=returned.ends_at if returned else None,
        state=SwapState.OPEN,
        asked_at=now,
    )
    same = ("asked_by", "asked_of", "schedule_id", "starts_at", "ends_at")
    if duty.has_open_swap(tx, {name: getattr(made, name) for name in same}):
        raise Conflict(f"You have asked {other.name} for that already, and they have not answered yet.")
    duty.add_swap(tx, rows.columns(made))
    touched.mark(tx, touched.DUTY)
    owe(tx, now, [swap.asked(made)])
    return made


def _check(
    organized: Organization, found: Stretch, person: PersonId, now: datetime, field: str, what: str
) -> None:
    """Raises Invalid beside the field unless it is a shift of the person's that has not begun."""
    schedule = existing(organized, found.schedule)
    if found.starts_at <= now:
        raise Invalid(**{field: "has begun already"})
    if found.ends_at <= found.starts_at or not holds(schedule, person, found.starts_at, found.ends_at):
        raise Invalid(**{field: what})


def answer(tx: Connection, now: datetime, actor: Actor, swap_id: str, *, accepts: bool) -> Swap:
    """The swap as it is after the answer, which may come too late. Raises NotFound, NotAllowed, Conflict.

    Others that ask for what has changed hands by it are void.
    """
    # Before any swap: of two that are accepted at once each would wait for the other's.
    organizations.hold(tx)
    found = by_id(tx, swap_id)
    if actor.person_id != found.asked_of:
        raise NotAllowed("Only who was asked can answer that.")
    permit(actor, Right.CHANGE_DUTY)
    if found.state is not SwapState.OPEN:
        raise Conflict(_SAID[found.state])
    if expire(tx, now, swap_id):
        return by_id(tx, swap_id)
    if not _still_holds(look_up.organization(tx), found):
        return _settle(tx, now, found, SwapState.OVERTAKEN)
    if not accepts:
        return _settle(tx, now, found, SwapState.DECLINED)
    put_on_top(tx, now, actor, found.overrides())
    accepted = _settle(tx, now, found, SwapState.ACCEPTED)
    _void_others(tx, now)
    return accepted


def _void_others(tx: Connection, now: datetime) -> None:
    organized = look_up.organization(tx)
    for other in map(rows.swap, duty.open_swaps(tx)):
        if not _still_holds(organized, other):
            _settle(tx, now, other, SwapState.OVERTAKEN)


def expire(tx: Connection, now: datetime, swap_id: str) -> bool:
    """Whether the swap is over because nobody answered in time."""
    found = by_id(tx, swap_id)
    if found.state is not SwapState.OPEN or found.answer_by > now:
        return False
    holds = _still_holds(look_up.organization(tx), found)
    _settle(tx, now, found, SwapState.EXPIRED if holds else SwapState.OVERTAKEN)
    return True


def by_id(tx: Connection, swap_id: str) -> Swap:
    """Raises NotFound."""
    row = duty.swap(tx, swap_id)
    if row is None:
        raise NotFound("There is no such swap.")
    return rows.swap(row)


def _still_holds(organized: Organization, found: Swap) -> bool:
    """Whether each shift is still theirs who would give it away, and both may be on call."""
    pairs = [(found.given, found.asked_by)]
    if found.returned is not None:
        pairs.append((found.returned, found.asked_of))
    asker = organized.person(found.asked_by)
    if asker is None or not asker.is_active or Right.CHANGE_DUTY not in RIGHTS[asker.role]:
        return False
    return all(
        shift.schedule in organized.schedules
        and holds(organized.schedules[shift.schedule], person, shift.starts_at, shift.ends_at)
        for shift, person in pairs
    )


def _settle(tx: Connection, now: datetime, found: Swap, state: SwapState) -> Swap:
    duty.settle_swap(tx, found.id, state, now)
    settled = replace(found, state=state, answered_at=now)
    owe(tx, now, swap.answered(settled))
    return settled
