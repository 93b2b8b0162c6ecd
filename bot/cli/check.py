"""`check`: proves that incidents always reach somebody, or says exactly where they do not."""

import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import click

from bot import organization_file
from bot.cli import moment, words
from bot.cli.moment import Time, Written
from bot.cli.plan import propose
from bot.cli.running import ask
from bot.domain.ids import PersonId
from bot.domain.imported import CalendarState, Source
from bot.domain.inspection import Inspection, Uncovered, inspect
from bot.domain.organization import Organization
from bot.domain.schedule import Gap
from bot.engine.clock import Clock
from bot.operations import import_calendar, look_up
from bot.organization_file.problems import quoted


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How far ahead.")
@click.option("--at", type=Time(), help="As if it were TIME, in UTC unless it says otherwise. [default: now]")
def check(file: Path | None, days: int, at: Written | None) -> None:
    """Prove that every service always reaches somebody within its first level, for every severity.

    It looks at the organization that runs, or at FILE as it would run once applied. Exit code 1 when
    something is wrong.
    """
    now = at.moment("UTC").at if at is not None else Clock().now()
    organization, calendars = _organization(file, now)
    found = inspect(organization, now, now + timedelta(days=days), calendars)
    for line in _told(organization, found, days):
        click.echo(line)
    if not found.is_sound:
        sys.exit(1)


def _organization(file: Path | None, now: datetime) -> tuple[Organization, tuple[CalendarState, ...]]:
    """What is looked at, and how its imported calendars are."""
    if file is not None:
        found = propose(organization_file.read(file), now)
        return found.wanted, found.calendars
    nothing = Organization("Tocsin"), tuple[CalendarState, ...]()
    return ask(lambda tx: (look_up.organization(tx), import_calendar.states(tx)), otherwise=nothing)


def _told(organization: Organization, found: Inspection, days: int) -> Iterator[str]:
    services = sum(service.is_active for service in organization.services.values())
    if not services:
        yield "There is no active service: nothing can be said."
    elif found.is_sound:
        yield words.wrapped(
            f"Sound for {days} days: each of {services} services reaches somebody within its first level "
            "at any time, for every severity; nobody who has left is named; no level is empty."
        )
    name = words.name_of(organization)
    if found.uncovered:
        yield "The first level reaches nobody:"
        for one in found.uncovered:
            yield from _uncovered(organization, one)
        yield ""
    if found.late:
        yield "Nobody is paged before the time of the first level is over:"
        yield from _late(organization, found)
        yield ""
    if found.unled:
        yield "No level at all:"
        yield words.wrapped(words.places(found.unled, organization), "  ")
        yield ""
    if found.empty:
        yield "Levels that can reach nobody:"
        yield words.wrapped(words.places(found.empty, organization), "  ")
        yield ""
    if found.left:
        yield "People who have left, and are still named:"
        yield from _left(found, name)
        yield ""
    if found.unreadable:
        yield "Calendars that cannot be read, or not all of them:"
        for state in found.unreadable:
            yield from _calendar(state)
        yield ""
    if not found.is_sound:
        yield _count(found, days)
    if any(one.is_active and one.quiet for one in organization.people.values()):
        yield words.wrapped("Quiet hours are not counted: what has low urgency waits until they are over.")
    for source in found.unread:
        yield words.wrapped(f"{_layer(source)} was not read yet: what it will say is not counted.")
    for handle in found.unseen:
        yield words.wrapped(f"Slack has not told yet who is in @{handle}: they are not counted.")


def _uncovered(organization: Organization, one: Uncovered) -> Iterator[str]:
    yield words.wrapped(f"{words.places(one.places, organization)} ({one.time_zone})", "  ")
    for gap in one.gaps:
        yield from _gap(gap, one.time_zone)


def _gap(gap: Gap, time_zone: str) -> Iterator[str]:
    """From when to when, as the clocks there show it, and in UTC."""
    start, end = gap.starts_at, gap.ends_at
    yield f"    {moment.in_full(start, time_zone)} – {moment.in_full(end, time_zone)}"
    yield f"      {moment.utc(start)} – {moment.utc(end)}"


def _late(organization: Organization, found: Inspection) -> Iterator[str]:
    name = words.name_of(organization)
    for one in found.late:
        people = ", ".join(map(name, one.people))
        yield words.wrapped(f"{words.places(one.places, organization)}: {people}, by `notify`", "  ")


def _left(found: Inspection, name: Callable[[PersonId], str]) -> Iterator[str]:
    for one in found.left:
        yield words.wrapped(f"{name(one.person)} ({one.person}): {', '.join(one.where)}", "  ")


def _calendar(state: CalendarState) -> Iterator[str]:
    where = _layer(state.source)
    if state.error is not None:
        since = f" (since {moment.utc(state.failing_since)})" if state.failing_since else ""
        yield words.wrapped(f"{where}: {state.error}{since}", "  ")
    for skipped in state.skipped:
        yield words.wrapped(f"{where}: the event {quoted(skipped.title)} does not count: {skipped.why}", "  ")
    for title in dict.fromkeys(one.title for one in state.unknown):
        yield words.wrapped(f"{where}: the event {quoted(title)} names nobody who could be on call", "  ")


def _layer(source: Source) -> str:
    return f"schedules.{source.schedule_id}.layers.{source.layer}"


def _count(found: Inspection, days: int) -> str:
    counts = (
        (sum(len(one.gaps) for one in found.uncovered), "gap", "gaps"),
        (len(found.late), "first level that pages too late", "first levels that page too late"),
        (len(found.unled), "severity without a level", "severities without a level"),
        (len(found.empty), "empty level", "empty levels"),
        (len(found.left), "person who has left", "people who have left"),
        (len(found.unreadable), "calendar", "calendars"),
    )
    told = [f"{count} {one if count == 1 else more}" for count, one, more in counts if count]
    return f"In the next {days} days: {', '.join(told)}."
