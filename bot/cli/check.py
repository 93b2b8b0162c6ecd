"""`check`: proves that incidents always reach somebody, or says exactly where they do not."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import click

from bot import organization_file
from bot.cli import moment, words
from bot.cli.moment import Time, Written
from bot.cli.plan import propose
from bot.cli.running import ask
from bot.domain.ids import PersonId
from bot.domain.inspection import Inspection, Uncovered, inspect
from bot.domain.organization import Organization
from bot.domain.schedule import Gap
from bot.engine.clock import Clock
from bot.operations import look_up


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
    organization = (
        propose(organization_file.read(file)).wanted
        if file is not None
        else ask(look_up.organization, otherwise=Organization("Tocsin"))
    )
    found = inspect(organization, now, now + timedelta(days=days))
    for line in _told(organization, found, days):
        click.echo(line)
    if not found.is_sound:
        sys.exit(1)


def _told(organization: Organization, found: Inspection, days: int) -> Iterator[str]:
    services = sum(service.is_active for service in organization.services.values())
    if not services:
        yield "There is no active service: nothing can be said."
    elif found.is_sound:
        yield (
            f"Sound for {days} days: each of {services} services reaches somebody within its first level "
            "at any time, for every severity; nobody who has left is named; no level is empty."
        )
    name = words.name_of(organization)
    if found.uncovered:
        yield "The first level reaches nobody:"
        for one in found.uncovered:
            yield from _uncovered(organization, one)
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
    if not found.is_sound:
        yield _count(found, days)


def _uncovered(organization: Organization, one: Uncovered) -> Iterator[str]:
    yield words.wrapped(f"{words.places(one.places, organization)} ({one.time_zone})", "  ")
    for gap in one.gaps:
        yield from _gap(gap, one.time_zone)


def _gap(gap: Gap, time_zone: str) -> Iterator[str]:
    """From when to when, as the clocks there show it, and in UTC."""
    start, end = gap.starts_at, gap.ends_at
    yield f"    {moment.in_full(start, time_zone)} – {moment.in_full(end, time_zone)}"
    yield f"      {moment.utc(start)} – {moment.utc(end)}"


def _left(found: Inspection, name: Callable[[PersonId], str]) -> Iterator[str]:
    for one in found.left:
        yield words.wrapped(f"{name(one.person)} ({one.person}): {', '.join(one.where)}", "  ")


def _count(found: Inspection, days: int) -> str:
    gaps = sum(len(one.gaps) for one in found.uncovered)
    return (
        f"In the next {days} days: {gaps} gaps, {len(found.unled)} without a level, "
        f"{len(found.empty)} empty levels, {len(found.left)} people who have left."
    )
