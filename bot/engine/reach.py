"""Whether Slack can be reached at all. While it cannot, nothing but a question is put to it.

**A Slack that is away is asked, not hammered.** Without this, sixteen lanes try a dead Slack in turn, each
waiting eight seconds for nothing, and letters wait behind them. So Slack is asked for its well-being every
few seconds, and at once when a delivery fails. Twice no answer, and its deliveries are held until it
answers again: a page is tried within two seconds of that. Every ten seconds one delivery is let through all
the same, should the question be all that goes unanswered. Where Slack answers the question but takes nothing
(three lanes failed and nothing arrived between), nothing is held, but it is trouble, and said so.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.domain.outage import Outage
from bot.engine.clock import Clock
from bot.operations import outages
from storage.database import Connection, Database, Full, MayBeDone

#: Asks the other side; why it does not answer, None when it does. It takes no longer than 2.5 s.
Ask = Callable[[], Awaitable[str | None]]

#: How often it is asked: what is heard of a delivery does as well. Together with the patience of two
#: questions it is known within ten seconds that nobody answers.
EVERY = timedelta(seconds=4)
EVERY_WHILE_AWAY = timedelta(seconds=2)
_AGAIN = timedelta(seconds=0.5)
TRIAL_EVERY = timedelta(seconds=10)
#: So many questions in a row without an answer, and it is away.
_SILENT = 2
#: So many lanes in a row that failed, and it is in trouble.
_FAILING = 3
#: A lane that was not tried again for so long has nothing to send any more.
_FORGOTTEN_AFTER = timedelta(minutes=3)

log = structlog.get_logger()


class Reach:
    """What is known of Slack from what it answers. Kept in the database, too: restarts do not forget it."""

    def __init__(self, database: Database, clock: Clock, ask: Ask) -> None:
        self._database = database
        self._clock = clock
        self._ask = ask
        self.is_asking = False
        self._silent = 0
        self._failing: dict[str, datetime] = {}
        self._first: datetime | None = None
        self._why = ""
        self._ask_at = clock.now()
        self._trial_at = clock.now()
        #: Whether it is written down that there is trouble; None where nobody knows.
        self._is_kept: bool | None = False
        self._is_told = False

    async def start(self) -> None:
        """Take up the outage that lasted when the last process ended."""
        outage = await self._database.read(outages.last)
        if outage is not None and outage.until is None:
            self._first, self._why, self._silent = outage.since, outage.why, _SILENT
            self._is_kept = self._is_told = True

    @property
    def is_away(self) -> bool:
        return self._silent >= _SILENT

    @property
    def is_in_trouble(self) -> bool:
        return self.is_away or len(self._failing) >= _FAILING

    @property
    def trouble(self) -> str | None:
        """What is wrong and since when; None when all is well."""
        if not self.is_in_trouble or self._first is None:
            return None
        return str(Outage(self._first, self._why))

    def is_held(self, now: datetime) -> bool:
        """Whether nothing may go out now, not even one delivery as a trial."""
        return self.is_away and not _is_due(self._trial_at, now, TRIAL_EVERY)

    def tried(self) -> None:
        """One delivery goes out as a trial."""
        self._trial_at = self._clock.after(TRIAL_EVERY)

    def next_moment(self) -> datetime | None:
        """When there will be something to do; a trial that is due waits for a delivery, not for a moment."""
        moments = [] if self.is_asking else [self._ask_at]
        if self.is_held(self._clock.now()):
            moments.append(self._trial_at)
        return min(moments, default=None)

    def is_due(self, now: datetime) -> bool:
        return not self.is_asking and _is_due(self._ask_at, now, EVERY)

    async def look(self) -> None:
        """Ask, and draw the conclusion."""
        self.is_asking = True
        try:
            why = await self._ask()
            if why is None:
                await self._answered()
                return
            self._doubt(why)
            self._silent += 1
            self._ask_at = self._clock.after(EVERY_WHILE_AWAY if self.is_away else _AGAIN)
            await self._keep()
        finally:
            self.is_asking = False

    async def _answered(self) -> None:
        """It answered the question: what is held goes out, and shows whether all is well."""
        now, was_away = self._clock.now(), self.is_away
        self._failing = {
            lane: at for lane, at in self._failing.items() if not was_away and now - at < _FORGOTTEN_AFTER
        }
        self._ask_at, self._silent = self._clock.after(EVERY), 0
        if not self._failing:
            self._first = None
        await self._keep()

    async def arrived(self) -> None:
        """A delivery arrived: all is well."""
        self._ask_at = self._clock.after(EVERY)
        self._silent, self._first = 0, None
        self._failing.clear()
        await self._keep()

    async def failed(self, lane: str, why: str) -> None:
        """A delivery was not answered: ask at once whether that is so for all."""
        self._doubt(why)
        self._failing[lane] = self._clock.now()
        if not self.is_away:
            self._ask_at = self._clock.now()
        await self._keep()

    def _doubt(self, why: str) -> None:
        self._why = why
        self._first = self._first or self._clock.now()

    async def _keep(self) -> None:
        """Tell when it begins and when it ends, in the log and in the database."""
        self._tell()
        is_in_trouble, since = self.is_in_trouble, self._first
        if is_in_trouble == self._is_kept:
            return
        self._is_kept, now, why = is_in_trouble, self._clock.now(), self._why

        def keep(tx: Connection) -> None:
            if is_in_trouble and since is not None:
                outages.begin(tx, since, why)
            else:
                outages.end(tx, now)

        try:
            await self._database.write(keep)
        except Full as error:  # then it is written down with the next answer
            log.warning("an outage could not be written down", error=str(error))
            self._is_kept = None if isinstance(error, MayBeDone) else not is_in_trouble
        except Exception:
            log.exception("an outage could not be written down")
            self._is_kept = not is_in_trouble

    def _tell(self) -> None:
        if self.is_in_trouble == self._is_told:
            return
        self._is_told = self.is_in_trouble
        if self._is_told:
            facts = {"why": self._why, "since": self._first}
            log.error("Slack is in trouble: what is owed waits, and pages go by e-mail", **facts)
        else:
            log.warning("Slack is back", why=self._why)


def _is_due(moment: datetime, now: datetime, longest: timedelta) -> bool:
    """Whether the moment has come; one that is further off than it can be was set before the clock jumped."""
    return not timedelta(0) < moment - now <= longest
