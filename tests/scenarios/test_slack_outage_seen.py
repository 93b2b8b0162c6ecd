"""An outage of Slack is seen: in /readyz and the log, and afterwards on the card; it ends by itself."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.app import App
from bot.slack import client, connection
from bot.workspace import sockets
from tests.api.readings import asked
from tests.scenarios.outages import declares, fail, is_quiet, pass_by, types, with_mail
from tests.story import Story, opened, text_of


async def slack_part(story: Story) -> str:
    """What /readyz says of Slack; a machine that is slow may find something to say of other parts."""
    status, text = await asked(story, "/readyz")
    said: str = json.loads(text)["parts"]["slack"]
    assert said == "ok" or status == 503
    return said


async def start_again(story: Story) -> None:
    """A new process, which finds Slack away."""
    story.app = App(story.settings(), story.clock)
    await story.app.start()
    await is_quiet(story)


@pytest.mark.parametrize("by_http", [False, True], ids=["by socket", "by HTTP"])
async def test_readyz_says_within_ten_seconds_why_and_since_when(tmp_path: Path, by_http: bool) -> None:
    """Nothing is owed and nobody asks: Slack is asked all the same."""
    async with opened(tmp_path, by_http=by_http) as story:
        await pass_by(story, 5)
        assert await slack_part(story) == "ok"
        since = story.clock.now()
        fail(story, http_status=503)
        await pass_by(story, 10)
        said = await slack_part(story)
        assert said.startswith("Slack failed: an answer that is not Slack's, since 2026-03-02 03:0")
        assert said <= f"Slack failed: an answer that is not Slack's, since {since:%Y-%m-%d %H:%M}:10 UTC"
        assert 'tocsin_ready{part="slack"} 0.0' in (await asked(story, "/metrics"))[1]
        story.workspace.faults.clear()
        await pass_by(story, 3)
        assert await slack_part(story) == "ok"


@pytest.mark.parametrize("is_owed", [False, True], ids=["nothing owed", "a card owed"])
async def test_outbox_sleeps_while_slack_is_away(
    story: Story, monkeypatch: pytest.MonkeyPatch, is_owed: bool
) -> None:
    """The trial that is due has nothing to try, or was just made: it is no reason to look again at once."""
    fail(story, http_status=503)
    await pass_by(story, 10)
    if is_owed:
        await declares(story)
    await pass_by(story, 30)
    looks: list[None] = []
    monkeypatch.setattr(story.app.outbox.part, "beat", lambda: looks.append(None))
    await asyncio.sleep(0.5)
    assert len(looks) <= 1


async def test_refused_connections_are_named(story: Story) -> None:
    await story.workspace.refuse()
    await pass_by(story, 10)
    assert (await slack_part(story)).startswith("Slack cannot be reached, since ")
    await story.workspace.accept()
    await pass_by(story, 3)
    await story.workspace.until(lambda: story.workspace.connected, timeout=30)
    assert await slack_part(story) == "ok"


async def test_hanging_slack_is_noticed_and_named(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.1)
    fail(story, hang_seconds=60)
    await pass_by(story, 10)
    assert (await slack_part(story)).startswith("Slack did not answer in time, since ")
    story.workspace.faults.clear()
    await pass_by(story, 3)
    assert await slack_part(story) == "ok"


async def test_socket_that_is_open_but_dead_is_noticed_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 0.25)
    async with opened(tmp_path) as story:
        fail(story, "apps.connections.open", http_status=500)
        story.workspace.freeze()
        async with asyncio.timeout(20):
            while not (said := await slack_part(story)).startswith("the socket is closed, since "):
                assert said == "ok"
        story.workspace.faults.clear()
        async with asyncio.timeout(20):
            while await slack_part(story) != "ok":  # noqa: ASYNC110 - a socket comes back by itself
                await asyncio.sleep(0.01)
        assert "On call now" in (await story.person("ada").types("oncall")).text


async def test_address_that_did_not_help_is_not_tried_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is good for one socket, and that one was refused."""
    monkeypatch.setattr(connection, "PING_SECONDS", 0.25)
    monkeypatch.setattr(connection, "ADDRESS_SECONDS", 0.1)
    async with opened(tmp_path) as story:
        with monkeypatch.context() as full:
            full.setattr(sockets, "CONNECTIONS", 0)
            before = _openings(story)
            await story.workspace.cut()
            await story.workspace.until(lambda: _openings(story) > before + 1, timeout=20)
        await story.workspace.until(lambda: story.workspace.connected, timeout=20)
        async with asyncio.timeout(20):
            while await slack_part(story) != "ok":  # noqa: ASYNC110 - a socket comes back by itself
                await asyncio.sleep(0.01)


