"""Slack's requests that are refused one and all: somebody hears of it, and no forged one does harm."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.settings import Settings
from tests.api.readings import asked, value
from tests.story import Story, opened

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BODY = b"command=%2Fincident&text=help"


class Mistaken(Story):
    """Its operator copied another app's secret."""

    def settings(self) -> Settings:
        self.environment = {"SLACK_SIGNING_SECRET": "0123456789abcdef" * 2}
        return super().settings()


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    async with opened(tmp_path, by_http=True) as story:
        yield story


@pytest.fixture
async def mistaken(tmp_path: Path) -> AsyncIterator[Story]:
    story = Mistaken(tmp_path)
    await story.open(by_http=True)
    yield story
    await story.close()


async def asks(story: Story, age: float = 0, signature: str | None = None) -> int:
    """Slack asks for something, `age` seconds ago."""
    at = story.clock.now().timestamp() - age
    headers = FORM | story.workspace.signature(story.installed, BODY, at)
    if signature is not None:
        headers["X-Slack-Signature"] = signature
    url = str(story.installed.request_url)
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(BODY), headers=headers) as answer,
    ):
        return answer.status


async def forged(story: Story) -> int:
    return await asks(story, signature="v0=" + "0" * 64)


async def slack_part(story: Story) -> str:
    said: str = json.loads((await asked(story, "/readyz"))[1])["parts"]["slack"]
    return said


async def test_wrong_secret_is_told_while_slack_asks(
    mistaken: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(5):
        assert await asks(mistaken) == 401
    _, text = await asked(mistaken, "/metrics")
    assert value(text, 'tocsin_slack_refusals_total{what="signature"}') == 5
    mistaken.clock.forward(minutes=1)
    await asks(mistaken)
    said = [line for line in capsys.readouterr().out.splitlines() if "are refused" in line]
    assert ["count=1" in said[0], "count=5" in said[1], len(said)] == [True, True, 2]
    assert all("not signed with SLACK_SIGNING_SECRET" in line for line in said)


@pytest.mark.parametrize("age", [3600, -3600])
async def test_old_requests_with_the_right_signature_put_the_clock_in_doubt(story: Story, age: float) -> None:
    assert await asks(story, age) == 401
    assert "this machine's clock may be wrong" in await slack_part(story)
    assert await asks(story) == 200
    assert await slack_part(story) == "ok"


async def test_forged_requests_make_nobody_unready(story: Story) -> None:
    for _ in range(20):
        assert await forged(story) == 401
    assert await slack_part(story) == "ok"


async def test_old_request_makes_nobody_unready_whom_slack_reached_that_day(story: Story) -> None:
    assert await asks(story) == 200
    story.clock.forward(hours=23)
    assert await asks(story, age=3600) == 401
    assert await slack_part(story) == "ok"
    story.clock.forward(hours=2)
    assert await asks(story, age=3600) == 401
    assert "this machine's clock may be wrong" in await slack_part(story)
    story.clock.forward(minutes=5)
    assert await slack_part(story) == "ok"


async def test_request_without_slacks_headers_is_counted_and_doubts_nothing(story: Story) -> None:
    assert await asks(story, signature="v0=1234") == 401
    assert await slack_part(story) == "ok"
    _, text = await asked(story, "/metrics")
    assert value(text, 'tocsin_slack_refusals_total{what="headers"}') == 1
