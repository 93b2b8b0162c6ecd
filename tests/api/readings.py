"""What a running Tocsin says of itself."""

import re

import aiohttp

from tests.story import Story


async def asked(story: Story, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{story.app.port}{path}") as answer,
    ):
        return answer.status, await answer.text()


def value(text: str, metric: str) -> float:
    """The value of one line of the exposition."""
    found = re.search(rf"^{re.escape(metric)} (\S+)$", text, re.MULTILINE)
    assert found is not None, f"{metric} is not in\n{text}"
    return float(found[1])
