"""What went wrong with the mail server → what came of a delivery."""

import os
import re
import ssl
from datetime import timedelta
from typing import TypeVar

from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from bot.domain.delivery import Never, Outcome, TryAgain

#: How long to wait for somebody to mend it.
MEND_PAUSE = timedelta(seconds=30)
#: The mailbox does not exist or takes nothing. Source: RFC 5321, 4.2.3.
_NO_MAILBOX = frozenset({550, 551, 553})
#: But this says that the server does not want to, whoever the recipient. Source: RFC 3463, X.7.X.
_POLICY = re.compile(r"\d\.7\.")
_WORDS = 200
#: What OpenSSL says to an answer that is no TLS; the second since 3.2.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"})

E = TypeVar("E", bound=BaseException)


class Unsafe(SMTPException):
    """The server would have to be trusted with more than it should. Nothing was sent."""


class NoSmtpUtf8(SMTPException):
    """The server cannot take an address beyond ASCII."""


def outcome_of(error: Exception, *, is_handed_over: bool) -> Outcome:
    """Whether to try again, when, and whether it may have arrived.

    A refused login and a certificate that is not trusted are tried again every half minute, pages by
    hand included: somebody can mend them, and then the page still goes out. Until then the escalation
    climbs by its clock, and who waits for a page by hand is told after ten seconds that it did not work.
    """
    match error:
        case SMTPAuthenticationError():
            return TryAgain(sentence(error), MEND_PAUSE)
        case SMTPResponseException(code=code) if 500 <= code < 600:
            return Never(sentence(error), is_unknown_contact=_is_unknown(error))
        case SMTPResponseException(code=code) if 400 <= code < 500:
            return TryAgain(sentence(error))
        case NoSmtpUtf8():
            return Never(sentence(error), is_unknown_contact=True)
        case _ if is_handed_over:
            return Never(
                "the mail server did not confirm that it took the letter; "
                "it is not sent again, so that nobody is paged twice"
            )
        case Unsafe():
            return TryAgain(sentence(error), MEND_PAUSE)
        case _ if _certificate_error(error):
            return TryAgain(sentence(error), MEND_PAUSE)
        case _:
            return TryAgain(sentence(error))


def sentence(error: Exception) -> str:
    """What went wrong, in words that hold no secret: what answers a login is not repeated."""
    certificate, encryption = _certificate_error(error), _caused_by(error, ssl.SSLError)
    match error:
        case SMTPAuthenticationError(code=code):
            return f"the mail server refused the login ({code})"
        case SMTPResponseException(code=code, message=message) if code > 0:
            return f"the mail server said {code} {_short(message)}".rstrip()
        case SMTPResponseException():
            return "what answers is no mail server"
        case Unsafe() | NoSmtpUtf8():
            return error.message
        case _ if certificate is not None:
            return f"the mail server's certificate is not trusted: {certificate.verify_message}"
        case _ if encryption is not None:
            return f"no encrypted connection to the mail server: {_without_tls(encryption)}"
        case SMTPServerDisconnected():
            return "the mail server closed the connection"
        case SMTPTimeoutError() | TimeoutError():
            return "the mail server did not answer in time"
        case _:
            return f"the mail server cannot be reached: {_reason(error)}"


def _is_unknown(error: SMTPResponseException) -> bool:
    """Whether the server knows no such recipient."""
    is_about_mailbox = isinstance(error, SMTPRecipientRefused) and error.code in _NO_MAILBOX
    return is_about_mailbox and not _POLICY.match(error.message)


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The trouble with the certificate."""
    return _caused_by(error, ssl.SSLCertVerificationError)


def _caused_by(error: BaseException | None, kind: type[E]) -> E | None:
    """The error of this kind, which a failure to connect may have as its cause."""
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__
    return None


def _without_tls(error: ssl.SSLError) -> str:
    """OpenSSL's word, and what it means where a server begins without TLS, as on port 587."""
    if error.reason in _NO_TLS:
        return "it does not begin with TLS at this port; smtps:// is for port 465, smtp:// for 587"
    return error.reason or "TLS failed"


def _reason(error: Exception) -> str:
    """`Connection refused`: of a failure to connect, what caused it."""
    cause = error.__cause__ or error
    if isinstance(cause, OSError) and (cause.errno or 0) > 0:
        return os.strerror(cause.errno or 0)
    return _short(str(cause))


def _short(text: str) -> str:
    """The server's words as one short line."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= _WORDS else f"{line[: _WORDS - 1]}…"
