"""Who is on call: the answer, the home tab's part of it, and a shift as a choice."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.domain.ids import PersonId
from bot.domain.organization import Person
from bot.domain.override import Stretch
from bot.domain.rota import People, Rota, TeamRota
from bot.domain.schedule import Schedule, Shift
from bot.slack.views import actions, kit
from bot.slack.views.kit import Block, Element, Message

#: So many teams fit with all that is said of them.
SHOWN = 20


def oncall(rota: Rota, skipped: Sequence[str] = ()) -> Message:
    """Who has the pager, until when, who stands behind them and who is next.

    `skipped` are the zones whose clocks never show the time that was asked about.
    """
    if not rota.teams:
        nothing = "No team is configured yet. An admin can add some to the organization file."
        return kit.message(nothing, [kit.section(nothing)])
    shown = rota.teams[:SHOWN]
    blocks = [kit.section(f"*{_heading(rota)}*")]
    if skipped:
        zones = kit.escape(", ".join(skipped))
        blocks.append(
            kit.context(
                f":warning: The change of clocks skips that time ({zones}): this is the next that there is."
            )
        )
    for one in shown:
        blocks += _team(rota, one)
    if len(rota.teams) > len(shown):
        more = len(rota.teams) - len(shown)
        blocks.append(kit.context(f"And {more} more. Name one: `/incident oncall payments`."))
    if rota.is_now:
        blocks += mine(rota)
    if rota.may_change:
        override = kit.button("Override…", actions.OVERRIDE, _meant(rota))
        blocks.append(kit.row(override, kit.button("Swap a shift…", actions.SWAP)))
    return kit.message(_in_short(rota), blocks)


def _meant(rota: Rota) -> str:
    """What an override is suggested for: the schedule of the only team, and the shift that was asked for."""
    only = rota.teams[0] if len(rota.teams) == 1 else None
    if only is None or only.schedule is None:
        return ""
    if rota.is_now or only.shift is None:
        return only.schedule.id
    return str(Stretch(only.schedule.id, only.shift.starts_at, only.shift.ends_at))


def _heading(rota: Rota) -> str:
    """The moment stands with each team unless it is the same for all."""
    if rota.is_now:
        return "On call now"
    moments = {_local(one) for one in rota.teams}
    return f"On call on {moments.pop()}" if len(moments) == 1 else "On call"


def _local(one: TeamRota) -> str:
    zone = one.schedule.time_zone if one.schedule is not None else "UTC"
    return f"{kit.local(one.at, zone)} ({kit.escape(zone)})"


def _in_short(rota: Rota) -> str:
    """What a phone's lock screen shows."""
    if len(rota.teams) == 1 and (shift := rota.teams[0].shift) is not None:
        return f"On call for {kit.escape(rota.teams[0].team.name)}: {_who(rota.people, shift.primary)}"
    return _heading(rota)


def _team(rota: Rota, one: TeamRota) -> list[Block]:
    name = f"*{kit.escape(kit.shortened(one.team.name, 80))}*"
    if not rota.is_now and len({_local(each) for each in rota.teams}) > 1:
        name += f"  {_local(one)}"
    if one.schedule is None:
        return [kit.section(f"{name}\n:warning: has no schedule, so nobody is on call")]
    if one.shift is None:
        text = f"{name}\n:warning: *nobody is on call*{_until(one.nobody_until, one.at)}"
    else:
        text = f"{name}\n:pager: {_who(rota.people, one.shift.primary)}{_until(one.shift.ends_at, one.at)}"
    more = _after(rota.people, one)
    return [kit.section(text, _take_over(rota, one)), *([kit.context(more)] if more else [])]


def _until(moment: datetime | None, at: datetime) -> str:
    return f" until {kit.date_and_time(moment)}" if moment is not None and _is_near(moment, at) else ""


def _is_near(moment: datetime, at: datetime) -> bool:
    """Whether it is known: what lasts for longer than we look has no end that one could tell."""
    return (moment - at).days < 59


def _after(people: People, one: TeamRota) -> str:
    """Who stands behind them, and who is next; mostly that is the same person."""
    shift, following = one.shift, one.following
    secondary = shift.secondary if shift is not None else None
    behind = f"behind them {_who(people, secondary)}" if secondary is not None else ""
    if following is None:
        return "  ·  ".join(filter(None, (behind, "nobody after that" if shift is not None else "")))
    who = _who(people, following.primary)
    if shift is None:
        return f"next {who} from {kit.date_and_time(following.starts_at)}"
    if following.starts_at > shift.ends_at:
        gap_first = f":warning: then nobody, next {who} from {kit.date_and_time(following.starts_at)}"
        return "  ·  ".join(filter(None, (behind, gap_first)))
    if following.primary == secondary:
        return f"behind them and next {who}"
    again = " again" if following.primary == shift.primary else ""
    return "  ·  ".join(filter(None, (behind, f"next {who}{again}")))


def _take_over(rota: Rota, one: TeamRota) -> Element | None:
    """For who may and has it not."""
    if not rota.may_change or not rota.is_now or one.schedule is None:
        return None
    if one.shift is not None and one.shift.primary == rota.reader:
        return None
    name = kit.escape(kit.shortened(one.schedule.name, 60))
    instead = f" in place of {_who(rota.people, one.shift.primary)}" if one.shift is not None else ""
    confirm = kit.confirmation(
        "Take the pager?",
        f"You are on call for *{name}* from now on{instead}. Both of you are told.",
        "Take it",
    )
    value = actions.taking_over(one.schedule.id, one.shift.primary if one.shift is not None else None)
    return kit.button("I've got the pager", actions.TAKE_OVER, value, confirm=confirm)


def mine(rota: Rota) -> list[Block]:
    """The reader's own shifts."""
    if not rota.mine:
        return []
    at = rota.teams[0].at if rota.teams else rota.mine[0][1].starts_at
    return [kit.context("*Your shifts*\n" + "\n".join(_shift_lines(rota.mine, at)))]


def shifts(person: Person, found: Sequence[tuple[Schedule, Shift]], now: datetime) -> Message:
    """When one person is on call next."""
    name = kit.escape(kit.shortened(person.name, 80))
    if not found:
        nothing = f"{name} has no shift soon."
        return kit.message(nothing, [kit.section(nothing)])
    lines = "\n".join(_shift_lines(found, now))
    return kit.message(f"When {name} is on call", [kit.section(f"*When {name} is on call*\n{lines}")])


def _shift_lines(found: Sequence[tuple[Schedule, Shift]], at: datetime) -> list[str]:
    return [
        f"{':pager: now' if shift.starts_at <= at else kit.date_and_time(shift.starts_at)} – "
        f"{kit.date_and_time(shift.ends_at)}  {kit.escape(kit.shortened(schedule.name, 60))}"
        for schedule, shift in found
    ]


def option_text(schedule: Schedule, shift: Shift) -> str:
    """A shift in a menu, which knows no reader's zone: in the schedule's own."""
    where = ZoneInfo(schedule.time_zone)
    starts, ends = (moment.astimezone(where) for moment in (shift.starts_at, shift.ends_at))
    last = f"{ends:%H:%M}" if ends.date() == starts.date() else f"{ends:%a} {ends.day} {ends:%b %H:%M}"
    span = f"{starts:%a} {starts.day} {starts:%b %H:%M} – {last}"
    return f"{span}  {kit.shortened(schedule.name, kit.OPTION_TEXT - len(span) - 2)}"


def _who(people: People, person_id: PersonId) -> str:
    person: Person | None = people.get(person_id)
    return kit.mention(person) if person is not None else "somebody who has left"
