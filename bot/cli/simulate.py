"""`simulate`: who would be paged, by what and when, if nobody answered."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bot import organization_file
from bot.cli import moment, words
from bot.cli.audit import plain
from bot.cli.moment import Moment, Time, Written
from bot.cli.plan import propose
from bot.cli.running import ask
from bot.domain import narrative
from bot.domain.contact import Method
from bot.domain.ids import PersonId
from bot.domain.organization import Organization
from bot.domain.simulation import Step, simulate
from bot.domain.sla import Severity
from bot.domain.timeline import ClosureMissed, Declared, Escalated, Event
from bot.domain.turnover import time_zone
from bot.engine.clock import Clock
from bot.operations import look_up
from bot.operations.declare import sla_of

Name = Callable[[PersonId | None], str]


@click.command("simulate")
@click.option(
    "--service", "names", multiple=True, required=True, help="Name, handle or key; may be repeated."
)
@click.option(
    "--severity", required=True, type=click.Choice([one.value for one in Severity], case_sensitive=False)
)
@click.option(
    "--at",
    type=Time(),
    help="When it is declared, such as “2026-10-25 02:30 Europe/Berlin”; without a zone, in that of the "
    "service's schedule. [default: now]",
)
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="As if this organization file had been applied.",
)
def simulation(names: Sequence[str], severity: str, at: Written | None, file: Path | None) -> None:
    """Show minute by minute who would be paged by which channel if nobody answered.

    It is Tocsin's own rules that are asked, with nothing sent and nothing written.
    """
    organization = _organization(file)
    services = [look_up.service(organization, name) for name in dict.fromkeys(names)]
    zone = time_zone(organization, services[0])
    when = at.moment(zone) if at is not None else Moment(Clock().now(), zone)
    if when.note:
        click.echo(words.wrapped(when.note), err=True)
    found = Severity(severity.upper())
    steps = simulate(organization, found, sla_of(organization, found), services, when.at)
    title = f"{found} about {', '.join(service.name for service in services)}, declared"
    click.echo(words.wrapped(f"{title} {moment.told(when)}") + "\n")
    Console().print(_table(steps, when, words.name_of(organization)))


def _organization(file: Path | None) -> Organization:
    if file is not None:
        return propose(organization_file.read(file)).wanted
    return ask(look_up.organization, otherwise=Organization("Tocsin"))


def _table(steps: Sequence[Step], when: Moment, name: Name) -> Table:
    table = Table("after", "local time", "what happens", box=None, pad_edge=False)
    shown_at = None
    for step in steps:
        if isinstance(step.event, Declared):
            continue
        for line in _lines(step, name):
            is_new = step.at != shown_at
            after = narrative.span(step.at - when.at) if step.at > when.at else "at once"
            first = (after, moment.local(step.at, when.time_zone)) if is_new else ("", "")
            table.add_row(*map(plain, (*first, line)))
            shown_at = step.at
    return table


def _lines(step: Step, name: Name) -> Iterator[str]:
    """What happens, and under it each person who is paged and by what."""
    of_person: dict[PersonId, list[Method]] = {page.person_id: [] for page in step.pages}
    for page in step.pages:
        of_person[page.person_id].append(page.method)
    by = [f"{name(person)} by {' and '.join(methods)}" for person, methods in of_person.items()]
    if step.is_later:
        yield from (f"Later page of {_cause(step.event)}: {one}" for one in by)
        return
    told = narrative.told(step.event, name)
    yield f"{told.title} ({told.description})" if told.description else told.title
    yield from (f"  {one}" for one in by)


def _cause(event: Event) -> str:
    match event:
        case Escalated(level=level):
            return f"level {level}"
        case ClosureMissed():
            return "the missed closure"
        case _:
            return "the admins"
