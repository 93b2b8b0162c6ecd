"""Somebody's handle in the organization file changes: the one they had has retired, with the same account."""

from datetime import UTC, datetime

from bot import organization_file
from bot.domain.timeline import TOCSIN
from bot.operations import look_up, reorganize
from storage import organizations
from storage.database import Connection, Database

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
FILE = """\
organization: {name: Northwind}
people:
  zoe: {name: Zoe, email: zoe@example.com, slack: U0ZOE}
"""


async def test_user_group_has_who_they_are_now(database_url: str) -> None:
    database = Database(database_url)
    await database.open()

    def members(tx: Connection, handle: str) -> tuple[str, ...]:
        reorganize.apply(tx, NOW, TOCSIN, organization_file.parse(FILE.replace("zoe:", f"{handle}:"), "x"))
        organizations.found_group(tx, "oncall", ["U0ZOE"], NOW)
        return look_up.organization(tx).user_groups["oncall"]

    for handle in ("zoe", "adams", "zoe-adams"):
        assert await database.write(lambda tx, handle=handle: members(tx, handle)) == (handle,)  # type: ignore[misc]
    await database.close()
