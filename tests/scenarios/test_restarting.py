"""The process stops in the middle and starts again: everything due happens once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from bot import app
from bot.app import App
from bot.domain.timeline import TOCSIN
from bot.operations import declare
from storage.database import FileInUse
from tests.story import Story, opened, text_of


async def test_what_fell_due_meanwhile_happens_once_and_says_how_late(story: Story) -> None:
    await story.person("ada").types("declare Oh no --sev SEV1 --service Checkout")
    await story.app.stop()
    story.clock.forward(minutes=20)
    await story.start_app()
    assert (await story.overview()).incident.level == 2
    assert "5 min late: Tocsin could not do it sooner" in " ".join(await story.said())
    assert len(story.person("ada").pages) == 1


async def test_unsent_messages_go_out_after_the_restart(story: Story) -> None:
    await story.workspace.command(
        story.ids["ada"],
        story.workspace.channel("general").id,
        "/incident",
        "declare Oh no --service Checkout",
    )
    await story.app.stop()
    await story.start_app()
    assert len(story.person("farid").pages) == 1
    assert len(await story.said()) == 1 + (await story.overview()).incident.sequence


async def test_whoever_hangs_we_stop_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, by_http=True) as story:
        story.workspace.faults.add("chat.postMessage", times=100, hang_seconds=60, drop=True)
        general = story.workspace.channel("general").id
        declared = "declare Oh no --service Checkout"
        await story.workspace.command(story.ids["ada"], general, "/incident", declared)
        await story.workspace.until(lambda: asked_to_post(story))
        async with half_a_request(story):
            monkeypatch.setattr(app, "STOP_SECONDS", app._CLOSE_SECONDS + 0.2)
            async with asyncio.timeout(5):
                await story.app.stop()
        story.workspace.faults.clear()
        await story.start_app()
        assert len(story.person("farid").pages) == 1


@pytest.mark.parametrize("by_http", [False, True])
async def test_who_pressed_a_button_is_answered_before_we_stop(tmp_path: Path, by_http: bool) -> None:
    async with opened(tmp_path, by_http=by_http) as story:
        await story.person("ada").types("declare Oh no --sev SEV1 --service Checkout")
        card, dev = await story.card(), story.person("dev")
        await story.person("ben").presses(card, "acknowledge")
        story.workspace.faults.add("response_url", hang_seconds=0.2)
        channel = story.channel_with(card)
        assert (await story.workspace.press(dev.id, channel, card["ts"], "acknowledge", seen=card)).ok
        await story.app.stop()
        assert "already acknowledged by Ben Li" in text_of(story.workspace.ephemerals(dev.id)[-1])
        await story.start_app()


@pytest.mark.parametrize("by_http", [False, True])
async def test_command_that_is_under_way_is_acknowledged_before_we_stop(
    tmp_path: Path, by_http: bool
) -> None:
    async with opened(tmp_path, by_http=by_http) as story:
        dev, general = story.person("dev"), story.workspace.channel("general").id
        story.workspace.faults.add("views.open", hang_seconds=0.3)
        typed = asyncio.create_task(story.workspace.command(dev.id, general, "/incident", "declare"))
        await story.workspace.until(lambda: not story.app.under_way.is_idle)
        await story.app.stop()
        assert (await typed).ok
        assert dev.modal["callback_id"] == "declare"
        await story.start_app()


async def test_answer_that_slack_does_not_take_holds_no_stop_up(
    story: Story, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await story.person("ada").types("declare Oh no --sev SEV1 --service Checkout")
    card, dev = await story.card(), story.person("dev")
    await story.person("ben").presses(card, "acknowledge")
    story.workspace.faults.add("response_url", hang_seconds=60, drop=True)
    channel = story.channel_with(card)
    assert (await story.workspace.press(dev.id, channel, card["ts"], "acknowledge", seen=card)).ok
    monkeypatch.setattr(app, "_ANSWER_SECONDS", 0.1)
    async with asyncio.timeout(5):
        await story.app.stop()
    assert "stopped before everybody in Slack was answered" in capsys.readouterr().out
    story.workspace.faults.clear()
    await story.start_app()


async def test_nothing_is_begun_while_others_still_end(tmp_path: Path) -> None:
    """What is declared in the last moment is kept, and sent after the next start."""
    async with opened(tmp_path, by_http=True) as story:
        async with half_a_request(story):
            stopping = asyncio.create_task(story.app.stop())
            await asyncio.sleep(0)
            await story.app.database.write(
                lambda tx: declare.declare(
                    tx, story.clock.now(), TOCSIN, title="Oh no", services=["checkout"]
                )
            )
            await story.app.outbox.part.ended()
        await stopping
        assert not asked_to_post(story)
        await story.start_app()
        assert len(story.person("farid").pages) == 1


@asynccontextmanager
async def half_a_request(story: Story) -> AsyncIterator[None]:
    """Somebody asks, and is taken up, but does not come to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", story.app.port)
    head = "POST /slack/events HTTP/1.1", "Host: tocsin", "Content-Length: 2", "Expect: 100-continue"
    writer.write("\r\n".join([*head, "", ""]).encode())
    assert b"100" in await reader.readuntil(b"\r\n\r\n")
    yield
    writer.close()


