"""The doctor's questions to Slack: tokens, scopes, people, channels, user groups."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.cli.finding import Finding, right, wrong
from bot.cli.manifest import scopes
from bot.domain.organization import Organization, Person
from bot.settings import Settings
from bot.slack import user_groups

_TIMEOUT_SECONDS = 8
_LONGEST_WAIT_SECONDS = 60
_NAMED = 10
_TOKEN_ERRORS = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "account_inactive",
        "not_allowed_token_type",
    }
)


async def examine(current: Settings, organization: Organization | None) -> AsyncIterator[Finding]:
    """What Slack says about the tokens, and about what the organization names in Slack."""
    if current.slack_bot_token is None:
        mend = "create the app (`python -m bot manifest` prints the link), install it, and copy its bot token"
        yield wrong("Slack: SLACK_BOT_TOKEN is not set", mend)
        return
    client = AsyncWebClient(
        token=current.slack_bot_token.reveal(),
        base_url=current.slack_api_url,
        timeout=_TIMEOUT_SECONDS,
        retry_handlers=[],
    )
    client.proxy = current.proxies.of(current.slack_api_url)
    identity = await _asked(client.auth_test)
    if isinstance(identity, str):
        yield wrong(f"Slack: the bot token opens nothing: {identity}", _mend(identity, "bot"))
        return
    yield right(f"Slack: @{identity.get('user')} in the workspace {identity.get('team')}")
    yield _scopes(identity)
    yield await _door(client, current)
    if organization is not None:
        yield await _people(client, organization)
        if names := _channel_names(organization):
            yield await _channels(client, names)
        if handles := sorted({one.user_group for one in organization.schedules.values() if one.user_group}):
            yield await _user_groups(client, handles)


def _scopes(identity: AsyncSlackResponse) -> Finding:
    headers: dict[str, str] = {key.lower(): value for key, value in identity.headers.items()}
    if "x-oauth-scopes" not in headers:
        mend = "look whether something between here and Slack takes the header X-OAuth-Scopes away"
        return wrong("Slack: its answer does not say which scopes the app has", mend)
    granted = {one.strip() for one in headers["x-oauth-scopes"].split(",")}
    missing = sorted(scopes() - granted)
    if not missing:
        return right(f"Slack: all {len(scopes())} scopes are granted")
    mend = "add them under “OAuth & Permissions” (or paste the manifest anew), then reinstall the app"
    return wrong(f"Slack: the app lacks the scopes {', '.join(missing)}", mend)


async def _door(client: AsyncWebClient, current: Settings) -> Finding:
    """How Slack's requests come in: through the socket, or signed over HTTP."""
    if current.slack_app_token is None:
        if current.slack_signing_secret is None:
            mend = (
                "set SLACK_APP_TOKEN (Socket Mode), or SLACK_SIGNING_SECRET from “Basic Information” (HTTP)"
            )
            return wrong("Slack: requests could not come in", mend)
        if current.doubt is not None:
            mend = "copy it from “Basic Information”; with another one all that Slack asks is refused"
            return wrong(f"Slack: {current.doubt}", mend)
        return right(f"Slack: asks over HTTP, at port {current.port}; requests must be signed")
    token = current.slack_app_token.reveal()
    opened = await _asked(lambda: client.apps_connections_open(app_token=token))
    if isinstance(opened, str):
        return wrong(f"Slack: the app token opens no socket: {opened}", _mend(opened, "app"))
    return right("Slack: Socket Mode opens")


async def _people(client: AsyncWebClient, organization: Organization) -> Finding:
    active = [one for one in organization.people.values() if one.is_active]
    lost: list[str] = []
    for person in active:
        found = await _asked(_search(client, person))
        if isinstance(found, str):
            if found not in ("users_not_found", "user_not_found"):
                return wrong(f"people: Slack could not be asked: {found}", _mend(found, "bot"))
            lost.append(f"{person.name} ({person.slack_id or person.email})")
        elif (found.get("user") or {}).get("deleted"):
            lost.append(f"{person.name} (deactivated in Slack)")
    if not lost:
        return right(f"people: all {len(active)} are in this workspace")
    named = ", ".join(lost[:_NAMED]) + (f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else "")
    mend = "correct their e-mail, write `slack: U…` in the organization file, or set `active: false`"
    return wrong(f"people: not in this workspace: {named}", mend)


