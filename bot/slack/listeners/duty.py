"""Who is on call, asked and changed: by command, button and form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.errors import Invalid, NotFound
from bot.domain.ids import ScheduleId
from bot.domain.organization import Organization, Person
from bot.domain.override import Stretch, stretch, upcoming, whole_second
from bot.domain.rights import RIGHTS, Right
from bot.domain.schedule import Schedule, on_call
from bot.domain.timeline import Actor
from bot.operations import look_up, rota, stand_in, swap
from bot.operations.permit import permit
from bot.slack import when
from bot.slack.listeners.asked import Body, asked_in
from bot.slack.listeners.front import Front, person_meant
from bot.slack.views import actions, answers, duty, duty_forms
from bot.slack.views import rota as rota_view
from bot.slack.views.duty_forms import Shifts
from bot.slack.views.inputs import View
from bot.slack.views.kit import Message
from storage.database import Connection

Values = Mapping[str, Any]
#: What the form suggests when no shift does.
_USUAL = timedelta(hours=8)
#: So many shifts a person and people are offered in return.
_OFFERED, _PEOPLE = 6, 16


async def shown(front: Front, body: Body, text: str) -> Message:
    """Who is on call, of all teams or one, now or at the moment that the text ends with; or when a person is.

    Raises NotFound for an unknown team; if a moment may have been meant, it says what moments look like.
    """

    def query(tx: Connection, now: datetime, actor: Actor) -> Message:
        organized = look_up.organization(tx)
        is_team = organized.team_named(text) is not None
        team, moment = (text, None) if is_team else when.split(text)
        if moment is None and not is_team and (person := organized.person_called(team)):
            return _shifts_of(organized, person, now)
        if when.looks_like_one(team):
            _check_team(organized, team)
        if moment is None or moment == when.NOW:
            return rota_view.oncall(rota.rota(tx, now, actor, team))
        return _on_call_at(tx, now, actor, team, moment)

    return await front.look(body, query)


def _on_call_at(tx: Connection, now: datetime, actor: Actor, team: str, moment: when.When) -> Message:
    skipped: set[str] = set()

    def at(zone: str) -> datetime:
        found = when.moment(moment, now, zone)
        if when.is_skipped(moment, found, zone):
            skipped.add(zone)
        return found

    found = rota.rota(tx, now, actor, team, at)
    return rota_view.oncall(found, sorted(skipped))


def _shifts_of(organized: Organization, person: Person, now: datetime) -> Message:
    return rota_view.shifts(person, rota.mine(organized, person.id, now), now)


async def shifts_of(front: Front, body: Body, slack_id: str | None) -> Message:
    """When a person is on call next; None is who asks. Raises NotFound."""

    def query(tx: Connection, now: datetime, actor: Actor) -> Message:
        organized = look_up.organization(tx)
        person = organized.people[person_meant(tx, slack_id or actor.slack_id)]
        return _shifts_of(organized, person, now)

    return await front.look(body, query)


def _check_team(organized: Organization, text: str) -> None:
    """Raises NotFound for what is no team, and may have been meant as a moment."""
    try:
        look_up.team(organized, text)
    except NotFound as unknown:
        raise NotFound(f"{unknown.sentence} Times look like {when.EXAMPLES}.", unknown.details) from unknown


async def take_over(front: Front, body: Body, value: str) -> Message:
    """The pager is theirs who pressed, until the end of the shift."""
    schedule_id, holder, is_shown = actions.parse_taking_over(value)

    def run(tx: Connection, now: datetime, actor: Actor) -> Message:
        if is_shown:
            stand_in.check_holder(tx, now, schedule_id, holder)
        taken = stand_in.take_over(tx, now, actor, schedule_id)
        return duty.taken_over(look_up.organization(tx).schedules[schedule_id], taken.ends_at)

    return await front.act(body, "take_over", run)


async def ask_override(front: Front, body: Body, value: str) -> None:
    """The form is open, with what the button meant filled in. Raises LacksRight."""

    def query(tx: Connection, now: datetime, actor: Actor) -> View:
        permit(actor, Right.CHANGE_DUTY)
        organized = look_up.organization(tx)
        if not organized.schedules:
            raise Invalid(schedule="is missing: the organization file has none")
        meant = _meant(organized, value, now)
        return duty_forms.override(
            sorted(organized.schedules.values(), key=lambda one: one.name.casefold()),
            meant.schedule,
            actor.slack_id,
            meant.starts_at,
            meant.ends_at,
            asked_in(body),
        )

    await front.show_modal(body, await front.look(body, query))


@dataclass(frozen=True)
class _Meant:
    schedule: Schedule | None
    starts_at: datetime
    ends_at: datetime


def _meant(organized: Organization, value: str, now: datetime) -> _Meant:
    """What a button's value says: a stretch of a schedule, a schedule, or nothing."""
    if " " in value:
        found = stretch(value)
        schedule = organized.schedules.get(found.schedule)
        return _Meant(schedule, max(found.starts_at, now), max(found.ends_at, now + timedelta(minutes=1)))
    schedule = organized.schedules.get(ScheduleId(value))
    shift = on_call(schedule, now) if schedule is not None else None
    minute = whole_second(now).replace(second=0)
    return _Meant(schedule, minute, shift.ends_at if shift is not None else minute + _USUAL)


