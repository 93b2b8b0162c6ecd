"""Carry out one page by e-mail: look the facts up, lay the letter out, hand it over, say what came of it.

Nobody can look whether a letter arrived. So one that a crash left in flight is sent once more under the
same Message-ID, by which mail programs know that it is the same; and one that the server did not
confirm in time is given up, for the next contact method to take its place.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import aiosmtplib

from bot.domain.delivery import LEASE_ENDED, ClaimedDelivery, Dropped, Never, Outcome, Sent, TryAgain
from bot.domain.errors import NotFound
from bot.domain.mail import MailServer, Sender, is_address
from bot.domain.overview import Overview, PageFacts
from bot.domain.time import Now
from bot.mail import errors, letters
from bot.mail.message import message
from bot.mail.patience import patience
from bot.mail.session import Session, tls_of
from bot.operations import look_up
from storage.database import Connection, Database, Full

#: Seconds of the world for a whole attempt: who pages by hand waits ten.
PATIENCE_SECONDS = 9.0
#: And of those for a last look whether somebody has answered.
_LOOK_SECONDS = 1.0
#: A letter waits so long for its incident's channel, so that its link leads there.
_WAIT_FOR_CHANNEL = timedelta(seconds=3)


class MailDeliverer:
    """One for the process; each letter has a connection of its own."""

    def __init__(
        self,
        server: MailServer,
        sender: Sender,
        database: Database,
        now: Now,
        link: Callable[[Overview], str],
        seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._server = server
        self._sender = sender
        self._database = database
        self._now = now
        self._link = link
        self._seconds = seconds
        self._tls = tls_of(server)

    async def __call__(self, delivery: ClaimedDelivery) -> Outcome:
        if not delivery.is_wanted:  # nobody can look for a letter
            return Dropped()
        try:
            facts = await self._facts(delivery)
        except NotFound as refusal:
            return Never(refusal.sentence)
        if not facts.is_wanted:
            return Dropped()
        person, overview = facts.person, facts.overview
        if not person.is_active:
            return Never("they are not in the organization any more")
        if not is_address(person.email):
            return Never("they have no usable e-mail address", is_unknown_contact=True)
        if self._is_channel_on_its_way(overview):
            return TryAgain("its channel is being created", timedelta(seconds=1), is_wait=True)
        letter = letters.page(facts, self._now(), self._link(overview))
        written = message(letter, facts, self._sender, delivery.owed.key, self._now())
        return await self._send(delivery, person.email, written)

    async def _facts(self, delivery: ClaimedDelivery) -> PageFacts:
        owed, now = delivery.owed, self._now()
        if owed.incident_id is None or owed.sequence is None or owed.person_id is None:
            raise NotFound("A page names its incident, its cause and its person.")
        incident_id, sequence, person_id = owed.incident_id, owed.sequence, owed.person_id

        def query(tx: Connection) -> PageFacts:
            return look_up.page_facts(tx, incident_id, sequence, person_id, now)

        return await self._database.read_in_turn(query)

    async def _is_still_wanted(self, delivery: ClaimedDelivery) -> bool:
        """A server may take seconds to listen, and somebody answers meanwhile. Yes, if nobody can tell."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                return (await self._facts(delivery)).is_wanted
        except (Full, NotFound, TimeoutError):
            return True

    def _is_channel_on_its_way(self, overview: Overview) -> bool:
        age = self._now() - overview.incident.created_at
        return overview.place.channel_id is None and age < _WAIT_FOR_CHANNEL

    async def _send(self, delivery: ClaimedDelivery, recipient: str, written: EmailMessage) -> Outcome:
        content = written.as_bytes()
        session = Session(self._server, self._tls)
        try:
            async with patience(self._seconds):
                await session.open()
                await session.offer(self._sender.address, recipient)
                if not await self._is_still_wanted(delivery):
                    return Dropped()
                if not delivery.is_ours():
                    return LEASE_ENDED
                await session.hand_over(content)
            session.leave()
            return Sent(receipt=written["Message-ID"])
        except (aiosmtplib.SMTPException, OSError) as error:  # a TimeoutError is an OSError
            return errors.outcome_of(error, is_handed_over=session.is_handed_over)
        finally:
            session.break_off()


async def check(server: MailServer, seconds: float = PATIENCE_SECONDS) -> str | None:
    """Why letters cannot be handed to the server; None when they can. No letter is sent."""
    session = Session(server, tls_of(server))
    try:
        async with patience(seconds):
            await session.open()
        session.leave()
    except (aiosmtplib.SMTPException, OSError) as error:
        return errors.sentence(error)
    finally:
        session.break_off()
    return None
