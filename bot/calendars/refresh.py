"""Reads the calendars that are a schedule's layers again and again, and keeps what they say.

One that cannot be read keeps saying what it last said: a calendar server that is down takes nobody off call.
"""

import asyncio
from datetime import datetime

import structlog
from aiohttp import ClientSession

from bot.calendars.apart import expand_apart
from bot.calendars.fetch import CannotFetch, ProxyOf, fetch
from bot.calendars.imports import BadCalendar
from bot.domain.imported import Source, sources
from bot.domain.organization import Organization
from bot.domain.time import Now
from bot.metrics import Metrics
from bot.operations import import_calendar
from bot.operations.import_calendar import Due, Failed, Heard, Unchanged
from storage.database import Database, Full

#: How often it is looked whether a calendar is due.
LOOK_SECONDS = 5.0
_AT_ONCE = 4

log = structlog.get_logger()


class Calendars:
    """Its `run` is a part of the engine."""

    def __init__(
        self,
        database: Database,
        now: Now,
        session: ClientSession,
        metrics: Metrics,
        proxy_of: ProxyOf = lambda _: None,
    ) -> None:
        self._database = database
        self._now = now
        self._session = session
        self._metrics = metrics
        self._proxy_of = proxy_of
        self._said: dict[tuple[str, str], str | None] = {}

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except Full as error:
                log.warning("imported calendars cannot be kept", error=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Every calendar that is due is read; the metrics tell how each is."""
        now = self._now()
        if await self._database.read(lambda tx: import_calendar.due(tx, now)):
            await asyncio.gather(*(self._read_what_is_due() for _ in range(_AT_ONCE)))
        self._tell(await self._database.read(import_calendar.troubles))

    async def _read_what_is_due(self) -> None:
        while True:
            now = self._now()
            due = await self._database.write(lambda tx: import_calendar.claim(tx, now))  # noqa: B023
            if due is None:
                return
            await self._read(due)

    async def _read(self, due: Due) -> None:
        try:
            outcome = await self._heard(due, self._now())
            is_changed = await self._settled(due, outcome)
        except Full:
            raise
        except Exception as error:  # whatever it is, one calendar must not keep the others from being read
            # Only its kind: what it says may hold what is in the calendar, or its address.
            await self._settled(due, Failed(f"cannot be kept ({type(error).__name__})"))
            return
        if is_changed:
            log.info("an imported calendar changed", schedule=due.source.schedule_id, layer=due.source.layer)
        if isinstance(outcome, Heard):
            await self._tell_of_unused(due.source)

    async def _settled(self, due: Due, outcome: Heard | Unchanged | Failed) -> bool:
        """Whether the calendar says something else now."""
        now = self._now()
        return await self._database.write(lambda tx: import_calendar.settle(tx, now, due.source, outcome))

    async def _heard(self, due: Due, now: datetime) -> Heard | Unchanged | Failed:
        source = due.source
        try:
            if source.calendar.url is None:
                return await asyncio.to_thread(_worked_out, source, source.calendar.text or "", now)
            url = source.calendar.url
            found = await fetch(self._session, url, due.etag, due.last_modified, proxy_of=self._proxy_of)
            text = due.text if found is None else found.text
            if text is None:
                return Failed("answered that it is as it was, when nothing was known of it")
            if text == due.text and not due.is_stale:
                return Unchanged()
            heard = await asyncio.to_thread(_worked_out, source, text, now)
        except CannotFetch as error:
            return Failed(str(error))
        except BadCalendar as refusal:
            return Failed(refusal.sentence)
        tags = (due.etag, due.last_modified) if found is None else (found.etag, found.last_modified)
        return Heard(heard.expansion, text, *tags)

    def _tell(self, troubles: dict[tuple[str, str], str | None]) -> None:
        """The log hears of what is new, the metrics of all."""
        self._metrics.imported_calendars({key: error is None for key, error in troubles.items()})
        for (schedule, layer), error in troubles.items():
            was = self._said.get((schedule, layer))
            if error is not None and error != was:
                log.warning(
                    "an imported calendar cannot be read", schedule=schedule, layer=layer, error=error
                )
            elif error is None and was is not None:
                log.info("an imported calendar can be read again", schedule=schedule, layer=layer)
        self._said = troubles

    async def _tell_of_unused(self, source: Source) -> None:
        """What does not count is never left out in silence."""
        states = await self._database.read(import_calendar.states)
        for state in states:
            if state.source == source and (state.skipped or state.unknown):
                log.warning(
                    "events of an imported calendar do not count",
                    schedule=source.schedule_id,
                    layer=source.layer,
                    unreadable=[f"{one.title}: {one.why}" for one in state.skipped],
                    nobody_known=sorted({one.title for one in state.unknown}),
                )


def read_files(organization: Organization, now: datetime) -> tuple[tuple[Source, Heard], ...]:
    """What the calendars say that came with the organization file. Raises BadCalendar, naming the layer."""
    found = []
    for source in sources(organization):
        if source.calendar.text is None:
            continue
        try:
            found.append((source, _worked_out(source, source.calendar.text, now)))
        except BadCalendar as refusal:
            where = f"schedules.{source.schedule_id}, layer {source.layer}"
            raise BadCalendar(f"{where}: the calendar {source.calendar.file} {refusal.sentence}.") from None
    return tuple(found)


def _worked_out(source: Source, text: str, now: datetime) -> Heard:
    return Heard(expand_apart(text, source.time_zone, *import_calendar.sight(now)))