async def ask_override_of_team(front: Front, body: Body, team_name: str) -> None:
    """As above, for the schedule of a team. Raises NotFound."""

    def query(tx: Connection, now: datetime, actor: Actor) -> str:
        team = look_up.team(look_up.organization(tx), team_name) if team_name else None
        return team.schedule or "" if team is not None else ""

    await ask_override(front, body, await front.look(body, query))


async def ask_swap(front: Front, body: Body) -> Message | None:
    """The form is open; who has no shift to swap is told so. Raises LacksRight."""

    def query(tx: Connection, now: datetime, actor: Actor) -> View | None:
        permit(actor, Right.CHANGE_DUTY)
        organized = look_up.organization(tx)
        person = organized.person(actor.person_id)
        own = _not_begun(organized, person, now) if person is not None else ()
        others = [
            (one, _not_begun(organized, one, now)[:_OFFERED])
            for one in organized.people.values()
            if one != person and one.is_active and Right.CHANGE_DUTY in RIGHTS[one.role]
        ]
        offered = [(one, found) for one, found in others if found][:_PEOPLE]
        return duty_forms.swap(own, offered, asked_in(body)) if own else None

    view = await front.look(body, query)
    if view is None:
        return answers.done("You have no shift in the next 60 days that has not begun.")
    await front.show_modal(body, view)
    return None


def _not_begun(organized: Organization, person: Person, now: datetime) -> Shifts:
    found = upcoming(organized.schedules.values(), person.id, now)
    return [(schedule, shift) for schedule, shift in found if shift.starts_at > now]


async def answer_swap(front: Front, body: Body, swap_id: str, *, accepts: bool) -> Message | None:
    """The question itself tells what became of it; a private answer only says why not."""
    await front.act(
        body, "swap", lambda tx, now, actor: swap.answer(tx, now, actor, swap_id, accepts=accepts)
    )
    return None


def override(tx: Connection, now: datetime, actor: Actor, values: Values) -> Message | None:
    """What the form for an override asks for is done."""
    permit(actor, Right.CHANGE_DUTY)
    schedule_id = str(values.get("schedule") or "")
    if not schedule_id:
        raise Invalid(schedule="must be chosen")
    person_id = person_meant(tx, values.get("person"))
    starts_at, ends_at = _moment("starts_at", values), _moment("ends_at", values)
    made = stand_in.override(tx, now, actor, schedule_id, person_id, starts_at, ends_at)
    found = Stretch(ScheduleId(schedule_id), made.starts_at, made.ends_at)
    change = rota.shift_change(tx, f"{found} {actor.person_id or '-'}")
    return duty.overridden(change) if change is not None else None


def ask_for_swap(tx: Connection, now: datetime, actor: Actor, values: Values) -> Message | None:
    """What the form for a swap asks for is asked."""
    permit(actor, Right.CHANGE_DUTY)
    given = stretch(str(values.get("shift") or ""))
    back = values.get("in_return")
    person_id = person_meant(tx, values.get("person"))
    made = swap.ask(tx, now, actor, given, person_id, stretch(str(back)) if back else None)
    return duty.swap_asked(rota.swap_facts(tx, made.id))


def _moment(field: str, values: Values) -> datetime:
    """Raises Invalid for what is no moment of a calendar."""
    seconds = values.get(field)
    if not isinstance(seconds, int):
        raise Invalid(**{field: "must be chosen"})
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise Invalid(**{field: "is too far away"}) from None
