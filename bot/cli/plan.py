"""`plan`: what applying an organization file would change, and who would be paged differently."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import click

from bot import organization_file
from bot.calendars.refresh import read_files
from bot.cli import moment, words
from bot.cli.moment import Time, Written
from bot.cli.running import ask
from bot.domain import plan as plans
from bot.domain.ids import PersonId
from bot.domain.imported import CalendarState, Occurrence, Source, duties, sources, veiled, with_duties
from bot.domain.organization import Organization
from bot.domain.plan import Change, Field, Kind, Words
from bot.domain.turnover import Same, turnovers
from bot.engine.clock import Clock
from bot.operations import import_calendar, look_up, reorganize
from bot.operations.import_calendar import Heard
from storage.database import Connection

#: How far ahead it is told who is paged differently.
AHEAD = timedelta(days=14)
#: With --exit-code, when there are changes; 1 stays free for what nobody foresaw, 2 for what is refused.
CHANGES = 3

_MARKS = {Kind.ADDED: "+", Kind.CHANGED: "~", Kind.REMOVED: "−"}
#: What incidents name stays.
_KEPT = ("people", "teams", "services")


@dataclass(frozen=True)
class Proposal:
    """What runs and what would run: as their files tell them, and with what else is known of both."""

    kept: Organization
    proposed: Organization
    running: Organization
    wanted: Organization
    #: How each calendar of the wanted one is, as far as that is known before it is applied.
    calendars: tuple[CalendarState, ...] = ()


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--at", type=Time(), help="As if it were TIME, in UTC unless it says otherwise. [default: now]")
@click.option(
    "--exit-code", is_flag=True, help=f"Exit with {CHANGES} when there are changes, 0 when there are none."
)
def plan(file: Path, at: Written | None, exit_code: bool) -> None:
    """Show what applying an organization FILE would change; nothing is changed."""
    now = at.moment("UTC").at if at is not None else Clock().now()
    found = propose(organization_file.read(file), now)
    changes = changes_of(found)
    click.echo(f"{file}: {summary(changes)}")
    for line in _told(changes):
        click.echo(line)
    if changes:
        click.echo()
        for line in _paged(found, now):
            click.echo(line)
    if changes and exit_code:
        sys.exit(CHANGES)


def propose(wanted: Organization, now: datetime | None = None) -> Proposal:
    """The file beside what runs; before anything runs, beside an organization that has nothing.

    Calendars that come with the file are worked out around `now`, or the present.
    """
    nothing, heard = Organization(""), read_files(wanted, now or Clock().now())
    filled = with_duties(wanted, _said(heard))
    alone = Proposal(nothing, wanted, nothing, filled, _calendars(filled, heard, ()))
    return ask(lambda tx: proposal(tx, wanted, heard), otherwise=alone)


def proposal(tx: Connection, wanted: Organization, heard: Sequence[tuple[Source, Heard]] = ()) -> Proposal:
    """`heard` is what the calendars say that come with the file."""
    kept, proposed = reorganize.proposed(tx, wanted)
    running, found = (look_up.with_findings(tx, one) for one in (kept, proposed))
    filled = with_duties(found, _said(heard))
    return Proposal(kept, proposed, running, filled, _calendars(filled, heard, import_calendar.states(tx)))


def _said(heard: Sequence[tuple[Source, Heard]]) -> dict[tuple[str, str], tuple[Occurrence, ...]]:
    return {source.key: one.expansion.occurrences for source, one in heard}


def _calendars(
    organization: Organization, heard: Sequence[tuple[Source, Heard]], known: Iterable[CalendarState]
) -> tuple[CalendarState, ...]:
    states = {state.source: state for state in known}
    for source, one in heard:
        _, unknown = duties(one.expansion.occurrences, organization.people)
        states[source] = CalendarState(
            source, one.expansion.starts_at, skipped=one.expansion.skipped, unknown=unknown
        )
    return tuple(states.get(source, CalendarState(source)) for source in sources(organization))


def changes_of(found: Proposal) -> tuple[Change, ...]:
    """What is added is told without what goes without saying."""
    brief = plans.changes(*(_parts(one, is_brief=True) for one in (found.kept, found.proposed)))
    added = {(one.part, one.handle): one for one in brief if one.kind is Kind.ADDED}
    changes = plans.changes(*(_parts(one, is_brief=False) for one in (found.kept, found.proposed)))
    return tuple(added.get((one.part, one.handle), one) for one in changes)


def _parts(organization: Organization, *, is_brief: bool) -> Mapping[str, Words]:
    """Nothing of one that has no name: none was applied before."""
    if not organization.name:
        return {}
    parts = organization_file.parts(veiled(organization), is_brief=is_brief)
    for source in sources(organization):
        if source.calendar.text is not None:
            layers = parts["schedules"][source.schedule_id]["layers"]
            (layer,) = (one for one in layers if one["name"] == source.layer)
            layer["calendar"]["content"] = source.digest[:8]  # the file's name does not tell that it changed
    return parts


def summary(changes: tuple[Change, ...]) -> str:
    """`2 added, 1 changed`, or that there is nothing."""
    counts = {kind: sum(one.kind is kind for one in changes) for kind in Kind}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "nothing to change"


def _told(changes: tuple[Change, ...]) -> Iterator[str]:
    for change in changes:
        title = f"{change.part} {change.handle}".strip()
        is_kept = change.kind is Kind.REMOVED and change.part in _KEPT
        yield f"\n{_MARKS[change.kind]} {title}{'  (stays, inactive: incidents name it)' if is_kept else ''}"
        if change.kind is Kind.ADDED:
            for name, fields in groupby(change.fields, key=lambda one: one.name):
                yield words.wrapped(f"{name}: {', '.join(one.to or 'none' for one in fields)}", "    ")
        elif change.kind is Kind.CHANGED:
            yield from (words.wrapped(_field(one), "    ") for one in change.fields)


def _field(one: Field) -> str:
    return f"{one.name}: {one.was or 'none'} → {one.to or 'none'}"


def _paged(found: Proposal, now: datetime) -> Iterator[str]:
    until = now + AHEAD
    same = turnovers(found.running, found.wanted, now, until)
    name = words.name_of(found.wanted, found.running)
    if not same:
        yield f"Nobody is paged differently in the next {AHEAD.days} days."
        return
    yield f"Paged differently in the next {AHEAD.days} days:"
    for one in same:
        yield ""
        yield words.wrapped(
            f"{words.places(one.places, found.wanted, found.running)} ({one.time_zone})", "  "
        )
        yield from _stretches(one, name, until)


def _stretches(same: Same, name: Callable[[PersonId], str], until: datetime) -> Iterator[str]:
    for one in same.turnovers:
        start, end = (moment.local(at, same.time_zone) for at in (one.starts_at, one.ends_at))
        ends = "on" if one.ends_at >= until else f"– {end}"
        yield words.wrapped(
            f"{start} {ends}: {words.names(one.was, name)} → {words.names(one.to, name)}", "    "
        )