async def test_revoked_token_is_said_once_and_everything_waits_for_a_good_one(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    story.tolerated |= {"token_revoked"}
    story.installed.token_error = "token_revoked"
    await declares(story)
    await pass_by(story, 20)
    assert (await slack_part(story)).startswith("Slack does not accept SLACK_BOT_TOKEN: token_revoked, since")
    for _ in range(30):
        story.clock.forward(hours=1)
        await is_quiet(story)
    said = capsys.readouterr().out
    assert said.count("Slack is in trouble") == 1
    assert "delivery failed" not in said
    story.installed.token_error = ""
    await story.settle()
    assert len(await story.said()) == 1 + (await story.overview()).incident.sequence
    assert await slack_part(story) == "ok"


async def test_refused_app_token_is_named_and_not_with_a_traceback(
    story: Story, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    fail(story, "apps.connections.open", error="invalid_auth")
    await story.app.stop()
    await start_again(story)
    refused = "Slack does not accept SLACK_APP_TOKEN: invalid_auth"
    async with asyncio.timeout(20):
        while (said := await slack_part(story)) != f"not connected yet: {refused}":
            assert said == "not connected yet"
    assert f"error='NoSocket: {refused}'" in capsys.readouterr().out
    assert not [one for one in caplog.records if one.exc_info]


async def test_app_token_that_is_revoked_later_is_named_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 0.25)
    async with opened(tmp_path) as story:
        fail(story, "apps.connections.open", error="token_revoked")
        await story.workspace.cut()
        refused = "Slack does not accept SLACK_APP_TOKEN: token_revoked"
        async with asyncio.timeout(20):
            while not (said := await slack_part(story)).endswith(f": {refused}"):
                assert "the socket is closed" in said or said in ("ok", "not connected yet")
            await story.workspace.until(lambda: _openings(story) > 3)
        assert len([one for one in caplog.records if refused in one.getMessage()]) <= 2
        assert not [one for one in caplog.records if one.exc_info]
        story.workspace.faults.clear()
        async with asyncio.timeout(20):
            while await slack_part(story) != "ok":  # noqa: ASYNC110 - a socket comes back by itself
                await asyncio.sleep(0.01)


def _openings(story: Story) -> int:
    return sum(call.method == "apps.connections.open" for call in story.workspace.calls)


async def test_dead_slack_is_asked_but_not_hammered(story: Story) -> None:
    for number in range(20):
        await declares(story, f"Number {number}")
    await story.settle()
    fail(story, http_status=500)
    for number in range(20):
        await types(story, "ben", f"note INC-2026-{number + 1:03} still broken")
    before = len(story.workspace.calls)
    await pass_by(story, 60)
    during = [call.method for call in story.workspace.calls[before:]]
    assert len([method for method in during if method != "auth.test"]) <= 8
    assert len(during) <= 45
    story.workspace.faults.clear()
    await story.settle()


async def test_page_goes_out_within_three_seconds_of_slacks_return(story: Story) -> None:
    fail(story, http_status=500)
    await declares(story)
    await pass_by(story, 300)
    story.workspace.faults.clear()
    await pass_by(story, 3)
    assert len(story.person("farid").pages) == 1
    await story.settle()


async def test_slack_that_only_does_not_answer_the_question_still_gets_what_is_owed(story: Story) -> None:
    fail(story, "auth.test", http_status=500)
    await pass_by(story, 12)
    assert await slack_part(story) != "ok"
    await declares(story)
    await pass_by(story, 12)
    assert len(story.person("farid").pages) == 1
    story.workspace.faults.clear()
    await story.settle()


async def test_slack_that_takes_no_message_is_in_trouble_though_it_answers(story: Story) -> None:
    for number in range(3):
        await declares(story, f"Number {number}")
    await story.settle()
    fail(story, "chat.*", http_status=500)
    for number in range(3):
        await types(story, "ben", f"note INC-2026-{number + 1:03} still broken")
    await pass_by(story, 2)
    assert (await slack_part(story)).startswith("Slack failed: ")
    story.workspace.faults.clear()
    await story.settle()
    assert await slack_part(story) == "ok"


async def test_card_tells_of_the_outage_and_later_no_more(tmp_path: Path, database_url: str) -> None:
    async with with_mail(tmp_path, database_url=database_url) as (story, _):
        await declares(story)
        await story.settle()
        since = story.clock.now()
        fail(story, http_status=500)
        await types(story, "ben", "escalate INC-2026-001")
        await pass_by(story, 40)
        await story.app.stop()  # a restart in the middle forgets nothing
        await start_again(story)
        await pass_by(story, 20)
        story.workspace.faults.clear()
        await story.settle()
        told = text_of(await story.card())
        assert f"Slack did not answer from {since:%Y-%m-%d %H:%M} UTC to 2026-03-02 03:0" in told
        assert "; 1 page went by e-mail." in told
        await story.forward(minutes=16)
        await story.workspace.until(lambda: story.workspace.connected, timeout=30)
        await types(story, "ben", "ack INC-2026-001")
        await story.settle()
        assert "Slack did not answer" not in text_of(await story.card())


async def test_short_hiccup_is_not_told(story: Story) -> None:
    await declares(story)
    await story.settle()
    fail(story, http_status=500)
    await types(story, "ben", "escalate INC-2026-001")
    await pass_by(story, 10)
    story.workspace.faults.clear()
    await story.settle()
    assert "Slack did not answer" not in text_of(await story.card())
