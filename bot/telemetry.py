"""Logs, set up once: text for people or JSON lines for machines, and never a secret or a forged line.

Everything goes through one pipeline, what libraries write through `logging` too. Secrets are taken out
twice: of each value, before quoting can disguise them, and of the finished line, because the `repr` of
an object may hold one. A module writes `log = structlog.stdlib.get_logger(__name__)`; whoever works for
an incident binds its number with `structlog.contextvars.bound_contextvars(incident=…)`.
"""

import base64
import codecs
import logging
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.log_writer import LogWriter, descriptor_of

REDACTED = "[secret]"

#: Libraries whose every step is of interest only to somebody who looks for a fault in them.
_CHATTY = ("aiohttp.access", "aiosqlite", "alembic", "apscheduler", "asyncio", "slack_bolt", "slack_sdk")
#: Shorter secrets would blacken half of every line.
_SHORTEST_SECRET = 6
_RECOGNISED_BY = 12
_DEEPEST = 6
#: Found now: to look for it while a line is written would open a file, and there may be none left to open.
_ESCAPED = codecs.getencoder("unicode_escape")
_TRACEBACKS = ("exception", "stack")
#: What asyncio says of each connection that it cannot accept, over a hundred times a second.
_NO_DESCRIPTORS = "socket.accept() out of system resource"

#: What looks like a secret, after a word in lower case without which no text does: most have none of them.
_SECRET_SHAPES = (
    ("xox", re.compile(r"xox[a-z](?:\.xox[a-z])?-[\w.%-]+")),
    ("xapp-", re.compile(r"xapp-[\w.%-]+")),
    ("rf_", re.compile(r"\brf_[\w-]{6,}")),
    ("cal_", re.compile(r"\bcal_[\w-]{20,}")),  # who has it reads the calendar feed
    ("bearer ", re.compile(r"(?<=bearer )\s*[^\s\"',;]+", re.IGNORECASE)),
    ("://", re.compile(r"(?<=://)[^\s/@\"']*:[^\s/@\"']+(?=@)")),  # the password in an address
    ("hooks.slack.com/", re.compile(r"(?<=hooks\.slack\.com/)[^\s\"']+")),  # who has it may answer
    ("ticket=", re.compile(r"(?<=[?&]ticket=)[^\s\"'&]+")),  # and who has this may open the socket
    ("v0=", re.compile(r"(?<=v0=)[0-9a-f]{64}")),
)


def configure(
    log_format: str = "text", level: str = "INFO", stream: TextIO | None = None, secrets: Iterable[str] = ()
) -> None:
    """From now on logs go to `stream` (standard error), without `secrets` and what looks like one."""
    target = sys.stderr if stream is None else stream
    redact = Redactor(secrets)
    handler = _Handler(target, _formatter(log_format, target, redact))
    handler.addFilter(_Seldom(_NO_DESCRIPTORS))
    if handler.writer is not None:
        sys.excepthook = partial(_tell_of_the_end, handler.writer, redact)
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(level if level == "DEBUG" else max(level, "WARNING", key=_rank))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def finish() -> None:
    """Returns when all that was logged is written, or nobody reads it: before something else is said."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Handler) and handler.writer is not None:
            handler.writer.finish()


class Redactor:
    """Takes secrets out of a text: the known ones, however encoded, and whatever looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
        whole = sorted({form for secret in known for form in _whole(secret)}, key=len, reverse=True)
        # A secret that is cut would leave its end behind, were it looked for before the whole one.
        forms = [*map(re.escape, whole), *(_cut(one) for one in known if len(one) > _RECOGNISED_BY)]
        self._known = re.compile("|".join(forms)) if forms else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        lowered = text.lower()
        for word, shape in _SECRET_SHAPES:
            if word in lowered:
                text = shape.sub(REDACTED, text)
        return text


class _Seldom(logging.Filter):
    """Lets what begins so through once a minute."""

    def __init__(self, beginning: str) -> None:
        super().__init__()
        self._beginning = beginning
        self._again_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith(self._beginning):
            return True
        is_due = record.created >= self._again_at
        if is_due:
            self._again_at = record.created + 60
        return is_due


class _Handler(logging.StreamHandler[Any]):
    """Ours, to be told from others'. A record that cannot be written is dropped without showing it."""

    def __init__(self, stream: TextIO, formatter: logging.Formatter) -> None:
        descriptor = descriptor_of(stream)
        #: None for a stream in memory, which is written to at once.
        self.writer = LogWriter(descriptor, self._dropped) if descriptor is not None else None
        super().__init__(self.writer or stream)
        self.setFormatter(formatter)

    def handleError(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # a full disk, a closed pipe: work goes on without logs
            self.stream.write(f"a log record of {_one_line(record.name)} could not be written\n")

    def close(self) -> None:
        """`logging` does so at an exit, a crash's too."""
        if self.writer is not None:
            self.writer.end()
        super().close()

    def _dropped(self, count: int) -> str:
        said = f"{count} lines were dropped that nobody read"
        record = logging.LogRecord(__name__, logging.WARNING, __file__, 0, said, None, None)
        return self.format(record) + self.terminator


def _tell_of_the_end(
    writer: LogWriter,
    redact: Redactor,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    """Python's last words go where the log goes, behind its lines."""
    writer.write(redact("".join(traceback.format_exception(kind, error, trace))))


def _formatter(log_format: str, stream: TextIO, redact: Redactor) -> logging.Formatter:
    is_json = log_format == "json"

    def wash(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        margin = "" if is_json else "    | "
        return {
            _one_line(redact(key)): _traceback(value, redact, margin)
            if key in _TRACEBACKS
            else _washed(value, redact)
            for key, value in event.items()
        }

    render: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if is_json
        else structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )

    def line(logger: WrappedLogger, name: str, event: EventDict) -> str:
        return redact(str(render(logger, name, event)))

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            wash,
            line,
        ],
    )


def _washed(value: object, redact: Redactor, depth: int = 0) -> object:
    """The value without secrets, and with every text in it on one line."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {_one_line(redact(str(key))): _washed(one, redact, depth + 1) for key, one in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_washed(one, redact, depth + 1) for one in value]
    return _one_line(redact(repr(value) if isinstance(value, BaseException) else str(value)))


def _traceback(text: object, redact: Redactor, margin: str) -> str:
    """The lines of an exception; the margin tells them from lines of the log."""
    return "\n".join(margin + _one_line(line) for line in redact(str(text)).split("\n"))


def _one_line(text: str) -> str:
    """The text with control characters, and others that cannot be seen, written as escapes."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _ESCAPED(one)[0].decode("ascii") for one in text)


def _whole(secret: str) -> set[str]:
    """The secret as it is, and encoded for addresses and headers."""
    return {secret, quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode()}


def _cut(secret: str) -> str:
    """A pattern for the secret cut after its beginning."""
    return rf"{re.escape(secret[:_RECOGNISED_BY])}[\w.%+/=-]*"


def _rank(level: str) -> int:
    return logging.getLevelNamesMapping()[level]
