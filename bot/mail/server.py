"""The mail server, as SMTP_URL names it."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class MailServer:
    host: str
    port: int
    user: str | None = None
    password: str | None = None
    #: TLS from the first byte (`smtps://`); else STARTTLS wherever the server offers it.
    is_tls: bool = False

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine: nobody listens on the way there."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def server(url: str) -> MailServer:
    """The server of `smtp://user:password@host:port` or `smtps://…`; ports 587 and 465 unless said."""
    parts = urlsplit(url)
    is_tls = parts.scheme == "smtps"
    return MailServer(
        host=parts.hostname or "localhost",
        port=parts.port or (465 if is_tls else 587),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        is_tls=is_tls,
    )


def sender(mail_server: MailServer, chosen: str | None) -> str:
    """The address that letters come from: the one chosen, else the account, else one at the server."""
    if chosen is not None:
        return chosen
    user = mail_server.user
    return user if user is not None and "@" in user else f"tocsin@{mail_server.host}"
