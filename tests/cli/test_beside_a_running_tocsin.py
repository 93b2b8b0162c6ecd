"""The commands that look ahead work beside a Tocsin that runs, on SQLite and on PostgreSQL."""

import asyncio
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.story import Story


async def told(story: Story, *words: str, code: int = 0) -> str:
    """What the real command prints about the story's database."""
    asked = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.defpath, "DATABASE_URL": story.settings().database_url, "COLUMNS": "80"},
    )
    output, complaints = (part.decode() for part in await asked.communicate())
    assert asked.returncode == code, complaints
    return output


async def test_everything_is_asked_while_it_runs(story: Story, tmp_path: Path) -> None:
    at = ("--at", "2026-03-02 03:00")
    assert "nothing to change" in await told(story, "plan", str(story.organization_path))
    assert "Farid Haddad" in await told(story, "oncall", *at)
    assert "Farid Haddad by slack" in await told(
        story, "simulate", "--service", "checkout", "--severity", "SEV1", *at
    )
    assert "Sound for 90 days" in await told(story, "check", *at)
    file = tmp_path / "exported.yaml"
    await told(story, "export", str(file))
    assert "nothing to change" in await told(story, "apply", str(file))


async def test_override_made_in_slack_is_exported_and_stays(story: Story, tmp_path: Path) -> None:
    ada, starts_at = story.person("ada"), datetime(2026, 3, 3, 8, 7, tzinfo=UTC)
    times = {"starts_at": int(starts_at.timestamp()), "ends_at": int(starts_at.timestamp()) + 7200}
    await ada.types("override platform")
    assert await ada.submits(person=story.ids["farid"], **times) == {}
    assert "nothing to change" in await told(story, "plan", str(story.organization_path))
    file = tmp_path / "exported.yaml"
    await told(story, "export", str(file))
    assert "overrides:" in file.read_text(encoding="utf-8")
    assert "nothing to change" in await told(story, "apply", str(file))
    calendar = await told(story, "oncall", "--team", "platform", "--at", "2026-03-03", "--days", "1")
    assert re.search(r"09:07\s+Farid Haddad", calendar)
