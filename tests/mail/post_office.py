"""A real mail server on this machine, which keeps the letters that it takes and fails as it is told."""

import asyncio
import email
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from bot.engine.clock import Clock

HERE = "127.0.0.1"
#: Reaches this machine too, but does not say so: what is trusted only here is not trusted there.
ELSEWHERE = "0.0.0.0"  # noqa: S104 - nothing listens there
_CLOCK = Clock()
USER, PASSWORD = "tocsin@example.com", "pass/word canary"


@dataclass(frozen=True)
class Received:
    """A letter, as the server took it."""

    sender: str
    recipient: str
    message: EmailMessage
    content: bytes
    is_encrypted: bool
    is_known: bool
    at: datetime

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert isinstance(part, EmailMessage)
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass
class Faults:
    """What the server does instead of its work; stages are MAIL, RCPT, DATA and DOT."""

    answers: dict[str, str] = field(default_factory=dict)
    #: How many answers go wrong before all is well again; None means all.
    times: int | None = None
    #: Where the connection is closed without an answer.
    closes: str | None = None
    #: Where the server falls silent.
    hangs: str | None = None


class PostOffice:
    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        is_smtps: bool = False,
        asks_login: bool = False,
        takes_utf8: bool = False,
    ) -> None:
        self.letters: list[Received] = []
        self.faults = Faults()
        #: Names and passwords that were tried, each with whether the connection was encrypted.
        self.logins: list[tuple[str, str]] = []
        self.connections = 0
        #: Letters are taken, but not confirmed, until this is set.
        self.is_confirming = asyncio.Event()
        self.is_confirming.set()
        self._tls, self._is_smtps = tls, is_smtps
        self._asks_login, self._takes_utf8 = asks_login, takes_utf8
        self._server: asyncio.Server | None = None
        self._clerks: list[SMTP] = []
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            self._clerk, HERE, self.port, ssl=self._tls if self._is_smtps else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for clerk in self._clerks:
                if clerk.transport is not None:
                    clerk.transport.close()
            await self._server.wait_closed()
            await asyncio.sleep(0)

    def url(self, host: str = HERE, credentials: str = "", scheme: str = "smtp", query: str = "") -> str:
        return f"{scheme}://{credentials and credentials + '@'}{host}:{self.port}{query}"

    def to(self, recipient: str) -> list[Received]:
        return [one for one in self.letters if one.recipient == recipient]

    def _clerk(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():
            # It says that a login without encryption is unwise: that is what is tried here.
            warnings.simplefilter("ignore")
            clerk = _Clerk(
                self,
                hostname="post.example.com",
                tls_context=None if self._is_smtps else self._tls,
                auth_required=self._asks_login,
                auth_require_tls=False,
                auth_exclude_mechanism=None if self._asks_login else ["PLAIN", "LOGIN"],
                authenticator=self._is_known,
                enable_SMTPUTF8=self._takes_utf8,
                loop=asyncio.get_running_loop(),
            )
        self._clerks.append(clerk)
        return clerk

    def _is_known(self, _: SMTP, __: Session, ___: Envelope, ____: str, said: object) -> AuthResult:
        assert isinstance(said, LoginPassword)
        user, password = said.login.decode(), said.password.decode()
        self.logins.append((user, password))
        return AuthResult(success=(user, password) == (USER, PASSWORD), handled=False, auth_data=said)

    # What aiosmtpd asks

    async def handle_MAIL(
        self, clerk: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from, envelope.mail_options = address, options
        return await self.stage("MAIL", clerk) or "250 OK"

    async def handle_RCPT(self, clerk: SMTP, _: Session, envelope: Envelope, address: str, __: object) -> str:
        envelope.rcpt_tos.append(address)
        return await self.stage("RCPT", clerk) or "250 OK"

    async def handle_DATA(self, clerk: SMTP, session: Session, envelope: Envelope) -> str:
        if "DOT" not in self.faults.answers:
            self._keep(session, envelope)
        await self.is_confirming.wait()
        return await self.stage("DOT", clerk) or "250 OK: queued"

    def _keep(self, session: Session, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        message = email.message_from_string(content.decode(), policy=default)
        self.letters.append(
            Received(
                sender=envelope.mail_from or "",
                recipient=envelope.rcpt_tos[0],
                message=message,
                content=content,
                is_encrypted=session.ssl is not None or self._is_smtps,
                is_known=bool(session.authenticated),
                at=_CLOCK.now(),
            )
        )

    async def stage(self, name: str, clerk: SMTP) -> str | None:
        """The answer that was ordered for the stage; None when all goes well."""
        if self.faults.hangs == name:
            await asyncio.Event().wait()
        if self.faults.closes == name:
            assert clerk.transport is not None
            clerk.transport.close()
            await asyncio.Event().wait()
        answer = self.faults.answers.get(name)
        if answer is not None and self.faults.times is not None:
            self.faults.times -= 1
            if self.faults.times < 0:
                return None
        return answer


class _Clerk(SMTP):
    """Serves one connection. The DATA command has no hook of its own."""

    def __init__(self, office: PostOffice, **options: Any) -> None:
        super().__init__(office, **options)
        self._office = office

    async def smtp_DATA(self, arg: str) -> None:
        refusal = await self._office.stage("DATA", self)
        if refusal is None:
            await super().smtp_DATA(arg)
        else:
            await self.push(refusal)


class Authority:
    """Signs certificates; who trusts it trusts them."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    def certify(self, *names: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(*names).configure_cert(context)
        return context

    def write(self, path: Any) -> None:
        """What SSL_CERT_FILE names."""
        self._authority.cert_pem.write_to_path(str(path))


@asynccontextmanager
async def opened(*args: Any, **options: Any) -> AsyncIterator[PostOffice]:
    office = PostOffice(*args, **options)
    await office.start()
    try:
        yield office
    finally:
        await office.stop()