def asked_to_post(story: Story) -> int:
    """How often Slack was asked to take a message."""
    return sum(call.method == "chat.postMessage" for call in story.workspace.calls)


async def test_message_whose_answer_was_lost_is_not_sent_again(story: Story) -> None:
    story.workspace.faults.add("chat.postMessage", after_work=True, times=4)
    await story.person("ada").types("declare Oh no --service Checkout")
    await story.forward(minutes=1)
    assert len(story.person("farid").pages) == 1
    assert len(await story.said()) == 1 + (await story.overview()).incident.sequence


async def test_channel_whose_creation_was_not_answered_is_found_again(story: Story) -> None:
    story.workspace.faults.add("conversations.create", after_work=True)
    await story.person("ada").types("declare Oh no --service Checkout")
    names = [channel.name for channel in story.workspace.state.channels.values()]
    assert [name for name in names if name.startswith("inc-")] == ["inc-2026-001-oh-no"]


@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.create"])
async def test_what_was_not_answered_is_found_although_the_wall_clock_was_set_back(
    story: Story, method: str
) -> None:
    story.clock.set_back(hours=1)
    await story.forward(hours=1)
    story.workspace.faults.add(method, after_work=True, times=4)
    await story.person("ada").types("declare Oh no --service Checkout")
    names = [channel.name for channel in story.workspace.state.channels.values()]
    assert [name for name in names if name.startswith("inc-")] == ["inc-2026-001-oh-no"]
    assert len(story.person("farid").pages) == 1
    assert len(await story.said()) == 1 + (await story.overview()).incident.sequence


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_second_process_on_the_same_file_refuses_to_start(story: Story) -> None:
    second = App(story.settings(), story.clock)
    with pytest.raises(FileInUse, match="is in use by another Tocsin"):
        await second.start()


async def test_replayed_request_is_carried_out_once(tmp_path: Path) -> None:
    async with opened(tmp_path, by_http=True) as story:
        await story.person("ada").types("declare Oh no")
        form = {
            "command": "/incident",
            "text": "note once only",
            "user_id": story.ids["ada"],
            "team_id": story.workspace.state.team_id,
            "channel_id": await story.channel(),
            "trigger_id": "1.2.same",
            "response_url": "http://127.0.0.1:1/unused",
        }
        body = urlencode(form).encode()
        headers = story.workspace.signature(story.installed, body)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        async with aiohttp.ClientSession() as session:
            for _ in range(3):
                async with session.post(
                    str(story.installed.request_url), data=body, headers=headers
                ) as answer:
                    assert answer.status == 200
        await story.settle()
        assert (await story.events()).count("Noted") == 1


async def test_lost_socket_is_opened_again(story: Story) -> None:
    await story.workspace.cut()
    await story.workspace.until(lambda: story.workspace.connected == 1, timeout=20)
    answer = await story.person("ada").types("oncall")
    assert "On call now" in answer.text


async def test_slack_in_trouble_delays_but_loses_nothing(story: Story) -> None:
    story.tolerated |= {"internal_error", "ratelimited", "dropped", "service_unavailable"}
    for how in (
        {"http_status": 500},
        {"error": "ratelimited", "retry_after": 3},
        {"drop": True},
        {"error": "service_unavailable"},
    ):
        story.workspace.faults.add("chat.postMessage", times=2, **how)
    await story.person("ada").types("declare Oh no --service Checkout")
    assert len(story.person("farid").pages) == 1
    assert "Level 1" in text_of(await story.card())
    await asyncio.sleep(0)


async def test_raised_severity_whose_time_has_passed_is_no_delay_of_ours(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("declare Oh no --sev SEV3 --service Checkout")
    await story.forward(minutes=90)
    await ada.types("severity SEV1 INC-2026-001")
    await story.settle()
    said = " ".join(await story.said())
    assert "Level 2" in said
    assert "late:" not in said


async def test_start_without_an_organization_says_that_nobody_can_be_paged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(tmp_path, environment={"TOCSIN_ORGANIZATION": ""}) as story:
        assert "nobody can be paged: python -m bot apply FILE" in capsys.readouterr().out
        await story.app.stop()
        story.environment = {}
        await story.start_app()
        await story.app.stop()
        story.environment = {"TOCSIN_ORGANIZATION": ""}
        await story.start_app()
        assert "nobody can be paged" not in capsys.readouterr().out
