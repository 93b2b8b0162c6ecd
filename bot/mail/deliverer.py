"""Carry out one e-mail delivery: look the facts up, write the letter, hand it to the mail server.

A mail server cannot be asked whether a letter arrived. What failed before its end was sent is tried
again. From the final dot on it may have arrived: without an answer it counts as failed, and says so, and
the person is paged by the next method instead, so that nobody is paged twice by the same letter. Only
after a crash the one letter in flight is sent again, with the same Message-ID.
"""

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from bot.domain.delivery import ClaimedDelivery, Never, Outcome, Sent, TryAgain
from bot.domain.errors import NotFound
from bot.domain.overview import Overview, PageFacts
from bot.domain.sla import Severity
from bot.domain.time import Now
from bot.mail import letters
from bot.mail.letters import Letter
from bot.mail.server import MailServer
from bot.operations import look_up
from storage.database import Connection, Database

#: Who waits for a page waits ten seconds.
CUT_OFF_SECONDS = 9.0
#: A page may come before its incident's channel; so long it waits for the link to be right.
_WAIT_FOR_CHANNEL = timedelta(seconds=3)
_MEND_PAUSE = timedelta(seconds=30)
_URGENT = (Severity.SEV0, Severity.SEV1)

Link = Callable[[Overview], str]


class MailDeliverer:
    """Sends pages by e-mail. Each attempt has a connection of its own."""

    def __init__(
        self,
        server: MailServer,
        sender: str,
        database: Database,
        now: Now,
        link: Link,
        seconds: float = CUT_OFF_SECONDS,
    ) -> None:
        self._server = server
        self._sender = sender
        self._database = database
        self._now = now
        self._link = link
        self._seconds = seconds

    async def __call__(self, delivery: ClaimedDelivery) -> Outcome:
        try:
            facts = await self._facts(delivery)
        except NotFound as refusal:
            return Never(refusal.sentence)
        if not facts.person.is_active:
            return Never("they are not in the organization any more")
        if self._awaits_channel(facts.overview):
            return TryAgain("its channel is being created", timedelta(seconds=1), is_wait=True)
        letter = letters.page(facts, self._now(), self._link(facts.overview))
        try:
            message = written(letter, facts, self._sender, delivery.owed.key, self._now())
        except ValueError:
            return Never(f"{facts.person.email!r} is no e-mail address", is_unknown_contact=True)
        return await send(self._server, message, self._seconds)

    async def _facts(self, delivery: ClaimedDelivery) -> PageFacts:
        owed, now = delivery.owed, self._now()

        def query(tx: Connection) -> PageFacts:
            person_id = owed.person_id
            if owed.incident_id is None or owed.sequence is None or person_id is None:
                raise NotFound("a page by e-mail is about an incident")
            return look_up.page_facts(tx, owed.incident_id, owed.sequence, person_id, now)

        return await self._database.read(query)

    def _awaits_channel(self, overview: Overview) -> bool:
        is_young = self._now() - overview.incident.created_at < _WAIT_FOR_CHANNEL
        return overview.place.channel_id is None and is_young


def written(letter: Letter, facts: PageFacts, sender: str, key: str, now: datetime) -> EmailMessage:
    """The letter with its headers. Raises ValueError when the person's address is none."""
    incident, person = facts.overview.incident, facts.person
    thread = f"<{_fingerprint(incident.id)}.incident@{_domain(sender)}>"
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = _address(*parseaddr(sender))
    message["To"] = _address(person.name, person.email)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{_fingerprint(key)}@{_domain(sender)}>"
    message["In-Reply-To"] = thread
    message["References"] = thread
    message["X-Tocsin-Incident"] = incident.number
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if incident.severity in _URGENT:
        message["X-Priority"] = "1"
        message["Importance"] = "high"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


async def send(server: MailServer, message: EmailMessage, seconds: float) -> Outcome:
    """Hand the message to the server; what came of it."""
    attempt = _Attempt(server, message)
    try:
        async with asyncio.timeout(seconds):
            return await attempt.send()
    except SMTPRecipientRefused as error:
        return _refused(error, is_unknown_contact=error.code in (550, 551, 553))
    except SMTPAuthenticationError as error:
        return TryAgain(f"the mail server refused SMTP_URL's account: {_words(error)}", _MEND_PAUSE)
    except SMTPResponseException as error:
        return _refused(error)
    except (SMTPException, TimeoutError, OSError, ssl.SSLError) as error:
        return attempt.broken(error)
    finally:
        attempt.close()


