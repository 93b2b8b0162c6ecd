"""Create, list and revoke calendar feeds; find the one whose token somebody presents, and what it tells.

As with API keys only an HMAC-SHA256 of the token is kept. It stands in an address, because calendars can
send nothing else.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.domain import feed as feeds_told
from bot.domain import ids
from bot.domain.audit import Action, Change
from bot.domain.errors import NotFound
from bot.domain.feed import PREFIX, Feed, FeedContent
from bot.domain.ids import PersonId, ScheduleId
from bot.domain.organization import Organization
from bot.domain.rights import Right
from bot.domain.timeline import Actor
from bot.operations import audit, issue_key, look_up, rows
from bot.operations.permit import permit
from storage import calendars, feeds, organizations

_HINT_LENGTH = 9


@dataclass(frozen=True)
class Shared:
    """What a feed is made of, as it stands."""

    feed: Feed
    organization: Organization
    #: Grows whenever the organization or an imported calendar changes, and since when it is so.
    revision: int
    changed_at: datetime

    def content(self, now: datetime) -> FeedContent:
        """What the feed tells. Raises NotFound when its schedule or person is gone."""
        return feeds_told.content(self.feed, self.organization, now, self.revision, self.changed_at)


def create(
    tx: Connection,
    now: datetime,
    actor: Actor,
    *,
    secret: str | None,
    schedule: str | None = None,
    email: str | None = None,
) -> tuple[Feed, str]:
    """The new feed of a schedule or a person, and its token, which is shown now and never again.

    Raises LacksRight, NotFound.
    """
    permit(actor, Right.MANAGE_FEEDS)
    organized = look_up.organization(tx)
    person = look_up.person_by_email(organized, email).id if email is not None else None
    text = PREFIX + secrets.token_urlsafe(32)
    feed = Feed(
        id=ids.time_ordered(now),
        hint=text[:_HINT_LENGTH],
        schedule_id=_schedule(organized, schedule) if schedule is not None else None,
        person_id=person,
        created_at=now,
    )
    digest = issue_key.digest(secret or issue_key.own_secret(tx), text)
    feeds.add(tx, rows.feed_columns(feed) | {"digest": digest})
    audit.keep(tx, now, actor, [Change(Action.FEED_CREATED, _told(feed))])
    return feed, text


def every(tx: Connection) -> tuple[Feed, ...]:
    """All feeds, the oldest first."""
    return tuple(rows.feed(row) for row in feeds.every(tx))


def revoke(tx: Connection, now: datetime, actor: Actor, id_or_hint: str) -> tuple[Feed, ...]:
    """The feed with this id or hint tells nothing from now on. Raises LacksRight, NotFound."""
    permit(actor, Right.MANAGE_FEEDS)
    found = [one for one in every(tx) if id_or_hint in (one.id, one.hint) and one.revoked_at is None]
    if not found:
        raise NotFound(f"There is no feed “{id_or_hint}” that is not revoked. `calendar list` shows them.")
    for one in found:
        feeds.revoke(tx, one.id, now)
    audit.keep(tx, now, actor, [Change(Action.FEED_REVOKED, _told(one)) for one in found])
    return tuple(found)


def presented(tx: Connection, token: str, secret: str | None) -> Shared | None:
    """The feed with this token; None for one that is unknown or revoked: from outside they look the same."""
    own = issue_key.secret_of(tx, secret)
    if own is None or not token.startswith(PREFIX):
        return None
    digest = issue_key.digest(own, token)
    row = feeds.by_digest(tx, digest)
    if row is None or not hmac.compare_digest(row.digest, digest) or row.revoked_at is not None:
        return None
    revision, finding = organizations.newest(tx)
    changes = (organizations.applied_at(tx), calendars.changed_at(tx))
    found = rows.feed(row)
    changed_at = max((one for one in changes if one is not None), default=found.created_at)
    return Shared(found, look_up.organization(tx), (revision or 0) + finding, changed_at)


def used(tx: Connection, now: datetime, feed_id: str) -> None:
    """Keep when the feed was read last."""
    feeds.used(tx, feed_id, now)


def _schedule(organized: Organization, text: str) -> ScheduleId:
    wanted = text.strip().casefold()
    for schedule in organized.schedules.values():
        if wanted in (schedule.id.casefold(), schedule.name.casefold()):
            return schedule.id
    known = ", ".join(sorted(organized.schedules)) or "none is configured yet"
    raise NotFound(f"There is no schedule “{text}”. Known: {known}.", {"schedule": "unknown schedule"})


def _told(feed: Feed) -> str:
    """The feed as the audit log names it: without anything of its token."""
    return f"{_of(feed.schedule_id, feed.person_id)} ({feed.id})"


def _of(schedule_id: ScheduleId | None, person_id: PersonId | None) -> str:
    return f"schedule {schedule_id}" if schedule_id is not None else f"person {person_id}"
