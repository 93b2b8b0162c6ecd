"""One connection to the mail server: greeting, encryption, login, and the handing over of a letter.

Each command of SMTP is sent by itself, because what may be done after a failure depends on one thing
that a whole `sendmail` does not tell: whether the end of the letter, a dot on a line of its own, was
sent (RFC 5321, 4.2.5 and 6.1). Before the dot the server must not keep the letter, and it can be sent
again; after the dot, without an answer, nobody can know.

STARTTLS is used whenever the server offers it. A password goes out encrypted, or not at all; and a
server must prove its name with a certificate that this machine trusts (its own authority is added with
SSL_CERT_FILE). On this very machine neither is asked: nobody can listen there, and what listens there,
a relay or a bridge to a provider, rarely has a certificate that names it `localhost`.
"""

import re
import ssl

import aiosmtplib
from aiosmtplib import SMTPDataError, SMTPServerDisconnected

from bot.domain.mail import MailServer, StartTls
from bot.mail.errors import NoSmtpUtf8, Unsafe

#: Of several ways to log in the first that the server knows; one only, so that a wrong password counts
#: once where accounts are locked after a few.
_LOGINS = ("plain", "login", "cram-md5")
_DOT_AT_START = re.compile(rb"^\.", re.MULTILINE)


class Session:
    """Open it, hand letters over, and leave or break it off."""

    def __init__(self, server: MailServer, tls: ssl.SSLContext) -> None:
        self._server = server
        # Time-outs are the caller's: one for the whole attempt. The name of this machine is not looked up,
        # which can take longer than all the rest; see `_greet`.
        self._smtp = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname="localhost",
            timeout=None,
            use_tls=server.is_tls,
            start_tls=False,
            tls_context=tls,
        )
        #: Whether a letter was sent to its end: from then on it may arrive, whatever else happens.
        self.is_handed_over = False

    async def open(self) -> None:
        """Connected, encrypted and logged in. Raises SMTPException, OSError."""
        await self._smtp.connect()
        await self._greet()
        if not self._server.is_tls and self._server.starttls is not StartTls.NEVER:
            await self._encrypt()
        if self._server.user is not None:
            await self._log_in(self._server.user)

    async def offer(self, sender: str, recipient: str) -> None:
        """The server waits for a letter from one to the other. Raises SMTPException, OSError."""
        options, encoding = ([], "ascii") if recipient.isascii() else (["SMTPUTF8"], "utf-8")
        if options and not self._smtp.supports_extension("smtputf8"):
            raise NoSmtpUtf8("the mail server cannot take an address beyond ASCII")
        await self._smtp.mail(sender, options=options, encoding=encoding)
        await self._smtp.rcpt(recipient, encoding=encoding)
        answer = await self._smtp.execute_command(b"DATA")
        if answer.code != 354:
            raise SMTPDataError(answer.code, answer.message)

    async def hand_over(self, letter: bytes) -> None:
        """The server has taken the letter, whose lines end in CRLF. Raises SMTPException, OSError.

        It is written before anything is waited for: what was true just before the call still is.
        """
        if self._smtp.protocol is None:
            raise SMTPServerDisconnected("the mail server closed the connection")
        self._smtp.protocol.write(_DOT_AT_START.sub(b"..", letter))
        self.is_handed_over = True
        answer = await self._smtp.execute_command(b".")
        if answer.code // 100 != 2:
            raise SMTPDataError(answer.code, answer.message)

    def leave(self) -> None:
        """Say good-bye and do not wait for the answer: what was taken is taken."""
        if self._smtp.protocol is not None and self._smtp.protocol.is_connected:
            self._smtp.protocol.write(b"QUIT\r\n")
        self._smtp.close()

    def break_off(self) -> None:
        """Close at once; what was not sent yet is never sent."""
        if self._smtp.protocol is not None and self._smtp.protocol.transport is not None:
            self._smtp.protocol.transport.abort()  # type: ignore[attr-defined] # typed as its base class
        self._smtp.close()

    async def _greet(self) -> None:
        """By our address, as mail programs do: a name that is nobody's would be refused (RFC 5321, 4.1.4)."""
        host = str(self._smtp.get_transport_info("sockname")[0]).partition("%")[0]
        await self._smtp.ehlo(hostname=f"[IPv6:{host}]" if ":" in host else f"[{host}]")

    async def _encrypt(self) -> None:
        if self._smtp.supports_extension("starttls"):
            await self._smtp.starttls()
            await self._greet()
        elif self._server.starttls is StartTls.REQUIRED:
            raise Unsafe("the mail server offers no STARTTLS, which SMTP_URL requires")

    async def _log_in(self, user: str) -> None:
        is_encrypted = self._smtp.get_transport_info("sslcontext") is not None
        if not is_encrypted and not self._server.is_here:
            raise Unsafe("the mail server offers no encryption, and the password is not sent in clear")
        ways = {
            "plain": self._smtp.auth_plain,
            "login": self._smtp.auth_login,
            "cram-md5": self._smtp.auth_crammd5,
        }
        for name in _LOGINS:
            if name in self._smtp.server_auth_methods:
                await ways[name](user, self._server.password)
                return
        raise Unsafe("the mail server offers no login that Tocsin knows")


def tls_of(server: MailServer) -> ssl.SSLContext:
    """What the server must prove before it is spoken to in confidence."""
    context = ssl.create_default_context()
    if server.is_here:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
