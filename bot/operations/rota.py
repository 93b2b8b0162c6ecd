"""What a door may see of who is on call: teams at a moment, one's own shifts, and what is told of changes."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain import gap, override
from bot.domain.errors import NotFound
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.incident import OPEN
from bot.domain.organization import Organization, Person, Team
from bot.domain.overview import Overview, Wanted
from bot.domain.rights import RIGHTS, Right
from bot.domain.rota import GapFacts, HandoffFacts, Rota, ShiftChange, SwapFacts, TeamRota
from bot.domain.schedule import Gap, Schedule, Shift, on_call
from bot.domain.timeline import Actor
from bot.operations import look_up, rows, swap
from storage import duty, outbox

#: How many open incidents a handoff names.
_NAMED = 5
#: How many of their own shifts people see, and how far ahead.
_OWN, _OWN_SPAN = 5, timedelta(days=35)

#: The moment that is asked about, seen from a schedule's zone.
Moment = Callable[[str], datetime]


def rota(
    tx: Connection, now: datetime, reader: Actor, team_name: str = "", moment: Moment | None = None
) -> Rota:
    """Who of each team is on call, or of the team named. Raises NotFound."""
    organized = look_up.organization(tx)
    named = [look_up.team(organized, team_name)] if team_name else None
    teams = named or [one for one in organized.teams.values() if one.is_active]
    at = moment or (lambda zone: now)
    asked = {team.schedule for team in named} if named else None
    own = mine(organized, reader.person_id, now, asked)
    return Rota(
        teams=tuple(_of_team(organized, team, at) for team in teams),
        people=organized.people,
        mine=own,
        reader=reader.person_id,
        may_change=Right.CHANGE_DUTY in RIGHTS[reader.role],
        is_now=moment is None,
    )


def _of_team(organized: Organization, team: Team, moment: Moment) -> TeamRota:
    schedule = organized.schedules.get(team.schedule) if team.schedule is not None else None
    if schedule is None:
        return TeamRota(team, None, moment("UTC"), None, None, None)
    at = moment(schedule.time_zone)
    shift = on_call(schedule, at)
    ends = shift.ends_at if shift is not None else override.gap_at(schedule, at).ends_at
    following = override.after(schedule, ends)
    return TeamRota(team, schedule, at, shift, ends if shift is None else None, following)


def mine(
    organized: Organization,
    person_id: PersonId | None,
    now: datetime,
    only: Collection[ScheduleId | None] | None = None,
) -> tuple[tuple[Schedule, Shift], ...]:
    """The person's next shifts, in these schedules or in all."""
    if person_id is None:
        return ()
    schedules = [one for one in organized.schedules.values() if only is None or one.id in only]
    return override.upcoming(schedules, person_id, now, _OWN_SPAN)[:_OWN]


def handoff(tx: Connection, now: datetime, schedule_id: str) -> HandoffFacts:
    """Who has the pager as people are told, and what is open. Raises NotFound."""
    organized = look_up.organization(tx)
    schedule, holder = _schedule(organized, schedule_id), rows.holder(duty.holder(tx, schedule_id))
    if holder is None:
        raise NotFound("Nobody is known to have the pager.")
    shift = on_call(schedule, now)
    incidents, total = _open_incidents(tx, organized, schedule.id, now)
    return HandoffFacts(
        schedule,
        organized.person(holder.primary_id),
        organized.person(holder.previous_id),
        organized.person(shift.secondary) if shift is not None else None,
        shift.ends_at if shift is not None else override.gap_at(schedule, now).ends_at,
        incidents,
        total,
    )


