"""`demo`: Tocsin and a Slack workspace in the browser, with nothing to set up."""

import asyncio
import sys
import tempfile
from importlib import resources
from pathlib import Path

import click
import yaml

from bot import organization_file, settings, telemetry
from bot.app import App
from bot.cli.run import stop_signal
from bot.domain.api_key import Scope
from bot.domain.timeline import TOCSIN
from bot.engine.clock import Clock
from bot.operations import issue_key
from bot.workspace.server import Workspace
from storage.database import Connection

ORGANIZATION = "organization.yaml"
#: The Slack user groups that its policies page, and who is in them: people join these in Slack.
_USER_GROUPS = {"database-experts": ("farid", "ada")}


@click.command()
@click.option("--speed", type=click.FloatRange(0.1, 3600), default=1.0, help="Seconds that pass in a second.")
@click.option("--port", type=click.IntRange(0, 65535), default=8123, help="Port of the workspace page.")
@click.option("--database", default=None, help="Keep the incidents in this SQLite file. [default: a new one]")
def demo(speed: float, port: int, database: str | None) -> None:
    """Try it: a Slack workspace in your browser, with Tocsin in it."""
    telemetry.configure("text", "WARNING", sys.stderr)
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        url = f"sqlite:///{database or Path(folder) / 'demo.db'}"
        asyncio.run(_demo(Clock(speed), port, url))


async def _demo(clock: Clock, port: int, database_url: str) -> None:
    with resources.as_file(resources.files("manifests") / ORGANIZATION) as file:
        workspace, chosen = await open_workspace(file, port, database_url)
        app = App(chosen, clock)
        try:
            await app.start()
            _greet(workspace.url, app.port, await _key(app), clock.speed)
            await stop_signal()
        finally:
            await app.stop()
            await workspace.stop()


async def open_workspace(file: Path, port: int, database_url: str) -> tuple[Workspace, settings.Settings]:
    """A workspace with the organization's people in it, and the settings of a bot that lives there."""
    organization = organization_file.read(file)
    workspace = Workspace(team_name=organization.name)
    people = [
        workspace.add_user(person.id, real_name=person.name, email=person.email)
        for person in organization.people.values()
    ]
    manifest = yaml.safe_load(resources.files("manifests").joinpath("slack-app.yaml").read_text())
    installed = workspace.add_app(name="Tocsin", bot_name="tocsin", manifest=manifest)
    members = [person.id for person in people]
    workspace.add_channel("general", members=members)
    channels = [organization.announcement_channel, *(team.channel for team in organization.teams.values())]
    for name in dict.fromkeys(filter(None, channels)):
        workspace.add_channel(name, members=members)
    for handle, names in _USER_GROUPS.items():
        workspace.add_user_group(handle, [person.id for person in people if person.name in names])
    try:
        await workspace.start(port=port)
    except OSError as error:
        raise click.ClickException(
            f"Cannot listen at port {port} ({error.strerror}). Try --port 0."
        ) from None
    environment = {
        "SLACK_BOT_TOKEN": installed.bot_token,
        "SLACK_APP_TOKEN": installed.app_token,
        "SLACK_SIGNING_SECRET": installed.signing_secret,
        "SLACK_API_URL": workspace.api_url,
        "DATABASE_URL": database_url,
        "TOCSIN_ORGANIZATION": str(file),
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    return workspace, settings.read(environment)


async def _key(app: App) -> str:
    """A key for trying the API, which may do everything."""
    now, secret = app.clock.now(), app.settings.tocsin_secret

    def operation(tx: Connection) -> str:
        _, text = issue_key.create(
            tx, now, TOCSIN, name="demo", scopes=tuple(Scope), secret=secret.reveal() if secret else None
        )
        return text

    return await app.database.write(operation)


def _greet(page: str, port: int, key: str, speed: float) -> None:
    click.secho("\n  Tocsin is up.\n", bold=True)
    click.echo(f"  Workspace   {page}")
    click.echo(f"  HTTP        http://127.0.0.1:{port}")
    click.echo(f"  API         http://127.0.0.1:{port}/api/v1  (reference: /api/docs)")
    click.echo(f"  API key     {key}")
    click.echo("\n  Open the workspace and type   /incident declare checkout is down --sev SEV1")
    if speed != 1:
        click.echo(f"  Time runs {speed:g} times as fast.")
    click.echo("  Ctrl-C stops it.\n")
