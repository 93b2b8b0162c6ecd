"""A backup is put back that still owed what has gone out since: nobody reads it twice."""

import asyncio
from pathlib import Path

from storage.backup import put_back, save
from storage.database import sqlite_path
from tests.story import opened


async def test_message_that_went_out_after_the_backup_is_not_sent_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as story:
        path, copy = sqlite_path(story.app.settings.database_url), tmp_path / "copy.db"
        await story.person("ada").types("declare Oh no --sev SEV1 --service Checkout")
        story.tolerated.add("ratelimited")
        story.workspace.faults.add("chat.postMessage", "ratelimited", retry_after=30, times=100)
        general, asked = story.workspace.channel("general").id, len(story.workspace.calls)
        note = "note INC-2026-001 the cable was cut"
        await story.workspace.command(story.ids["ada"], general, "/incident", note)
        async with asyncio.timeout(20):
            while not any(call.method == "chat.postMessage" for call in story.workspace.calls[asked:]):
                story.clock.forward(seconds=1)
                await asyncio.sleep(0.05)
        save(path, copy)
        story.workspace.faults.clear()
        await story.settle()
        assert "the cable was cut" in (await story.said())[-1]
        await story.app.stop()
        put_back(copy, path, "20260302T030000Z")
        await story.start_app()
        await story.settle()
        assert [said for said in await story.said() if "the cable was cut" in said] == [
            (await story.said())[-1]
        ]
