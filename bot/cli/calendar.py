"""`calendar`: create, list and revoke calendar feeds."""

import json
from datetime import datetime
from functools import partial

import click
from rich.console import Console
from rich.table import Table

from bot import settings
from bot.cli.operator import operator
from bot.cli.running import ask, change
from bot.cli.shown_once import show
from bot.domain.feed import Feed
from bot.engine.clock import Clock
from bot.operations import share_calendar
from storage.database import Connection


@click.group()
def calendar() -> None:
    """Calendar feeds of who is on call: create, list, revoke."""


@calendar.command()
@click.option("--schedule", help="A schedule's handle or name: everybody's shifts in it.")
@click.option("--person", "email", help="E-mail address of a person: their shifts in all schedules.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def create(schedule: str | None, email: str | None, as_json: bool) -> None:
    """Create a feed. Its address is shown once, now; who has it can read the feed."""
    if (schedule is None) == (email is None):
        raise click.UsageError("Say whose shifts it tells: --schedule NAME or --person EMAIL.")
    chosen, now = settings.from_environment(), Clock().now()
    secret = chosen.tocsin_secret.reveal() if chosen.tocsin_secret else None

    def operation(tx: Connection) -> tuple[Feed, str]:
        return share_calendar.create(tx, now, operator(), secret=secret, schedule=schedule, email=email)

    made, token = change(operation)
    path = f"/calendars/{token}.ics"

    def undo() -> None:
        revoking = partial(share_calendar.revoke, now=Clock().now(), actor=operator(), id_or_hint=made.id)
        change(revoking)

    show(json.dumps({"path": path, **_facts(made)}) if as_json else path, otherwise=undo)
    if as_json:
        return
    click.echo(f"Here: http://{_address(chosen.host)}:{chosen.port}{path}", err=True)
    click.echo("Put the address at which others reach Tocsin before it, and subscribe to that.", err=True)
    click.echo("Keep it secret, and keep it now: it is not shown again.", err=True)


@calendar.command("list")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def list_(as_json: bool) -> None:
    """List all feeds, without their addresses."""
    feeds: tuple[Feed, ...] = ask(share_calendar.every, otherwise=())
    if as_json:
        click.echo(json.dumps([_facts(one) for one in feeds]))
        return
    if not feeds:
        click.echo("There are no feeds yet: python -m bot calendar create --schedule … or --person …")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "begins", "of", "state", "created", "last read"):
        table.add_column(heading, overflow="fold")
    for one in feeds:
        used = _time(one.last_used_at) or "never"
        table.add_row(one.id, f"{one.hint}…", _of(one), _state(one), _time(one.created_at), used)
    Console().print(table)


@calendar.command()
@click.argument("feed", metavar="ID")
def revoke(feed: str) -> None:
    """Revoke the feed with this ID or beginning; its address leads nowhere from now on."""
    now = Clock().now()
    for one in change(lambda tx: share_calendar.revoke(tx, now, operator(), feed)):
        click.echo(f"{_of(one)} ({one.hint}…): revoked")


def _facts(one: Feed) -> dict[str, object]:
    return {
        "id": one.id,
        "hint": one.hint,
        "schedule": one.schedule_id,
        "person": one.person_id,
        "state": _state(one),
        "created_at": _time(one.created_at),
        "last_used_at": _time(one.last_used_at) or None,
    }


def _of(one: Feed) -> str:
    return f"schedule {one.schedule_id}" if one.schedule_id is not None else f"person {one.person_id}"


def _state(one: Feed) -> str:
    return "revoked" if one.revoked_at is not None else "valid"


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment is not None else ""


def _address(host: str) -> str:
    """Where a browser on this machine finds what listens there."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
