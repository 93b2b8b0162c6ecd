"""Feeds are made and revoked by admins, and whoever is refused changes nothing."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

from bot import organization_file
from bot.domain.audit import Action
from bot.domain.rights import Role
from bot.domain.timeline import TOCSIN, Actor, ActorKind
from bot.operations import audit, reorganize, share_calendar
from bot.operations.permit import LacksRight
from storage.database import Connection, Database
from tests.story import ORGANIZATION

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
RESPONDER = Actor(ActorKind.PERSON, "Ben Li", role=Role.RESPONDER)


def _opening(token: str, secret: str | None) -> Callable[[Connection], bool]:
    return lambda tx: share_calendar.presented(tx, token, secret) is not None


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.open()
    northwind = organization_file.read(ORGANIZATION)
    await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, northwind))
    yield database
    await database.close()


async def test_responder_neither_makes_nor_revokes_feeds(database: Database) -> None:
    feed, _ = await database.write(
        lambda tx: share_calendar.create(tx, NOW, TOCSIN, secret=None, schedule="payments")
    )
    with pytest.raises(LacksRight):
        await database.write(
            lambda tx: share_calendar.create(tx, NOW, RESPONDER, secret=None, schedule="payments")
        )
    with pytest.raises(LacksRight):
        await database.write(lambda tx: share_calendar.revoke(tx, NOW, RESPONDER, feed.id))
    (kept,) = await database.read(share_calendar.every)
    assert kept.revoked_at is None


async def test_token_opens_its_feed_under_its_own_secret_only(database: Database) -> None:
    _, token = await database.write(
        lambda tx: share_calendar.create(tx, NOW, TOCSIN, secret="a" * 16, email="ada@example.com")
    )
    found = {
        (len(text), secret): await database.read(_opening(text, secret))
        for text in (token, token[:-1])
        for secret in ("a" * 16, "b" * 16, None)
    }
    assert [key for key, is_open in found.items() if is_open] == [(len(token), "a" * 16)]


async def test_what_was_made_and_revoked_is_in_the_audit_log(database: Database) -> None:
    feed, token = await database.write(
        lambda tx: share_calendar.create(tx, NOW, TOCSIN, secret=None, email="ada@example.com")
    )
    await database.write(lambda tx: share_calendar.revoke(tx, NOW, TOCSIN, feed.hint))
    entries = await database.read(lambda tx: audit.review(tx, TOCSIN))
    told = [(one.action, one.subject) for one in entries if "feed" in one.action]
    subject = f"person ada ({feed.id})"
    assert told == [(Action.FEED_CREATED, subject), (Action.FEED_REVOKED, subject)]
    assert token not in str(entries)
