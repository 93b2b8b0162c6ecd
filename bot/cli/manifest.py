"""`manifest`: print the Slack app's manifest, and the link that creates the app from it."""

from typing import Any
from urllib.parse import quote, urlsplit

import click
import yaml

import manifests

_CREATE = "https://api.slack.com/apps?new_app=1&manifest_yaml="
_EVENTS_PATH = "/slack/events"


@click.command()
@click.option("--url", metavar="ADDRESS", help="Your https address, when Slack shall ask over HTTP.")
def manifest(url: str | None) -> None:
    """Print the Slack app's manifest (on standard error: the link that creates the app)."""
    text = manifests.text("slack-app.yaml")
    if url is not None:
        text = over_http(text, _checked(url))
    click.echo(text, nl=False)
    click.echo(f"\nCreate the app in your workspace:\n{creation_link(text)}", err=True)


def over_http(text: str, url: str) -> str:
    """The manifest for an app that is asked over HTTP at `url` instead of Socket Mode."""
    app: dict[str, Any] = yaml.safe_load(text)
    address = url.rstrip("/") + _EVENTS_PATH
    app["settings"]["socket_mode_enabled"] = False
    app["settings"]["event_subscriptions"]["request_url"] = address
    app["settings"]["interactivity"]["request_url"] = address
    for command in app["features"]["slash_commands"]:
        command["url"] = address
    return yaml.safe_dump(app, sort_keys=False, allow_unicode=True, width=110)


def creation_link(text: str) -> str:
    """The address at which Slack creates the app that the manifest describes."""
    # Without comments, as a shorter address survives more chat programs and terminals.
    compact = yaml.safe_dump(yaml.safe_load(text), sort_keys=False, allow_unicode=True, width=10_000)
    return _CREATE + quote(compact, safe="")


def scopes() -> frozenset[str]:
    """What the manifest asks for."""
    app: dict[str, Any] = yaml.safe_load(manifests.text("slack-app.yaml"))
    return frozenset(app["oauth_config"]["scopes"]["bot"])


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise click.BadParameter(
            "must be an https address such as https://tocsin.example.com", param_hint="--url"
        )
    return url