async def check(server: MailServer, seconds: float) -> str | None:
    """Why letters cannot be handed to the server; None when they can. No letter is sent."""
    attempt = _Attempt(server, EmailMessage())
    try:
        async with asyncio.timeout(seconds):
            await attempt.connect()
        return None
    except SMTPResponseException as error:
        return _words(error)
    except (SMTPException, TimeoutError, OSError, ValueError) as error:
        return str(error) or "it does not answer"
    finally:
        attempt.close()


class _Attempt:
    """One try to send one message, which knows whether it may have arrived."""

    def __init__(self, server: MailServer, message: EmailMessage) -> None:
        self._server = server
        self._message = message
        self._client = SMTP(hostname=server.host, port=server.port, use_tls=server.is_tls, start_tls=False)
        self._may_have_arrived = False

    async def connect(self) -> None:
        """Connected, encrypted where the server can, and known to it."""
        client, server = self._client, self._server
        context = _trusting() if server.is_here else ssl.create_default_context()
        await client.connect(tls_context=context if server.is_tls else None)
        await client.ehlo()
        is_encrypted = server.is_tls
        if not is_encrypted and client.supports_extension("starttls"):
            await client.starttls(tls_context=context)
            await client.ehlo()
            is_encrypted = True
        if server.user is not None:
            if not is_encrypted and not server.is_here:
                raise SMTPException(
                    "the mail server offers no STARTTLS, and the password is not sent in clear"
                )
            await client.login(server.user, server.password or "")

    async def send(self) -> Outcome:
        await self.connect()
        client, message = self._client, self._message
        is_utf8 = client.supports_extension("smtputf8")
        sender, recipient = _plain(message["From"]), _plain(message["To"])
        if not (recipient.isascii() or is_utf8):
            return Never(f"the mail server cannot write to {recipient}", is_unknown_contact=True)
        options = ["SMTPUTF8"] if is_utf8 and not recipient.isascii() else []
        encoding = "utf-8" if options else "ascii"
        await client.mail(sender, options=options, encoding=encoding)
        await client.rcpt(recipient, encoding=encoding)
        begun = await client.execute_command(b"DATA")
        if begun.code != 354:
            raise SMTPDataError(begun.code, begun.message)
        body = message.as_bytes(policy=SMTP_POLICY.clone(utf8=bool(options)))
        assert isinstance(client.transport, asyncio.WriteTransport)  # noqa: S101 - for the type checker
        client.transport.write(_stuffed(body))
        self._may_have_arrived = True
        ended = await client.execute_command(b".")
        if ended.code != 250:
            raise SMTPDataError(ended.code, ended.message)
        return Sent(receipt=message["Message-ID"])

    def broken(self, error: Exception) -> Outcome:
        """What a time-out or a lost connection means."""
        why = "did not answer in time" if isinstance(error, TimeoutError) else f"failed: {error}"
        if self._may_have_arrived:
            return Never(
                f"the mail server {why} after the letter was handed over; it may have arrived, "
                "and is not sent again so that nobody is paged twice"
            )
        return TryAgain(f"the mail server {why}")

    def close(self) -> None:
        self._client.close()


def _refused(error: SMTPResponseException, *, is_unknown_contact: bool = False) -> Outcome:
    """4xx is for now, 5xx for ever. Source: RFC 5321, 4.2.1."""
    if 400 <= error.code < 500:
        return TryAgain(f"the mail server asks to come back: {_words(error)}")
    return Never(f"the mail server refused: {_words(error)}", is_unknown_contact=is_unknown_contact)


def _words(error: SMTPResponseException) -> str:
    text = " ".join(error.message.split())
    return f"{error.code} {''.join(one for one in text if one.isprintable())[:200]}"


def _trusting() -> ssl.SSLContext:
    """For a mail server on this machine, whose certificate nobody else could have put there."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _stuffed(body: bytes) -> bytes:
    """With CRLF at every line's end, and lines that begin with a dot beginning with two (RFC 5321, 4.5.2)."""
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)


def _address(name: str, email: str) -> Address:
    """Raises ValueError for what is no address."""
    shown = "".join(one for one in name if one.isprintable())
    user, at, domain = email.rpartition("@")
    if not (user and at and domain) or not email.isprintable() or " " in email:
        raise ValueError("no e-mail address")
    return Address(shown, user, domain)


def _plain(header: object) -> str:
    (address,) = header.addresses  # type: ignore[attr-defined] # EmailMessage types headers loosely
    return str(address.addr_spec)


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "tocsin.invalid"


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
