"""Mail addresses, and the server that takes letters in: what SMTP_URL and EMAIL_FROM may say."""

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

PROGRAM = "Tocsin"
#: Ports for letters from mail programs, without and with TLS from the first byte (RFC 8314).
SUBMISSION, SUBMISSIONS = 587, 465
#: One address without comments and quotations, so that every program reads the same in it. Characters
#: beyond ASCII may occur (RFC 6531).
_ATOM = r"[\w!#$%&'*+/=?^`{|}~\x80-\U0010ffff-]+"
_LABEL = r"[a-zA-Z0-9\x80-\U0010ffff_-]+"
_ADDRESS = re.compile(
    rf"(?=[^@]{{1,64}}@[^@]{{1,190}}$){_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*", re.ASCII | re.DOTALL
)
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?\.?")
_SHAPE = "must look like smtp://user:password@host:port"


def is_address(text: str) -> bool:
    """Whether letters can be sent to this text."""
    return bool(_ADDRESS.fullmatch(text)) and text.isprintable()


@dataclass(frozen=True)
class Sender:
    """Who letters come from."""

    name: str
    #: In ASCII, so that every server takes it.
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def sender(text: str) -> Sender:
    """The sender that `tocsin@example.com` or `Tocsin <tocsin@example.com>` names. Raises ValueError."""
    name, opening, rest = text.strip().rpartition("<")
    address = rest.removesuffix(">") if opening else rest
    is_closed = bool(opening) == rest.endswith(">")
    if not (is_closed and is_address(address) and address.isascii() and name.isprintable()):
        raise ValueError("must be an e-mail address, such as tocsin@example.com")
    return Sender(name.strip().strip('"') or PROGRAM, address)


class StartTls(StrEnum):
    """Whether a connection that begins in clear is encrypted before anything else is said."""

    IF_OFFERED = "if_offered"
    REQUIRED = "required"
    NEVER = "never"


@dataclass(frozen=True)
class MailServer:
    """The server that takes our letters, as SMTP_URL names it."""

    host: str
    port: int
    #: From the first byte on, as `smtps` asks.
    is_tls: bool = False
    starttls: StartTls = StartTls.IF_OFFERED
    user: str | None = None
    password: str = field(default="", repr=False)

    @property
    def is_here(self) -> bool:
        """Whether it is this machine, so that nobody can listen on the way."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.rstrip(".") == "localhost"

    @property
    def default_sender(self) -> Sender:
        """Who letters come from when nobody says: the account, else Tocsin at the server's own name."""
        if self.user is not None and is_address(self.user) and self.user.isascii():
            return Sender(PROGRAM, self.user)
        return Sender(PROGRAM, f"tocsin@{self.host.rstrip('.') if _is_name(self.host) else 'localhost'}")


def server(url: str) -> MailServer:
    """The server that the address names. Raises ValueError with what it must be, which shows no secret."""
    parts = _split(url)
    is_tls = parts.scheme == "smtps"
    user, password = _credentials(parts)
    host = parts.hostname or ""
    if not (_is_name(host) or _is_ip(host)):
        raise ValueError(f"names no host: it {_SHAPE}")
    found = MailServer(
        host,
        parts.port or (SUBMISSIONS if is_tls else SUBMISSION),
        is_tls,
        _starttls(parts, is_tls=is_tls),
        user,
        password,
    )
    if user is not None and found.starttls is StartTls.NEVER and not found.is_here:
        raise ValueError("would send the password in clear: leave ?starttls=never out")
    return found


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port  # raises when it is no number, or when a / in the password looks like a path
    except ValueError:
        raise ValueError("must be a URL; in the password, write / ? # @ : % as %2F %3F %23 …") from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == 0:
        raise ValueError(_SHAPE)
    if parts.path not in ("", "/") or parts.fragment:
        raise ValueError(f"{_SHAPE}; in the password, write / ? # @ : % as %2F %3F %23 …")
    return parts


def _credentials(parts: SplitResult) -> tuple[str | None, str]:
    if parts.username is None:
        return None, ""
    try:
        user, password = (unquote(text or "", errors="strict") for text in (parts.username, parts.password))
    except UnicodeDecodeError:
        raise ValueError("has a % in the user or password that stands for no character") from None
    if not (user and password):
        raise ValueError("must have both a user and a password, or neither")
    if not (user + password).isprintable():
        raise ValueError("has a control character in the user or password")
    return user, password


def _starttls(parts: SplitResult, *, is_tls: bool) -> StartTls:
    if not parts.query:
        return StartTls.IF_OFFERED
    name, _, wanted = parts.query.partition("=")
    if name != "starttls" or wanted not in (StartTls.REQUIRED, StartTls.NEVER):
        raise ValueError("may end in ?starttls=required or ?starttls=never, and nothing else")
    if is_tls:
        raise ValueError("with smtps:// is encrypted from the start: leave ?starttls out")
    return StartTls(wanted)


def _is_name(host: str) -> bool:
    return bool(_HOST.fullmatch(host)) and not _is_ip(host)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
