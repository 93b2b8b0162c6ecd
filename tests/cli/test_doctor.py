"""The doctor: what it sees, and how it says to mend it. A small server answers as Slack does."""

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from bot.cli.doctor import doctor, examine
from bot.cli.finding import Finding
from bot.cli.manifest import scopes
from bot.settings import Secret, Settings
from tests import demo

PEOPLE = ("ada", "ben", "chloe", "dev", "emi", "farid", "gus", "hana")
#: In the place of the granted scopes: nothing is said of them.
_UNSAID = "unsaid"
GOOD: dict[str, Any] = {
    "auth.test": {"ok": True, "user": "tocsin", "team": "Northwind"},
    "apps.connections.open": {"ok": True, "url": "wss://x"},
    "conversations.list": {
        "ok": True,
        "channels": [
            {"name": name} for name in ("general", "incidents", "shop-team", "payments-team", "platform-team")
        ],
    },
    "usergroups.list": {"ok": True, "usergroups": [{"handle": "oncall-shop"}]},
}


@asynccontextmanager
async def slack(
    answers: Mapping[str, Any], granted: str | None = None, missing: tuple[str, ...] = ()
) -> AsyncIterator[str]:
    """A Slack that answers so (a list: one after another), in which all but `missing` are members.

    `granted` are the scopes; none in particular means all.
    """

    async def answer(request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if method == "users.lookupByEmail":
            handle = request.query["email"].partition("@")[0]
            found = handle in PEOPLE and handle not in missing
            return web.json_response({"ok": found, "error": "users_not_found", "user": {"id": handle}})
        asked_for = ",".join(scopes()) if granted is None else granted
        headers = {"x-oauth-scopes": asked_for, "Retry-After": "0"}
        if granted == _UNSAID:
            del headers["x-oauth-scopes"]
        said = {**GOOD, **answers}[method]
        return web.json_response(said.pop(0) if isinstance(said, list) else said, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/api/{method}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/api/"))


@pytest.fixture
def healthy(tmp_path: Path) -> Settings:
    return Settings(
        slack_bot_token=Secret("xoxb-1"),
        slack_app_token=Secret("xapp-1"),
        database_url=f"sqlite:///{tmp_path / 'tocsin.db'}",
        organization=demo.organization_in(tmp_path),
    )


async def findings(settings: Settings, address: str = "http://127.0.0.1:1/") -> list[Finding]:
    return [one async for one in examine(replace(settings, slack_api_url=address))]


async def wrong(
    settings: Settings, answers: Mapping[str, Any], granted: str | None = None, missing: tuple[str, ...] = ()
) -> Finding:
    """The one thing that is wrong when Slack answers so."""
    async with slack(answers, granted, missing) as address:
        (only,) = [one for one in await findings(settings, address) if not one.is_right]
        return only


async def test_healthy_set_up_has_nothing_to_mend(healthy: Settings) -> None:
    async with slack({}) as address:
        found = await findings(healthy, address)
    assert all(one.is_right and not one.mend for one in found)
    assert [one.what.partition(":")[0] for one in found] == [
        "database",
        "organization file",
        "Slack",
        "Slack",
        "Slack",
        "people",
        "channels",
        "user groups",
    ]


@pytest.mark.parametrize(
    ("answers", "what", "mend"),
    [
        (
            {"auth.test": {"ok": False, "error": "invalid_auth"}},
            "the bot token opens nothing: invalid_auth",
            "SLACK_BOT_TOKEN",
        ),
        (
            {"apps.connections.open": {"ok": False, "error": "invalid_auth"}},
            "the app token opens no socket",
            "connections:write",
        ),
        (
            {"conversations.list": {"ok": True, "channels": [{"name": "general"}]}},
            "no public channel #incidents",
            "create it",
        ),
        (
            {"conversations.list": {"ok": False, "error": "missing_scope", "needed": "channels:read"}},
            "missing_scope (needs channels:read)",
            "reinstall",
        ),
        (
            {"usergroups.list": {"ok": False, "error": "missing_scope", "needed": "usergroups:read"}},
            "user groups: Slack does not show them: missing_scope",
            "usergroups:write",
        ),
        (
            {"usergroups.list": {"ok": False, "error": "plan_upgrade_required"}},
            "user groups: Slack does not show them: plan_upgrade_required",
            "paid plan",
        ),
    ],
)
async def test_wrong_answer_says_how_to_mend(
    healthy: Settings, answers: Mapping[str, Any], what: str, mend: str
) -> None:
    found = await wrong(healthy, answers)
    assert what in found.what
    assert mend in found.mend


async def test_scopes_that_are_not_told_are_not_said_to_be_missing(healthy: Settings) -> None:
    found = await wrong(healthy, {}, granted=_UNSAID)
    assert found.what == "Slack: its answer does not say which scopes the app has"
    assert "X-OAuth-Scopes" in found.mend


async def test_missing_scopes_are_named(healthy: Settings) -> None:
    found = await wrong(healthy, {}, granted=",".join(scopes() - {"pins:write", "im:write"}))
    assert "im:write, pins:write" in found.what
    assert "reinstall" in found.mend


async def test_people_who_are_not_in_slack_are_named(healthy: Settings) -> None:
    found = await wrong(healthy, {}, missing=("ben", "emi"))
    assert "Ben Li (ben@example.com), Emi Sato (emi@example.com)" in found.what


async def test_channel_on_a_later_page_is_found(healthy: Settings) -> None:
    first = {"ok": True, "channels": [{"name": "general"}], "response_metadata": {"next_cursor": "2"}}
    pages = [first, GOOD["conversations.list"]]
    async with slack({"conversations.list": pages}) as address:
        assert all(one.is_right for one in await findings(healthy, address))
    assert not pages


async def test_unreachable_slack_is_told_not_thrown(healthy: Settings) -> None:
    found = (await findings(healthy))[-1]
    assert "no answer" in found.what
    assert "SLACK_API_URL" in found.mend


async def test_page_of_a_proxy_is_told_not_thrown(healthy: Settings) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="<h1>Bad gateway</h1>", status=502, content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    async with TestServer(app) as server:
        found = (await findings(healthy, str(server.make_url("/api/"))))[-1]
    assert "something in its place" in found.what


async def test_rate_limit_is_waited_for(healthy: Settings) -> None:
    busy = {"ok": False, "error": "ratelimited"}
    async with slack({"apps.connections.open": [busy, {"ok": True}]}) as address:
        assert all(one.is_right for one in await findings(healthy, address))


async def test_http_mode_needs_the_signing_secret(healthy: Settings) -> None:
    over_http = replace(healthy, slack_app_token=None)
    assert "SLACK_SIGNING_SECRET" in (await wrong(over_http, {})).mend
    secret = "0123456789abcdef" * 2
    quoted = replace(over_http, slack_signing_secret=Secret(f'"{secret}"'))
    assert "has quotes around it" in (await wrong(quoted, {})).what
    async with slack({}) as address:
        signed = replace(over_http, slack_signing_secret=Secret(secret))
        assert all(one.is_right for one in await findings(signed, address))


async def test_missing_bot_token_ends_the_questions(healthy: Settings) -> None:
    found = (await findings(replace(healthy, slack_bot_token=None)))[-1]
    assert (found.is_right, found.what) == (False, "Slack: SLACK_BOT_TOKEN is not set")


async def test_organization_that_leads_nowhere_is_told(healthy: Settings, tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text("organization: {name: N}\nescalation_policies: {SEV0: {levels: [{role: org_admin}]}}")
    found = [one.what for one in await findings(replace(healthy, organization=path)) if not one.is_right]
    assert "nobody is an active admin" in found[0]
    assert "no escalation policy for SEV1, SEV2, SEV3, SEV4" in found[1]


async def test_broken_organization_file_names_its_lines(healthy: Settings, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("organization: {nam: N}")
    found = (await findings(replace(healthy, organization=path)))[1]
    assert "broken.yaml:1: organization.nam: is no key" in found.what


async def test_neither_file_nor_database_is_told(healthy: Settings) -> None:
    found = (await findings(replace(healthy, organization=None)))[1]
    assert "TOCSIN_ORGANIZATION" in found.mend


async def state_of(healthy: Settings) -> Finding:
    return (await findings(healthy))[0]


async def test_sound_database_names_its_revision(healthy: Settings, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "tocsin.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        assert "made at the first start" in (await state_of(healthy)).what
        connection.executescript(
            "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('0001');"
        )
    found = await state_of(healthy)
    assert found.is_right
    assert "at revision 0001; the next start" in found.what


async def test_database_of_a_newer_tocsin_is_not_sound(healthy: Settings, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "tocsin.db")) as connection:
        connection.executescript(
            "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('9999');"
        )
    found = await state_of(healthy)
    assert not found.is_right
    assert "used by a newer Tocsin (revision 9999" in found.what
    assert found.mend == "install that one again, or restore a backup"


async def test_database_in_use_is_no_fault(healthy: Settings, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE one (a)")
        connection.execute("BEGIN EXCLUSIVE")
        found = await state_of(healthy)
    assert found.is_right
    assert "in use" in found.what


async def test_file_that_is_no_database_is_told(healthy: Settings, tmp_path: Path) -> None:
    (tmp_path / "tocsin.db").write_bytes(b"not a database at all" * 100)
    found = await state_of(healthy)
    assert not found.is_right
    assert "backup" in found.mend


async def test_database_in_no_folder_is_told(healthy: Settings, tmp_path: Path) -> None:
    found = await state_of(replace(healthy, database_url=f"sqlite:///{tmp_path}/absent/tocsin.db"))
    assert "cannot be created" in found.what


def test_command_fails_when_something_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    result = CliRunner().invoke(doctor)
    assert result.exit_code == 1
    assert "✓ database: tocsin.db will be created" in result.stdout
    assert "✗ Slack: SLACK_BOT_TOKEN is not set\n    → create the app" in result.stdout


def test_wrong_environment_is_told_before_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    result = CliRunner().invoke(doctor)
    assert result.exit_code == 1
    assert result.stdout.startswith("✗ PORT must be a number")