def _search(client: AsyncWebClient, person: Person) -> Callable[[], Awaitable[AsyncSlackResponse]]:
    if person.slack_id is not None:
        user = person.slack_id
        return lambda: client.users_info(user=user)
    return lambda: client.users_lookupByEmail(email=person.email)


def _channel_names(organization: Organization) -> list[str]:
    """The channels that hear of something, the announcements' first."""
    of_teams = (team.channel for team in organization.teams.values() if team.is_active)
    return [*dict.fromkeys(filter(None, (organization.announcement_channel, *of_teams)))]


async def _channels(client: AsyncWebClient, names: Sequence[str]) -> Finding:
    page: dict[str, Any] = {"types": "public_channel", "exclude_archived": True, "limit": 1000}
    missing = list(names)
    while True:
        answer = await _asked(lambda: client.conversations_list(**page))
        if isinstance(answer, str):
            return wrong(f"channels: Slack could not be asked: {answer}", _mend(answer, "bot"))
        known = {one.get("name") for one in answer.get("channels") or ()}
        missing = [name for name in missing if name not in known]
        if not missing:
            return right(f"channels: {_named(names)} can be written to")
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            mend = "create it as a public channel, or change `announcement_channel` or the team's `channel`"
            return wrong(f"channels: there is no public channel {_named(missing)}", mend)
        page["cursor"] = cursor


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"#{name}" for name in names[:_NAMED]) + more


async def _user_groups(client: AsyncWebClient, handles: Sequence[str]) -> Finding:
    """Whether the schedules' groups can be seen. Whether we may change them only a change tells."""
    answer = await _asked(lambda: client.usergroups_list(include_disabled=True))
    if isinstance(answer, str):
        mend = user_groups.MEND.get(answer.partition(" ")[0]) or _mend(answer, "bot")
        return wrong(f"user groups: Slack does not show them: {answer}", mend)
    known = {one.get("handle") for one in answer.get("usergroups") or ()}
    missing = [f"@{handle}" for handle in handles if handle not in known]
    if not missing:
        return right(f"user groups: {', '.join(f'@{handle}' for handle in handles)}")
    return right(
        f"user groups: {', '.join(missing)} will be made; everybody must be allowed to manage groups"
    )


async def _asked(call: Callable[[], Awaitable[AsyncSlackResponse]]) -> AsyncSlackResponse | str:
    """Slack's answer, or its error; waits once when Slack asks for it."""
    for may_wait in (True, False):
        try:
            return await call()
        except SlackApiError as error:
            # A proxy's page or a 500 comes as an error too, as text or as an answer without a code.
            response: Any = error.response
            said: Any = getattr(response, "data", response)
            if not isinstance(said, dict) or "error" not in said:
                return "no answer from Slack but from something in its place"
            code = str(said["error"])
            if code != "ratelimited" or not may_wait:
                return f"{code} (needs {said.get('needed')})" if code == "missing_scope" else code
            wait = int(response.headers.get("Retry-After", "1"))
            await asyncio.sleep(min(wait, _LONGEST_WAIT_SECONDS))
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return f"no answer ({type(error).__name__})"
    return "ratelimited"


def _mend(error: str, kind: str) -> str:
    if error in _TOKEN_ERRORS:
        page = "“OAuth & Permissions”" if kind == "bot" else "“Basic Information”, App-Level Tokens"
        scope = "" if kind == "bot" else " with the scope connections:write"
        return f"copy the {kind} token{scope} from the app's page {page} into SLACK_{kind.upper()}_TOKEN"
    if error.startswith("missing_scope"):
        return "grant the scope and reinstall the app"
    return "check the network and SLACK_API_URL, and run this again"
