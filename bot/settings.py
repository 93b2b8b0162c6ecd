"""Environment → one frozen object. Nothing else reads the environment.

A secret may also come from a file that `NAME_FILE` names, as container platforms hand them over.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeVar, cast
from urllib.parse import SplitResult, unquote, urlsplit

from bot.domain import mail
from bot.domain.errors import Refusal
from bot.proxies import Proxies
from storage import address

T = TypeVar("T")

LogFormat = Literal["text", "json"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

_SQLITE: Final = "sqlite:///tocsin.db"
SLACK_API_URL: Final = "https://slack.com/api/"
_SECRET_FILE_LIMIT = 64 * 1024
_SHORTEST_KEY = 16


class SettingsError(Refusal):
    """The environment cannot be used. Every wrong value is named, none is shown if it is secret."""

    code = "VALIDATION_ERROR"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{name} {what}." for name, what in problems.items()), problems)


class Secret:
    """A text that is shown to nobody by accident; `reveal()` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __deepcopy__(self, _: object) -> "Secret":
        return self

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not written down")


@dataclass(frozen=True)
class Settings:
    #: `xoxb-…`: acts as the bot.
    slack_bot_token: Secret | None = None
    #: `xapp-…`: opens Socket Mode; without it Slack asks over HTTP.
    slack_app_token: Secret | None = None
    #: Proves that an HTTP request comes from Slack.
    slack_signing_secret: Secret | None = None
    #: Ends in `/`.
    slack_api_url: str = SLACK_API_URL
    #: May hold a password.
    database_url: str = field(default=_SQLITE, repr=False)
    host: str = "127.0.0.1"
    #: 0 takes any free port.
    port: int = 8080
    #: Holds the mail account's password.
    smtp_url: Secret | None = None
    email_from: str | None = None
    #: HMAC key for API keys.
    tocsin_secret: Secret | None = None
    #: The organization file.
    organization: Path | None = None
    #: Requests that one API key may send in a minute.
    rate_limit_read: int = 600
    rate_limit_write: int = 120
    rate_limit_page: int = 30
    #: Called while all is well; its path is usually a token.
    heartbeat_url: Secret | None = None
    #: Through which Slack, the heartbeat address and calendars are reached.
    proxies: Proxies = field(default_factory=Proxies)
    log_format: LogFormat = "text"
    log_level: LogLevel = "INFO"

    @property
    def is_socket_mode(self) -> bool:
        return self.slack_app_token is not None

    @property
    def doubt(self) -> str | None:
        """What is probably wrong with them, although it is tried; Socket Mode signs nothing."""
        if self.is_socket_mode or self.slack_signing_secret is None:
            return None
        return _doubt(self.slack_signing_secret.reveal())

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must never be shown: hand it to `telemetry.configure`."""
        every = (
            self.slack_bot_token,
            self.slack_app_token,
            self.slack_signing_secret,
            self.smtp_url,
            self._smtp_password,
            *self._database_password,
            self.tocsin_secret,
            self.heartbeat_url,
            self._proxy_password,
        )
        return tuple(one for one in every if one is not None)

    @property
    def _database_password(self) -> tuple[Secret, ...]:
        """As they stand in the address, and as they are."""
        if not address.is_postgresql(self.database_url):
            return ()
        said = address.words(self.database_url)
        given = urlsplit(self.database_url).password, said.get("password"), said.get("sslpassword")
        return tuple(Secret(one) for one in {*given} if one)

    @property
    def _proxy_password(self) -> Secret | None:
        password = urlsplit(self.proxies.address or "").password
        return Secret(unquote(password)) if password else None

    @property
    def _smtp_password(self) -> Secret | None:
        password = mail.server(self.smtp_url.reveal()).password if self.smtp_url else ""
        return Secret(password) if password else None


def from_environment() -> Settings:
    """The settings of this process. Raises SettingsError."""
    return read(os.environ)


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in the environment. Raises SettingsError with everything that is wrong."""
    reader = _Reader(environment)
    settings = Settings(
        slack_bot_token=reader.secret("SLACK_BOT_TOKEN", _token("xoxb-")),
        slack_app_token=reader.secret("SLACK_APP_TOKEN", _token("xapp-")),
        slack_signing_secret=reader.secret("SLACK_SIGNING_SECRET", _visible),
        slack_api_url=reader.value("SLACK_API_URL", _slack_api_url, SLACK_API_URL),
        database_url=reader.value("DATABASE_URL", database_url, _SQLITE),
        host=reader.value("HOST", _visible, Settings.host),
        port=reader.value("PORT", _port, Settings.port),
        smtp_url=reader.secret("SMTP_URL", _smtp_url),
        email_from=reader.value("EMAIL_FROM", _email, None),
        tocsin_secret=reader.secret("TOCSIN_SECRET", _key),
        organization=reader.value("TOCSIN_ORGANIZATION", Path, None),
        rate_limit_read=reader.value("RATE_LIMIT_READ", _count, Settings.rate_limit_read),
        rate_limit_write=reader.value("RATE_LIMIT_WRITE", _count, Settings.rate_limit_write),
        rate_limit_page=reader.value("RATE_LIMIT_PAGE", _count, Settings.rate_limit_page),
        heartbeat_url=reader.secret("HEARTBEAT_URL", _web_address),
        proxies=_proxies(reader),
        log_format=reader.value("LOG_FORMAT", _log_format, Settings.log_format),
        log_level=reader.value("LOG_LEVEL", _log_level, Settings.log_level),
    )
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings


