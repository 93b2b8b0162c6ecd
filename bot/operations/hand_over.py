"""What the schedules bring by themselves: a handoff, a gap ahead, a swap that nobody answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain import gap, handoff
from bot.domain.handoff import Holder
from bot.domain.ids import ScheduleId, TeamId
from bot.domain.organization import Organization
from bot.domain.override import gap_at
from bot.domain.schedule import Gap, Schedule, on_call
from bot.operations import look_up, rows
from bot.operations.record import owe
from storage import duty, locks

#: At least so often it is looked again, whatever the schedules say.
_AT_LEAST = timedelta(days=1)
#: A gap that is over is remembered for so long: next week's may be the same again.
_REMEMBERED = timedelta(days=35)


@dataclass(frozen=True)
class Outlook:
    """What is to be done now, and when there is next something to do."""

    handoffs: tuple[ScheduleId, ...]
    gaps: tuple[ScheduleId, ...]
    swaps: tuple[str, ...]
    next_at: datetime


def outlook(tx: Connection, now: datetime) -> Outlook:
    """All that has fallen due by now; it only looks."""
    organized = look_up.organization(tx)
    known = {row.schedule_id: rows.holder(row) for row in duty.holders(tx)}
    moments = [now + _AT_LEAST]
    handoffs = [ScheduleId(one) for one in known if one not in organized.schedules]
    gaps: list[ScheduleId] = []
    for schedule in organized.schedules.values():
        shift = on_call(schedule, now)
        before = known.get(schedule.id)
        if handoff.next_holder(before, schedule, shift, now) != before:
            handoffs.append(schedule.id)
        moments.append(shift.ends_at if shift is not None else gap_at(schedule, now).ends_at)
        seen = gap.outlook(schedule, now)
        moments.append(seen.next_at)
        if gap.unknown(seen.near, _warned(tx, schedule.id)) and _teams(organized, schedule.id):
            gaps.append(schedule.id)
    if (begins := duty.first_of_open_swaps(tx)) is not None:
        moments.append(begins)
    later = min(moment for moment in moments if moment > now)
    return Outlook(tuple(handoffs), tuple(gaps), tuple(duty.overdue_swaps(tx, now)), later)


def hand_over(tx: Connection, now: datetime, schedule_id: ScheduleId) -> Holder | None:
    """Who has the pager, where that is news; both people are told, and the user group follows."""
    if not locks.attempt(tx, f"duty:{schedule_id}"):  # somebody else sees to it
        return None
    organized = look_up.organization(tx)
    schedule, before = organized.schedules.get(schedule_id), rows.holder(duty.holder(tx, schedule_id))
    if schedule is None:
        duty.forget_holder(tx, schedule_id)
        return None
    after = handoff.next_holder(before, schedule, on_call(schedule, now), now)
    if after == before:
        return None
    duty.keep_holder(tx, rows.columns(after))
    active = [one.id for one in organized.people.values() if one.is_active]
    owe(tx, now, [*handoff.told(before, after, active), *handoff.synced(after, now)])
    return after if before is not None and before.ordinal != after.ordinal else None


def keep_groups_in_step(tx: Connection, now: datetime) -> None:
    """Each user group is compared with its schedule once a day."""
    known = [rows.holder(row) for row in duty.holders(tx)]
    owe(tx, now, [one for holder in known if holder for one in handoff.synced(holder, now)])


def warn(tx: Connection, now: datetime, schedule_id: ScheduleId) -> tuple[Gap, ...]:
    """The gaps of which the schedule's teams are warned with this: each once."""
    if not locks.attempt(tx, f"gaps:{schedule_id}"):
        return ()
    organized = look_up.organization(tx)
    schedule = organized.schedules.get(schedule_id)
    channels = _teams(organized, schedule_id)
    if schedule is None or not channels:
        return ()
    duty.forget_warned(tx, now - _REMEMBERED)
    warned = _warned(tx, schedule_id)
    found = gap.unknown(gap.outlook(schedule, now).near, warned)
    loud = tuple(one for one in found if not gap.is_habit(one, warned, schedule.time_zone))
    if found:
        duty.add_warned(tx, [_row(schedule, one, now if one in loud else gap.FAR_BACK) for one in found])
    if loud:
        owe(tx, now, gap.warnings(schedule_id, now, loud, channels))
    return loud


def _row(schedule: Schedule, found: Gap, told_at: datetime) -> dict[str, object]:
    return {"schedule_id": schedule.id, "told_at": told_at, **rows.columns(found)}


def _warned(tx: Connection, schedule_id: ScheduleId) -> list[Gap]:
    return [Gap(row.starts_at, row.ends_at) for row in duty.warned(tx, schedule_id)]


def _teams(organized: Organization, schedule_id: ScheduleId) -> dict[str, TeamId]:
    """For each channel that hears of the schedule's gaps, the team whose it is."""
    found: dict[str, TeamId] = {}
    for team in organized.teams.values():
        channel = team.channel or organized.announcement_channel
        if team.is_active and team.schedule == schedule_id and channel is not None:
            found.setdefault(channel, team.id)
    return found
