"""Read again the calendars that are a schedule's layers: which ones are due, and what came of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from bot.domain import imported
from bot.domain.imported import CalendarState, Expansion, Source
from bot.domain.organization import Organization
from bot.domain.timeline import Actor
from bot.operations import look_up, reorganize, rows
from storage import calendars
from storage.calendars import Known

#: How often an address is asked, and how soon again when that failed.
EVERY, AGAIN = timedelta(minutes=15), timedelta(minutes=5)
#: How long whoever reads a calendar has it for themselves.
_LEASE = timedelta(minutes=2)
#: What a calendar says is known from so long ago to so far ahead; it is worked out anew before that ends.
PAST, AHEAD = timedelta(days=60), timedelta(days=400)
_ENOUGH = timedelta(days=370)


@dataclass(frozen=True)
class Due:
    """A calendar that is to be read now, and what is known of it; nothing of another source."""

    source: Source
    text: str | None
    etag: str | None
    last_modified: str | None
    #: Whether it must be worked out anew even if its text is as it was.
    is_stale: bool


@dataclass(frozen=True)
class Heard:
    """It was read."""

    expansion: Expansion
    #: As it came from its address; None for one that the organization holds itself.
    text: str | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Unchanged:
    """It is as it was."""


@dataclass(frozen=True)
class Failed:
    why: str


def sight(now: datetime) -> tuple[datetime, datetime]:
    """From when to when calendars are worked out."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return today - PAST, today + AHEAD


def apply(
    tx: Connection, now: datetime, actor: Actor, wanted: Organization, heard: Iterable[tuple[Source, Heard]]
) -> bool:
    """As `reorganize.apply`; what the calendars say that came with it holds from the same moment."""
    is_changed = reorganize.apply(tx, now, actor, wanted)
    for source, one in heard:
        is_changed = keep(tx, now, source, one) or is_changed
    return is_changed


def due(tx: Connection, now: datetime) -> tuple[Source, ...]:
    """The calendars that are to be read again."""
    known = calendars.known(tx)
    return tuple(one for one in _sources(tx) if _is_due(one, known, now))


def claim(tx: Connection, now: datetime) -> Due | None:
    """A calendar that is to be read again, if there is one; nobody else reads it for some time."""
    calendars.hold(tx)
    source = next(iter(due(tx, now)), None)
    if source is None:
        return None
    calendars.ask(tx, *source.key, source.digest, now + _LEASE)
    row = _row(tx, source)
    if row is None or row.source != source.digest:
        return Due(source, None, None, None, is_stale=True)
    text = calendars.text(tx, *source.key)
    return Due(source, text, row.etag, row.last_modified, _is_stale(row.ends_at, now))


def settle(tx: Connection, now: datetime, source: Source, outcome: Heard | Unchanged | Failed) -> bool:
    """Whether the calendar says something else now. One that failed says what it said."""
    calendars.hold(tx)
    match outcome:
        case Failed(why):
            row = _row(tx, source)
            since = row.failing_since if row is not None and row.failing_since is not None else now
            failing = {"error": why, "failing_since": since, "next_at": now + AGAIN}
            calendars.keep(tx, *source.key, failing)
            return False
        case Unchanged():
            calendars.keep(tx, *source.key, _well(now))
            return False
        case Heard():
            return keep(tx, now, source, outcome)


def keep(tx: Connection, now: datetime, source: Source, heard: Heard) -> bool:
    """Whether the calendar says something else now: from this transaction on."""
    calendars.hold(tx)
    row = _row(tx, source)
    if row is None or row.asked != source.digest:
        calendars.ask(tx, *source.key, source.digest, now)
    found = heard.expansion
    columns = {
        "source": source.digest,
        "text": heard.text,
        "etag": heard.etag,
        "last_modified": heard.last_modified,
        "starts_at": found.starts_at,
        "ends_at": found.ends_at,
        "occurrences": rows.occurrences_document(found.occurrences),
        "skipped": rows.skipped_document(found.skipped),
        **_well(now),
    }
    if row is not None and row.occurrences == columns["occurrences"]:
        calendars.keep(tx, *source.key, columns)
        return False
    calendars.changed(tx, *source.key, now, columns)
    return True


def troubles(tx: Connection) -> dict[tuple[str, str], str | None]:
    """Why each imported calendar could not be read again, by schedule and layer; None for one that could."""
    errors = calendars.errors(tx)
    return {source.key: errors.get(source.key) for source in _sources(tx)}


def states(tx: Connection) -> tuple[CalendarState, ...]:
    """How each imported calendar is."""
    organized = look_up.organization(tx)
    kept = {(row.schedule_id, row.layer): row for row in calendars.every(tx)}
    found = []
    for source in imported.sources(organized):
        row = kept.get(source.key)
        if row is None:
            found.append(CalendarState(source))
            continue
        _, unknown = imported.duties(rows.occurrences(row.occurrences), organized.people)
        skipped = rows.skipped(row.skipped)
        found.append(CalendarState(source, row.fetched_at, row.error, row.failing_since, skipped, unknown))
    return tuple(found)


def _sources(tx: Connection) -> Iterable[Source]:
    return imported.sources(look_up.organization(tx))


def _is_due(source: Source, known: Mapping[tuple[str, str], Known], now: datetime) -> bool:
    found = known.get(source.key)
    if found is None or found.asked != source.digest:
        return True
    if now < found.next_at <= now + EVERY:  # later than that, the clock was set back
        return False
    # What the organization holds itself does not change between revisions.
    is_worked_out = found.source == source.digest and found.ends_at is not None
    return source.calendar.url is not None or not is_worked_out or _is_stale(found.ends_at, now)


def _is_stale(ends_at: datetime | None, now: datetime) -> bool:
    return ends_at is None or ends_at < now + _ENOUGH


def _row(tx: Connection, source: Source) -> Row[Any] | None:
    return next((row for row in calendars.every(tx) if (row.schedule_id, row.layer) == source.key), None)


def _well(now: datetime) -> dict[str, object]:
    return {"fetched_at": now, "next_at": now + EVERY, "error": None, "failing_since": None}
