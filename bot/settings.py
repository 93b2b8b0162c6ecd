"""The environment → one frozen object; nothing else reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.domain.errors import Refusal

LogFormat = Literal["text", "json"]
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(Refusal):
    """Every setting that is wrong, a line for each."""

    code = "SETTINGS"


@dataclass(frozen=True)
class Secret:
    """A value that is never shown."""

    value: str

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


@dataclass(frozen=True)
class Settings:
    slack_bot_token: Secret
    slack_app_token: Secret | None
    slack_signing_secret: Secret | None
    slack_api_url: str
    database_url: str
    host: str
    port: int
    organization: Path | None
    log_format: LogFormat
    log_level: str

    def check_ready_to_run(self) -> None:
        """Raises SettingsError when there is no way to hear from Slack."""
        if not self.slack_bot_token.value:
            raise SettingsError(
                "SLACK_BOT_TOKEN is missing: the xoxb-… token of your Slack app. "
                "`python -m bot manifest` creates the app; `python -m bot demo` needs none."
            )
        if self.slack_app_token is None and self.slack_signing_secret is None:
            raise SettingsError(
                "Set SLACK_APP_TOKEN (xapp-…) for Socket Mode, "
                "or SLACK_SIGNING_SECRET for HTTP at /slack/events."
            )

    def secrets(self) -> list[str]:
        """What must never be shown."""
        held = (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret)
        return [secret.value for secret in held if secret is not None and secret.value]


def from_environment() -> Settings:
    """The settings of this process. Raises SettingsError."""
    return read(os.environ)


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in `environment`. Raises SettingsError, which names every wrong one."""
    reader = _Reader(environment)
    settings = Settings(
        slack_bot_token=Secret(reader.token("SLACK_BOT_TOKEN", "xoxb-") or ""),
        slack_app_token=_secret(reader.token("SLACK_APP_TOKEN", "xapp-")),
        slack_signing_secret=_secret(reader.text("SLACK_SIGNING_SECRET")),
        slack_api_url=reader.api_url("SLACK_API_URL", "https://slack.com/api/"),
        database_url=reader.database("DATABASE_URL", "sqlite:///tocsin.db"),
        host=reader.text("HOST") or "0.0.0.0",  # noqa: S104 - a server in a container listens on all of it
        port=reader.port("PORT", 8080),
        organization=reader.file("TOCSIN_ORGANIZATION"),
        log_format=cast("LogFormat", reader.one_of("LOG_FORMAT", ("text", "json"), "text")),
        log_level=reader.one_of("LOG_LEVEL", _LEVELS, "INFO"),
    )
    if reader.wrong:
        raise SettingsError("\n".join(reader.wrong))
    return settings


def _secret(value: str | None) -> Secret | None:
    return Secret(value) if value else None


class _Reader:
    """Reads setting by setting and gathers what is wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.wrong: list[str] = []

    def text(self, name: str) -> str | None:
        """The value, or the content of the file that `NAME_FILE` names; None when neither is set."""
        file = self._environment.get(f"{name}_FILE")
        if file and not self._environment.get(name):
            try:
                return Path(file).read_text(encoding="utf-8").strip() or None
            except (OSError, UnicodeDecodeError):
                self.wrong.append(f"{name}_FILE names a file that cannot be read: {file}")
        return self._environment.get(name, "").strip() or None

    def token(self, name: str, prefix: str) -> str | None:
        value = self.text(name)
        if value is not None and not (value.startswith(prefix) and value.isascii() and " " not in value):
            self.wrong.append(f"{name} must begin with {prefix}")
        return value

    def api_url(self, name: str, default: str) -> str:
        value = self.text(name) or default
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            self.wrong.append(f"{name} must be an http or https address, such as {default}")
        return value if value.endswith("/") else f"{value}/"

    def database(self, name: str, default: str) -> str:
        value = self.text(name) or default
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):
            self.wrong.append(f"{name} must be an address such as {default}")
            return value
        if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
            self.wrong.append(
                f"{name} must name a SQLite file, such as {default}; other databases come later"
            )
        return value

    def port(self, name: str, default: int) -> int:
        value = self.text(name) or str(default)
        if not (value.isascii() and value.isdigit() and int(value) <= 65535):
            self.wrong.append(f"{name} must be a port number from 0 to 65535, is {value[:20]!r}")
            return default
        return int(value)

    def file(self, name: str) -> Path | None:
        value = self.text(name)
        if value is not None and not Path(value).is_file():
            self.wrong.append(f"{name} names no file: {value}")
        return Path(value) if value else None

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(name) or default
        for one in allowed:
            if value.casefold() == one.casefold():
                return one
        self.wrong.append(f"{name} must be one of {', '.join(allowed)}, is {value[:20]!r}")
        return default
