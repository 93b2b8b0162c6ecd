"""`oncall`: who is on call now or then, as a table; over days, as a calendar."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table

from bot.cli import moment, words
from bot.cli.audit import plain
from bot.cli.moment import Moment, Time, Written
from bot.cli.running import ask
from bot.domain import zone
from bot.domain.ids import PersonId
from bot.domain.organization import Organization, Team
from bot.domain.schedule import Gap, Schedule, Shift, gaps, on_call, shifts
from bot.engine.clock import Clock
from bot.operations import look_up

Name = Callable[[PersonId | None], str]

NOBODY = "-- nobody --"
#: How far ahead is looked for the end of a gap.
_FAR = timedelta(days=366)


@click.command()
@click.option(
    "--at",
    type=Time(),
    help="When, such as “2026-10-25 02:30 Europe/Berlin”; without a zone, in that of the schedules shown "
    "where they share one, else in UTC. [default: now]",
)
@click.option("--team", "team_name", help="Only this team.")
@click.option("--days", type=click.IntRange(1, 366), help="A calendar of so many days, from that day on.")
def oncall(at: Written | None, team_name: str | None, days: int | None) -> None:
    """Show who is on call."""
    organization = ask(look_up.organization, otherwise=Organization("Tocsin"))
    teams = _teams(organization, team_name)
    if not teams:
        click.echo("There is no team yet. Apply an organization file: python -m bot apply FILE")
        return
    when = _when(at, organization, teams)
    if when.note:
        click.echo(words.wrapped(when.note), err=True)
    if days is None:
        click.echo(f"At {moment.told(when)}\n")
        Console().print(_table(organization, teams, when.at))
    else:
        for schedule, owners in _schedules(organization, teams):
            _print_calendar(organization, schedule, owners, when.at, days)


def _teams(organization: Organization, name: str | None) -> list[Team]:
    if name is not None:
        return [look_up.team(organization, name)]
    return [team for team in organization.teams.values() if team.is_active]


def _schedules(organization: Organization, teams: list[Team]) -> Iterator[tuple[Schedule, list[Team]]]:
    """The teams' schedules, each once, and whose they are."""
    for handle in dict.fromkeys(team.schedule for team in teams):
        schedule = organization.schedules.get(handle) if handle is not None else None
        if schedule is not None:
            yield schedule, [team for team in teams if team.schedule == handle]


def _when(at: Written | None, organization: Organization, teams: list[Team]) -> Moment:
    zones = {schedule.time_zone for schedule, _ in _schedules(organization, teams)}
    common = zones.pop() if len(zones) == 1 else "UTC"
    return at.moment(common) if at is not None else Moment(Clock().now(), common)


def _table(organization: Organization, teams: list[Team], at: datetime) -> Table:
    table = Table("team", "on call", "behind them", "until", "by", box=None, pad_edge=False)
    name = words.name_of(organization)
    for team in teams:
        schedule = organization.schedules.get(team.schedule) if team.schedule is not None else None
        cells = _now(schedule, at, name) if schedule else (NOBODY, "", "", "has no schedule")
        table.add_row(*map(plain, (team.name, *cells)))
    return table


def _now(schedule: Schedule, at: datetime, name: Name) -> tuple[str, str, str, str]:
    shift = on_call(schedule, at)
    if shift is not None:
        behind = name(shift.secondary) if shift.secondary is not None else "-"
        return name(shift.primary), behind, _until(shift.ends_at, schedule), shift.layer or "override"
    following = next(iter(shifts(schedule, at, at + _FAR)), None)
    return NOBODY, "", _until(following.starts_at, schedule) if following else "further notice", "gap"


def _until(end: datetime, schedule: Schedule) -> str:
    there = end.astimezone(ZoneInfo(schedule.time_zone))
    return f"{moment.local(end, schedule.time_zone)} {there:%Z}"


@dataclass(frozen=True)
class _Row:
    """A part of a day in which one shift, or a gap, goes on."""

    day: date
    #: The handoff, if it begins on this day.
    starts: str
    part: Shift | Gap


def _print_calendar(
    organization: Organization, schedule: Schedule, owners: list[Team], at: datetime, days: int
) -> None:
    where, name = ZoneInfo(schedule.time_zone), words.name_of(organization)
    first = at.astimezone(where).date()
    title = f"{schedule.name} ({schedule.time_zone}), for {', '.join(team.name for team in owners)}"
    click.echo(f"\n{title}\n")
    table = Table("day", "from", "on call", "behind them", "by", box=None, pad_edge=False)
    rows = _rows(schedule, first, days)
    for day, of_day in groupby(rows, key=lambda row: row.day):
        for number, row in enumerate(of_day):
            shown = _day(day, where) if number == 0 else ""
            table.add_row(*map(plain, (shown, row.starts, *_who(row.part, name))))
    Console().print(table)
    if missing := [row for row in rows if isinstance(row.part, Gap) and row.starts]:
        click.echo(f"\n{len(missing)} gap{'s' if len(missing) > 1 else ''}: nobody is on call.")


def _rows(schedule: Schedule, first: date, days: int) -> list[_Row]:
    where = ZoneInfo(schedule.time_zone)
    starts_at = _midnight(first, where)
    ends_at = _midnight(first + timedelta(days=days), where)
    parts: list[Shift | Gap] = [*shifts(schedule, starts_at, ends_at), *gaps(schedule, starts_at, ends_at)]
    parts.sort(key=lambda part: part.starts_at)
    rows = []
    for number in range(days):
        day = first + timedelta(days=number)
        opens, closes = _midnight(day, where), _midnight(day + timedelta(days=1), where)
        for part in parts:
            if part.starts_at < closes and part.ends_at > opens:
                begins = part.starts_at >= opens and (part.starts_at > starts_at or isinstance(part, Gap))
                rows.append(_Row(day, moment.clock(part.starts_at, where.key) if begins else "", part))
    return rows


def _midnight(day: date, where: ZoneInfo) -> datetime:
    return zone.instant(where, datetime.combine(day, time()))


def _day(day: date, where: ZoneInfo) -> str:
    """`Sun 25 Oct`, and how long it is when the clocks change."""
    hours = (_midnight(day + timedelta(days=1), where) - _midnight(day, where)) / timedelta(hours=1)
    length = "" if hours == 24 else f" ({hours:g} h)"
    return f"{day:%a} {day.day:>2} {day:%b}{length}"


def _who(part: Shift | Gap, name: Name) -> tuple[str, str, str]:
    if isinstance(part, Gap):
        return NOBODY, "", "gap"
    behind = name(part.secondary) if part.secondary is not None else "-"
    return name(part.primary), behind, part.layer or "override"
