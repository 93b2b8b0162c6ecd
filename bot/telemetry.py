"""Logs, set up once: structured, one line each, and never a secret in them."""

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO

import structlog

_TOKEN = re.compile(r"\b(?:xox[a-z]-|xapp-|xoxe\.|rf_)[\w-]+|\bBearer\s+\S+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")
_HIDDEN = "[hidden]"
#: Libraries that say more than anybody wants to read at INFO.
_TALKATIVE = (
    "aiohttp",
    "apscheduler",
    "asyncio",
    "alembic",
    "slack_bolt",
    "slack_sdk",
    "sqlalchemy",
    "aiosqlite",
)

EventDict = MutableMapping[str, Any]


def configure(log_format: str, level: str, stream: TextIO = sys.stderr, *, secrets: Iterable[str]) -> None:
    """Send every log line, ours and the libraries', to `stream` as text or JSON, without `secrets`."""
    hide = _Hide(secrets)
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=renderer, foreign_pre_chain=[*shared], keep_exc_info=False
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))


class _Hide:
    """Takes secrets and what looks like a token out of every value, and keeps a line one line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret for secret in secrets if len(secret) >= 6]

    def __call__(self, logger: object, name: str, event: EventDict) -> EventDict:
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._clean(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(one) for one in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        text = str(value)
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return _CONTROL.sub(" ", _TOKEN.sub(_HIDDEN, text))
