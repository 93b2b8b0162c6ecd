"""`doctor`: what is wrong with this installation, and how to mend it."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import click
import yaml
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

import manifests
from bot import organization_file, settings
from bot.domain.errors import Refusal
from bot.domain.organization import Organization
from bot.settings import Settings
from bot.slack import client, places
from bot.slack.errors import error_of

#: A finding: what was looked at, and how to mend it; None when it is well.
Finding = tuple[str, str | None]


@click.command()
def doctor() -> None:
    """Check tokens, scopes, the database and the organization file, and say how to mend what is wrong."""
    chosen = settings.from_environment()
    is_well = asyncio.run(_report(chosen))
    sys.exit(0 if is_well else 1)


async def _report(chosen: Settings) -> bool:
    is_well = True
    async with aiohttp.ClientSession() as session:
        async for what, mend in findings(chosen, session):
            is_well = is_well and mend is None
            click.echo(f"✓ {what}" if mend is None else f"✗ {what}\n    {mend}")
    return is_well


async def findings(chosen: Settings, session: aiohttp.ClientSession) -> AsyncIterator[Finding]:
    """Every finding, in the order in which one mends them."""
    yield _database(chosen)
    finding, organization = _organization(chosen)
    yield finding
    try:
        chosen.check_ready_to_run()
    except Refusal as refusal:
        yield "Slack's tokens", refusal.sentence
        return
    slack = client.connect(chosen.slack_bot_token.value, chosen.slack_api_url, session)
    try:
        async for found in _slack(chosen, slack, organization):
            yield found
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        yield (
            "Slack can be reached",
            f"{type(error).__name__} at {chosen.slack_api_url}: check SLACK_API_URL and the network.",
        )


def _database(chosen: Settings) -> Finding:
    path = Path(chosen.database_url.removeprefix("sqlite:///"))
    what = f"The database {path}"
    folder = path.parent
    if not path.exists():
        return what, None if folder.is_dir() else f"Create the folder {folder}, or change DATABASE_URL."
    try:
        connection = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=5)
        try:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return what, f"It cannot be opened for writing ({error}): check the file's owner and the disk."
    return what, None if answer == "ok" else f"It is damaged ({answer}): restore a backup."


def _organization(chosen: Settings) -> tuple[Finding, Organization | None]:
    if chosen.organization is None:
        return (
            "The organization file",
            "Set TOCSIN_ORGANIZATION, or run `python -m bot apply FILE` once.",
        ), None
    try:
        organization = organization_file.read(chosen.organization)
    except Refusal as refusal:
        return (
            f"The organization file {chosen.organization}",
            refusal.sentence.replace("\n", "\n    "),
        ), None
    return (
        f"The organization file: {organization.name}, {len(organization.people)} people",
        None,
    ), organization


async def _slack(
    chosen: Settings, slack: AsyncWebClient, organization: Organization | None
) -> AsyncIterator[Finding]:
    try:
        greeted = await slack.auth_test()
    except SlackApiError as error:
        yield (
            "SLACK_BOT_TOKEN",
            f"Slack says {error_of(error)}: install the app again and copy the Bot User OAuth Token.",
        )
        return
    yield f"SLACK_BOT_TOKEN: {greeted['user']} in {greeted['team']}", None
    granted = str(greeted.headers.get("x-oauth-scopes") or greeted.headers.get("X-OAuth-Scopes") or "").split(
        ","
    )
    wanted = yaml.safe_load(manifests.text("slack-app.yaml"))["oauth_config"]["scopes"]["bot"]
    missing = [scope for scope in wanted if scope not in {one.strip() for one in granted}]
    yield "Scopes", f"Add {', '.join(missing)} and install the app again." if missing else None
    if chosen.slack_app_token is not None:
        yield await _app_token(slack, chosen.slack_app_token.value)
    if organization is not None:
        async for found in _people(slack, organization):
            yield found


async def _app_token(slack: AsyncWebClient, token: str) -> Finding:
    try:
        await slack.apps_connections_open(app_token=token)
    except SlackApiError as error:
        mend = "create an app-level token with connections:write, and turn Socket Mode on."
        return "SLACK_APP_TOKEN", f"Slack says {error_of(error)}: {mend}"
    return "SLACK_APP_TOKEN", None


async def _people(slack: AsyncWebClient, organization: Organization) -> AsyncIterator[Finding]:
    missing = []
    for person in organization.people.values():
        if person.slack_id is None and person.is_active:
            try:
                await slack.users_lookupByEmail(email=person.email)
            except SlackApiError as error:
                if error_of(error) != "users_not_found":
                    raise
                missing.append(person.email)
    mend = f"Not in Slack: {', '.join(missing)}. Correct the e-mail, or give their Slack id as `slack:`."
    yield "People are found in Slack", mend if missing else None
    if name := organization.announcement_channel:
        names = {channel["name"] async for channel in places.channels(slack)}
        mend = f"Create the public channel #{name}, or change announcement_channel."
        yield f"The channel #{name}", None if name in names else mend