def _open_incidents(
    tx: Connection, organized: Organization, schedule_id: ScheduleId, now: datetime
) -> tuple[tuple[Overview, ...], int]:
    """Of the teams that have the schedule, newest first."""
    found: list[Overview] = []
    total = 0
    for team in organized.teams.values():
        if team.is_active and team.schedule == schedule_id:
            some, count = look_up.overviews(tx, now, Wanted(tuple(OPEN), team_id=team.id), _NAMED)
            found += some
            total += count
    found.sort(key=lambda one: one.incident.created_at, reverse=True)
    return tuple(found[:_NAMED]), total


def shift_change(tx: Connection, subject: str) -> ShiftChange | None:
    """What a person is told of an override for later; None when it is there no more. Raises NotFound."""
    text, _, by = subject.rpartition(" ")
    found, organized = override.stretch(text), look_up.organization(tx)
    schedule = _schedule(organized, found.schedule)
    bounds = (found.starts_at, found.ends_at)
    chosen = [one for one in schedule.overrides if (one.starts_at, one.ends_at) == bounds]
    if not chosen:
        return None
    return ShiftChange(
        schedule,
        chosen[-1],
        organized.person(chosen[-1].person),
        _people(organized, override.relieved(schedule, chosen[-1])),
        organized.person(PersonId(by)),
    )


def swap_facts(tx: Connection, swap_id: str) -> SwapFacts:
    """Raises NotFound."""
    found, organized = swap.by_id(tx, swap_id), look_up.organization(tx)
    back = found.return_schedule_id
    return SwapFacts(
        found,
        organized.person(found.asked_by),
        organized.person(found.asked_of),
        organized.schedules.get(found.schedule_id),
        organized.schedules.get(back) if back is not None else None,
    )


def question(tx: Connection, swap_id: str) -> tuple[str, str | None, str | None]:
    """State, Slack channel and `ts` of the message that asks for a swap."""
    row = outbox.with_key(tx, f"swap_asked:{swap_id}")
    return (row.state, row.channel_id, row.receipt) if row is not None else ("dropped", None, None)


def gaps(tx: Connection, now: datetime, subject: str) -> GapFacts | None:
    """The gaps of a warning that are there still; None when all are closed. Raises NotFound."""
    schedule_id, told_at, team_id = gap.warning(subject)
    organized = look_up.organization(tx)
    schedule, team = _schedule(organized, schedule_id), organized.teams.get(team_id)
    if team is None or not team.is_active:
        raise NotFound("There is no such team any more.")
    near = gap.outlook(schedule, now).near
    told = [Gap(row.starts_at, row.ends_at) for row in duty.warned_together(tx, schedule_id, told_at)]
    still = [one for one in told if not gap.unknown([one], near)]
    return (
        GapFacts(team, schedule, tuple(_around(organized, schedule, one) for one in still)) if still else None
    )


def _around(
    organized: Organization, schedule: Schedule, found: Gap
) -> tuple[Gap, Person | None, Person | None]:
    """The gap, and who is on call before and after it."""
    first = override.before(schedule, found.starts_at) if found.starts_at != gap.FAR_BACK else None
    last = override.after(schedule, found.ends_at) if found.ends_at != gap.FAR_AHEAD else None
    return (
        found,
        organized.person(first.primary) if first is not None else None,
        organized.person(last.primary) if last is not None else None,
    )


def user_group(tx: Connection, now: datetime, schedule_id: str) -> tuple[Schedule, Person | None]:
    """The schedule, and who its Slack user group is to hold. Raises NotFound."""
    organized = look_up.organization(tx)
    schedule = _schedule(organized, schedule_id)
    shift = on_call(schedule, now)
    person = organized.person(shift.primary) if shift is not None else None
    return schedule, person if person is not None and person.is_active else None


def _schedule(organized: Organization, schedule_id: str) -> Schedule:
    schedule = organized.schedules.get(ScheduleId(schedule_id))
    if schedule is None:
        raise NotFound("There is no such schedule any more.")
    return schedule


def _people(organized: Organization, ids: Iterable[PersonId]) -> tuple[Person, ...]:
    return tuple(organized.people[one] for one in ids if one in organized.people)
