"""A letter with its headers: to whom, which incident's thread it belongs to, and that a machine wrote it."""

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from bot.domain.mail import Sender
from bot.domain.overview import PageFacts
from bot.domain.sla import Severity
from bot.mail import letters
from bot.mail.letters import Letter

_LOUD = (Severity.SEV0, Severity.SEV1)
_NAME = 80
#: Characters that have a meaning in an address: between programs that do not agree on it, none is safe.
#: (Python itself fails to fold a long name that begins with a dot.)
_MEANINGFUL = str.maketrans(dict.fromkeys('()<>[]:;@\\,."', " "))


def message(letter: Letter, facts: PageFacts, sender: Sender, key: str, now: datetime) -> EmailMessage:
    """The letter as it is sent; the same `key` gives the same Message-ID, at every attempt.

    Every letter of an incident answers one letter that never was, so mail programs show them together.
    """
    incident, person = facts.overview.incident, facts.person
    thread = _id("incident", incident.id, sender)
    written = EmailMessage(SMTP if person.email.isascii() else SMTPUTF8)
    written["From"] = _mailbox(sender.name, sender.address)
    written["To"] = _mailbox(person.name, person.email)
    written["Subject"] = _unstructured(letter.subject)
    written["Date"] = format_datetime(now)
    written["Message-ID"] = _id("page", key, sender)
    written["In-Reply-To"] = thread
    written["References"] = thread
    written["X-Tocsin-Incident"] = incident.number
    written["Auto-Submitted"] = "auto-generated"
    written["X-Auto-Response-Suppress"] = "All"
    if incident.severity in _LOUD:
        written["Importance"] = "high"
        written["X-Priority"] = "1"
    written.set_content(letter.text, cte="quoted-printable")
    written.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return written


def _id(kind: str, key: str, sender: Sender) -> str:
    return f"<{kind}.{hashlib.sha256(key.encode()).hexdigest()[:32]}@{sender.domain}>"


def _mailbox(name: str, address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(_unstructured(name.translate(_MEANINGFUL))[:_NAME].strip(), user, domain)


def _unstructured(text: str) -> str:
    """Text for a header: one line, and nothing in it that mail programs take for encoded text.

    Python's own parser would take `=?utf-8?q?=0A…?=` in a title apart and, in versions before 3.11.10,
    write the line end that it finds there into the letter (CVE-2024-6923).
    """
    return " ".join(letters.plain(text).split()).replace("=?", "= ?")
