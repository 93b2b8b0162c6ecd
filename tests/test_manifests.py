"""What is handed to Slack: the app's manifest, as a file and as a link."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from click.testing import CliRunner

import manifests
from bot.cli.manifest import creation_link, manifest, over_http, scopes
from bot.slack.verbs import USAGE

APP: dict[str, Any] = yaml.safe_load(manifests.text("slack-app.yaml"))


def test_app_fits_the_limits_of_slack() -> None:
    shown = APP["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    for shortcut in APP["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150


def test_incident_command_offers_every_word() -> None:
    (command,) = APP["features"]["slash_commands"]
    assert command["command"] == "/incident"
    words = command["usage_hint"].strip("[]").split("|")
    assert words[:6] == ["declare", "list", "show", "ack", "resolve", "close"]
    assert words[6:11] == ["reopen", "status", "severity", "rename", "assign"]
    assert words[11:12] == ["escalate"]
    assert words[12:] == ["page", "note", "timeline", "postmortem", "oncall", "override", "swap", "help"]
    assert words == [verb.value for verb in USAGE]
    assert command["should_escape"] is True


def test_socket_mode_needs_no_address() -> None:
    assert APP["settings"]["socket_mode_enabled"] is True
    assert APP["settings"]["interactivity"] == {"is_enabled": True}
    assert "url" not in str(APP)


def test_scopes_are_asked_for_once_and_sorted() -> None:
    asked = APP["oauth_config"]["scopes"]["bot"]
    assert asked == sorted(set(asked))
    assert scopes() == set(asked)
    assert not [one for one in asked if one.startswith(("groups:", "files:", "reactions:"))]


def test_every_scope_says_what_for() -> None:
    lines = manifests.text("slack-app.yaml").splitlines()
    for scope in scopes():
        (line,) = [line for line in lines if line.strip().startswith(f"- {scope} ")]
        assert " # " in line


def test_command_prints_the_file_and_the_link() -> None:
    result = CliRunner().invoke(manifest)
    assert result.exit_code == 0
    assert result.stdout == manifests.text("slack-app.yaml")
    assert "https://api.slack.com/apps?new_app=1&manifest_yaml=" in result.stderr


@pytest.mark.parametrize("address", ["https://tocsin.example.com", "https://tocsin.example.com/"])
def test_http_mode_sets_every_request_address(address: str) -> None:
    result = CliRunner().invoke(manifest, ["--url", address])
    app = yaml.safe_load(result.stdout)
    expected = "https://tocsin.example.com/slack/events"
    assert app["settings"]["socket_mode_enabled"] is False
    assert app["settings"]["event_subscriptions"]["request_url"] == expected
    assert app["settings"]["interactivity"]["request_url"] == expected
    assert app["features"]["slash_commands"][0]["url"] == expected
    assert app["oauth_config"] == APP["oauth_config"]


@pytest.mark.parametrize(
    "address", ["http://tocsin.example.com", "tocsin.example.com", "https://x/?a=b", "https://"]
)
def test_address_slack_cannot_call_is_refused(address: str) -> None:
    result = CliRunner().invoke(manifest, ["--url", address])
    assert result.exit_code == 2
    assert "must be an https address" in result.stderr


@pytest.mark.parametrize(
    "text",
    [manifests.text("slack-app.yaml"), over_http(manifests.text("slack-app.yaml"), "https://x.example")],
)
def test_link_carries_the_whole_manifest(text: str) -> None:
    link = urlsplit(creation_link(text))
    query = parse_qs(link.query, strict_parsing=True)
    assert query["new_app"] == ["1"]
    assert yaml.safe_load(query["manifest_yaml"][0]) == yaml.safe_load(text)
    assert len(link.geturl()) < 8000