class _Reader:
    """Takes values out of the environment and keeps what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: dict[str, str] = {}

    def value(self, name: str, accept: Callable[[str], T], default: T) -> T:
        return self._accepted(name, self._environment.get(name, ""), accept, default)

    def secret(self, name: str, accept: Callable[[str], str]) -> Secret | None:
        text = self._accepted(name, self._secret_text(name), accept, "")
        return Secret(text) if text else None

    def _accepted(self, name: str, text: str, accept: Callable[[str], T], default: T) -> T:
        if not text.strip():
            return default
        try:
            return accept(text.strip())
        except ValueError as error:
            self.problems[name] = str(error)
            return default

    def _secret_text(self, name: str) -> str:
        direct, path = self._environment.get(name, ""), self._environment.get(f"{name}_FILE", "")
        if not path:
            return direct
        if direct:
            self.problems[name] = f"and {name}_FILE are both set; keep one"
            return ""
        try:
            with Path(path).open(encoding="utf-8") as file:
                return file.read(_SECRET_FILE_LIMIT)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            self.problems[f"{name}_FILE"] = f"names a file that cannot be read: {why}"
            return ""


#: The first that is set counts, as for slack_sdk.
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


def _proxies(reader: _Reader) -> Proxies:
    given = (reader.value(name, _proxy, None) for name in _PROXIES)
    exceptions = (reader.value(name, str, "") for name in ("NO_PROXY", "no_proxy"))
    return Proxies(next(filter(None, given), None), next(filter(None, exceptions), ""))


def _proxy(text: str) -> str:
    """Its address; the scheme is often left out."""
    parts = _url(text if "://" in text else f"http://{text}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be the address of an HTTP proxy, such as http://proxy.example.com:3128")
    return parts.geturl()


def _visible(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be visible ASCII characters without spaces")
    return text


def _token(prefix: str) -> Callable[[str], str]:
    def accept(text: str) -> str:
        if not text.startswith(prefix):
            begins = f", not {text[:5]}" if text[:5] in ("xoxb-", "xapp-", "xoxp-") else ""
            raise ValueError(f"must be a token that begins with {prefix}{begins}")
        return _visible(text)

    return accept


def _doubt(signing_secret: str) -> str | None:
    """Why this is hardly what Slack signs with: 32 hexadecimal digits, as of today."""
    if signing_secret[0] in "\"'":
        return (
            "SLACK_SIGNING_SECRET has quotes around it: a shell takes them away, `docker --env-file` does not"
        )
    if re.fullmatch("[0-9a-f]{32}", signing_secret) is None:
        return "SLACK_SIGNING_SECRET does not look like Slack's, which are 32 hexadecimal digits"
    return None


def _key(text: str) -> str:
    if len(text) < _SHORTEST_KEY:
        raise ValueError(
            f"must have at least {_SHORTEST_KEY} characters; make one with: openssl rand -hex 32"
        )
    return text


def _url(text: str) -> SplitResult:
    try:
        parts = urlsplit(_visible(text))
        _ = parts.port  # raises when it is no number
    except ValueError:
        raise ValueError("must be a URL") from None
    return parts


def _slack_api_url(text: str) -> str:
    parts = _url(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"must be an http or https address such as {SLACK_API_URL}")
    return text if text.endswith("/") else f"{text}/"


def _web_address(text: str) -> str:
    parts = _url(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https address, such as https://monitor.example.com/ping/…")
    return text


def database_url(text: str) -> str:
    """The address of a database. Raises ValueError with what is wrong, without the address."""
    scheme, _, rest = text.partition("://")
    if scheme.partition("+")[0] in ("postgresql", "postgres"):
        return _postgresql(f"postgresql://{rest}")
    if not text.startswith("sqlite:///"):
        raise ValueError(
            "must be sqlite:///tocsin.db, sqlite:////var/lib/tocsin.db "
            "or postgresql://user:password@host/database"
        )
    path = text.removeprefix("sqlite:///")
    if path in ("", ":memory:") or path.startswith("file:"):
        raise ValueError("must name a file: a database in memory forgets its incidents")
    if not path.isprintable() or "?" in path:
        raise ValueError("must name a file, without options and control characters")
    return text


def _postgresql(text: str) -> str:
    """The address under its full name: hosts hand out `postgres://` too, and programs name their driver."""
    if not text.isprintable():
        raise ValueError("must be without control characters")
    address.words(text)
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535):
        raise ValueError("must be a number from 0 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        raise ValueError("must be a number from 1 to 999999999")
    return int(text)


def _smtp_url(text: str) -> str:
    mail.server(_visible(text))
    return text


def _email(text: str) -> str:
    mail.sender(text)
    return text


def _log_format(text: str) -> LogFormat:
    if text.lower() not in ("text", "json"):
        raise ValueError("must be text or json")
    return cast(LogFormat, text.lower())


def _log_level(text: str) -> LogLevel:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return cast(LogLevel, text.upper())
