"""`manifest`: the Slack app that Tocsin needs, ready to create."""

from urllib.parse import quote

import click
import yaml

import manifests

CREATE = "https://api.slack.com/apps?new_app=1&manifest_yaml="


@click.command()
@click.option("--url", help="For HTTP instead of Socket Mode: where Slack reaches you, as https://host.")
def manifest(url: str | None) -> None:
    """Print the Slack app manifest, and the link that creates the app from it."""
    text = manifests.text("slack-app.yaml")
    if url is not None:
        text = over_http(text, url)
    click.echo(text)
    click.echo("Create the app with it:", err=True)
    click.echo(f"{CREATE}{quote(text, safe='')}", err=True)


def over_http(text: str, url: str) -> str:
    """The manifest with request URLs at `url` instead of Socket Mode."""
    if not url.startswith("https://"):
        raise click.BadParameter("must begin with https://", param_hint="--url")
    endpoint = f"{url.rstrip('/')}/slack/events"
    content = yaml.safe_load(text)
    content["settings"]["socket_mode_enabled"] = False
    content["settings"]["interactivity"]["request_url"] = endpoint
    content["settings"]["event_subscriptions"]["request_url"] = endpoint
    for command in content["features"]["slash_commands"]:
        command["url"] = endpoint
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
