"""Change who is on call: an override for later, or taking the pager over now."""

from datetime import datetime

from sqlalchemy import Connection

from bot.domain import handoff
from bot.domain.errors import Conflict, Invalid, NotFound
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.organization import Organization, Person
from bot.domain.override import Stretch, checked, relieved, until, whole_second
from bot.domain.rights import RIGHTS, Right
from bot.domain.schedule import Override, Schedule, on_call
from bot.domain.timeline import Actor
from bot.operations import look_up
from bot.operations.permit import permit
from bot.operations.record import owe
from bot.operations.reorganize import put_on_top
from storage import organizations


def override(
    tx: Connection,
    now: datetime,
    actor: Actor,
    schedule_id: str,
    person_id: PersonId | None,
    starts_at: datetime,
    ends_at: datetime,
) -> Override:
    """Who is on call in that time, whatever the layers say. Raises NotFound and Invalid."""
    permit(actor, Right.CHANGE_DUTY)
    organizations.hold(tx)
    organized = look_up.organization(tx)
    schedule = existing(organized, schedule_id)
    person = ready(organized, person_id)
    chosen = checked(person.id, starts_at, ends_at, now)
    _put(tx, now, actor, schedule, chosen)
    return chosen


def take_over(tx: Connection, now: datetime, actor: Actor, schedule_id: str) -> Override:
    """The actor has the pager until the end of the shift. Raises NotFound, Invalid and Conflict."""
    permit(actor, Right.CHANGE_DUTY)
    organizations.hold(tx)
    organized = look_up.organization(tx)
    schedule = existing(organized, schedule_id)
    person = ready(organized, actor.person_id)
    shift = on_call(schedule, now)
    if shift is not None and shift.primary == person.id:
        raise Conflict(f"You have the pager of {schedule.name} already.")
    chosen = checked(person.id, whole_second(now), until(schedule, now), now)
    _put(tx, now, actor, schedule, chosen)
    return chosen


def check_holder(tx: Connection, now: datetime, schedule_id: str, shown: PersonId | None) -> None:
    """Raises Conflict when somebody else has the pager by now than who was shown to have it.

    Of several who take it at the same moment, or from an old message, one has it; the others hear who.
    """
    organizations.hold(tx)
    organized = look_up.organization(tx)
    schedule = existing(organized, schedule_id)
    shift = on_call(schedule, now)
    holder = shift.primary if shift is not None else None
    if holder == shown:
        return
    person = organized.person(holder)
    who = f"{person.name} has" if person is not None else "Nobody has"
    raise Conflict(
        f"{who} the pager of {schedule.name} by now. Look again before you take it: /incident oncall."
    )


def existing(organized: Organization, schedule_id: str) -> Schedule:
    """Raises NotFound."""
    schedule = organized.schedules.get(ScheduleId(schedule_id))
    if schedule is None:
        raise NotFound("There is no such schedule any more.", {"schedule": "does not exist any more"})
    return schedule


def ready(organized: Organization, person_id: PersonId | None) -> Person:
    """The person, who can be on call. Raises Invalid for who cannot act on a page."""
    person = organized.person(person_id)
    if person is None or not person.is_active:
        raise Invalid(person="is not active in the organization")
    if Right.ACKNOWLEDGE not in RIGHTS[person.role]:
        raise Invalid(person=f"is a {person.role}, who could not acknowledge a page")
    return person


def _put(tx: Connection, now: datetime, actor: Actor, schedule: Schedule, chosen: Override) -> None:
    """The override wins. Who hands over or takes over at once is told by the handoff itself."""
    put_on_top(tx, now, actor, [(schedule.id, chosen)])
    touched = {chosen.person, *relieved(schedule, chosen)}
    if chosen.starts_at <= now:
        shift = on_call(schedule, now)
        touched -= {chosen.person, shift.primary if shift is not None else chosen.person}
    people = look_up.organization(tx).people
    present = sorted(one for one in touched if one in people and people[one].is_active)
    found = Stretch(schedule.id, chosen.starts_at, chosen.ends_at)
    owe(tx, now, handoff.shift_changed(found, actor.person_id, present, now))
