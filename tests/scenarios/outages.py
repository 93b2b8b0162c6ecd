"""What the stories of outages share: a post office, and time that passes while things stay owed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.mail import post_office
from tests.mail.post_office import PostOffice
from tests.story import ORGANIZATION, Story, opened

FARID = "farid@example.com"
FARID_BY_BOTH = ("email: farid@example.com}", "email: farid@example.com, channels: [slack, email]}")
FARID_BY_EMAIL = ("email: farid@example.com}", "email: farid@example.com, channels: [email]}")
SLACK_TWICE = (
    "email: farid@example.com}",
    "email: farid@example.com, notify: {high: [{channel: slack}, {channel: slack, after: 3 min}]}}",
)


@asynccontextmanager
async def with_mail(
    folder: Path, *changes: tuple[str, str], database_url: str | None = None
) -> AsyncIterator[tuple[Story, PostOffice]]:
    """A story with a mail server, in an organization with these changes."""
    text = ORGANIZATION.read_text(encoding="utf-8")
    for was, to in changes:
        assert was in text
        text = text.replace(was, to)
    path = folder / "organization.yaml"
    path.write_text(text, encoding="utf-8")
    async with post_office.opened() as office:
        environment = {"SMTP_URL": office.url(), "EMAIL_FROM": "tocsin@example.com"}
        if database_url is not None:
            environment["DATABASE_URL"] = database_url
        async with opened(folder, organization=path, environment=environment) as story:
            yield story, office


def fail(story: Story, method: str = "*", **how: Any) -> None:
    """Slack fails from now on, until the faults are cleared."""
    story.workspace.faults.add(method, times=10**9, **how)
    story.tolerated |= {how.get("error", "")}


async def is_quiet(story: Story) -> None:
    """Nothing is under way, though much may be owed."""
    async with asyncio.timeout(30):
        while not story.app.outbox.is_idle:  # noqa: ASYNC110 - a test waits from outside
            await asyncio.sleep(0.001)


async def pass_by(story: Story, seconds: int) -> None:
    """Time passes second by second, and in each all is done that can be done."""
    for _ in range(seconds):
        story.clock.forward(seconds=1)
        await story.app.deadlines.look()
        await is_quiet(story)


async def types(story: Story, name: str, text: str) -> None:
    """Somebody types a command; what follows need not arrive."""
    channel = story.workspace.channel("general").id
    ack = await story.workspace.command(story.ids[name], channel, "/incident", text)
    assert ack.ok
    await is_quiet(story)


async def declares(story: Story, title: str = "Oh no") -> None:
    await types(story, "ada", f"declare {title} --sev SEV1 --service Checkout")
