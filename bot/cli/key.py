"""`key`: create, list and revoke keys of the HTTP API."""

import json
import re
from datetime import datetime, timedelta
from functools import partial

import click
from rich.console import Console
from rich.table import Table

from bot import settings
from bot.cli.operator import operator
from bot.cli.running import ask, change
from bot.cli.shown_once import show
from bot.domain.api_key import ApiKey, Scope
from bot.engine.clock import Clock
from bot.operations import issue_key
from storage.database import Connection

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Span(click.ParamType[timedelta]):
    """`90d`, `12h`, `30m`, `2w`."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        match = re.fullmatch(r"([1-9]\d{0,4})([mhdw])", str(value), re.ASCII)
        if match is None:
            self.fail(f"{value!r} must be a number with m, h, d or w, such as 90d", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


@click.group()
def key() -> None:
    """Keys of the HTTP API: create, list, revoke."""


@key.command()
@click.option("--name", required=True, help="What the key is for; the timeline shows it.")
@click.option("--user", "email", help="E-mail address of the person for whom it acts. [default: itself]")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="Repeatable.",
)
@click.option("--all-scopes", is_flag=True, help="Everything that a key can do.")
@click.option("--expires", type=Span(), help="After this long: 90d, 12h, 30m, 2w. [default: never]")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def create(
    name: str,
    email: str | None,
    scopes: tuple[str, ...],
    all_scopes: bool,
    expires: timedelta | None,
    as_json: bool,
) -> None:
    """Create a key. It is shown once, now."""
    if all_scopes == bool(scopes):
        raise click.UsageError("Say what it may do: --scope (repeatable) or --all-scopes.")
    chosen, now = settings.from_environment(), Clock().now()
    secret = chosen.tocsin_secret.reveal() if chosen.tocsin_secret else None

    def operation(tx: Connection) -> tuple[ApiKey, str]:
        return issue_key.create(
            tx,
            now,
            operator(),
            name=name,
            scopes=tuple(Scope) if all_scopes else [Scope(one) for one in scopes],
            secret=secret,
            email=email,
            expires_at=now + expires if expires is not None else None,
        )

    made, text = change(operation)

    def undo() -> None:
        revoking = partial(issue_key.revoke, now=Clock().now(), actor=operator(), name_or_id=made.id)
        change(revoking)

    show(json.dumps({"key": text, **_facts(made, now)}) if as_json else text, otherwise=undo)
    if not as_json:
        click.echo(f"{made.name}: keep it now, it is not shown again.", err=True)


@key.command("list")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def list_(as_json: bool) -> None:
    """List all keys, without their secrets."""
    now = Clock().now()
    keys: tuple[ApiKey, ...] = ask(issue_key.every, otherwise=())
    if as_json:
        click.echo(json.dumps([_facts(one, now) for one in keys]))
        return
    if not keys:
        click.echo("There are no keys yet: python -m bot key create --name … --all-scopes")
        return
    table = Table("id", "name", "key", "state", "type", "scopes", "last used", box=None, pad_edge=False)
    for one in keys:
        scopes = "all" if set(one.scopes) == set(Scope) else " ".join(one.scopes)
        state = _state(one, now)
        table.add_row(one.id, one.name, f"{one.hint}…", state, one.type, scopes, _time(one.last_used_at))
    Console().print(table)


@key.command()
@click.argument("key_", metavar="KEY")
def revoke(key_: str) -> None:
    """Revoke the KEY with this name, id or beginning; it opens nothing from now on."""
    now = Clock().now()
    for one in change(lambda tx: issue_key.revoke(tx, now, operator(), key_)):
        click.echo(f"{one.name} ({one.hint}…): revoked")


def _facts(one: ApiKey, now: datetime) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "hint": one.hint,
        "type": one.type,
        "state": _state(one, now),
        "scopes": list(one.scopes),
        "created_at": _time(one.created_at),
        "expires_at": _time(one.expires_at) or None,
        "last_used_at": _time(one.last_used_at) or None,
    }


def _state(one: ApiKey, now: datetime) -> str:
    if one.revoked_at is not None:
        return "revoked"
    return "valid" if one.is_valid(now) else "expired"


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment is not None else ""
