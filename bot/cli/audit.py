"""`audit`: who changed what, and what they were refused."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.key import Span
from bot.cli.operator import operator
from bot.cli.running import ask
from bot.domain.audit import AuditEntry
from bot.engine.clock import Clock
from bot.operations import audit as log


@click.command()
@click.option("--since", type=Span(), help="No older than this: 7d, 12h, 30m, 2w. [default: everything]")
@click.option("--actor", help="A name, a person's handle, or the id of an API key.")
@click.option("--incident", metavar="INC-…", help="Only about this incident.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for scripts.")
def audit(since: timedelta | None, actor: str | None, incident: str | None, as_json: bool) -> None:
    """Show who changed severities, statuses, assignees, the organization, roles and keys."""
    after = Clock().now() - since if since is not None else None
    found = ask(
        lambda tx: log.review(tx, operator(), since=after, who=actor, number=incident),
        otherwise=tuple[AuditEntry, ...](),
    )
    if as_json:
        for one in found:
            click.echo(json.dumps(asdict(one) | {"at": f"{one.at:%Y-%m-%dT%H:%M:%S.%fZ}"}))
    elif found:
        Console().print(_table(found))
    else:
        click.echo("Nothing is known that fits.")


def _table(found: Sequence[AuditEntry]) -> Table:
    table = Table("when (UTC)", "who", "by way of", "what", "from → to", box=None, pad_edge=False)
    for one in found:
        what = " ".join(filter(None, (one.action, one.number, one.subject)))
        who = f"{one.actor} ({one.role})"
        cells = (f"{one.at:%Y-%m-%d %H:%M:%S}", who, one.door or "", what, _difference(one))
        table.add_row(*map(plain, cells))
    return table


def _difference(one: AuditEntry) -> str:
    if one.before is None:
        return one.after or ""
    return f"{one.before} → {one.after or 'none'}"


def plain(text: str) -> Text:
    """The text as it is: names are no markup, and a terminal obeys nothing that stands in them."""
    return Text("".join(one if one.isprintable() else ascii(one)[1:-1] for one in text))
