"""Logs: readable or JSON, through one pipeline, without secrets and forged lines."""

import base64
import io
import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot import log_writer, telemetry
from bot.telemetry import Redactor

CANARY = "canary/se+cret&=7Yq93"
TOKENS = [
    "xoxb-2345-6789-AbCdEf",
    "xoxp-2345-6789",
    "xoxe.xoxp-1-Mi0yLT",
    "xapp-1-A012-345-abcdef",
    "rf_live_0123456789abcdef",
    "/calendars/cal_Q7tz-x_1aBcDeFgHiJkLmNoP.ics",
    "Bearer eyJhbGciOi.J9",
    "smtp://ada:hunter2hunter2@mail.example.com",
    "https://hooks.slack.com/commands/T1/2/abcdef",
    "wss://wss-primary.slack.com/link/?ticket=3fa8&app_id=b1",
    f"v0={'ab12' * 16}",
]
HIDDEN = [
    "AbCdEf",
    "6789",
    "Mi0yLT",
    "abcdef",
    "0123456789",
    "x_1aBcDeF",
    "eyJhbGciOi",
    "hunter2",
    "T1/2",
    "3fa8",
    "ab12ab12",
]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    yield
    root.handlers.clear()
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def logged(write: Callable[[], None], log_format: str, level: str = "INFO") -> str:
    stream = io.StringIO()
    logging.getLogger().handlers.clear()  # pytest's own would raise where ours must not
    telemetry.configure(log_format, level, stream, [CANARY])
    write()
    return stream.getvalue()


def ours(name: str = "bot.engine") -> Any:
    return structlog.stdlib.get_logger(name)


def raising(sentence: str) -> Callable[[], None]:
    def write() -> None:
        try:
            raise RuntimeError(sentence)
        except RuntimeError:
            ours().exception("send_failed")
            logging.getLogger("slack_sdk").exception("failed")

    return write


class Leaky:
    def __repr__(self) -> str:
        return f"Leaky({CANARY!r},\n{TOKENS[0]})"


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(
    "write",
    [
        lambda: ours().info(f"posting with {CANARY}"),
        lambda: ours().info("posting", token=CANARY),
        lambda: ours().info("posting", headers={"Authorization": [CANARY]}),
        lambda: ours().info("posting", **{CANARY: 1}),
        lambda: ours().info("posting", address=f"https://x/?s={quote(CANARY, safe='')}"),
        lambda: ours().info("posting", body=base64.b64encode(CANARY.encode()).decode()),
        lambda: ours().info("posting", begins=CANARY[:15]),
        lambda: ours().info("posting", thing=Leaky(), error=ValueError(CANARY)),
        lambda: ours(CANARY).info("posting"),
        lambda: logging.getLogger("aiohttp").error("got %s", CANARY),
        lambda: logging.getLogger("slack_bolt").error({"token": CANARY}),
        lambda: logging.getLogger("sqlalchemy").error("wrong %d", CANARY),
        raising(CANARY),
    ],
)
def test_canary_never_appears(write: Callable[[], None], log_format: str) -> None:
    line = logged(write, log_format)
    assert line
    assert CANARY[:12] not in line
    assert quote(CANARY, safe="") not in line
    assert base64.b64encode(CANARY.encode()).decode() not in line


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(("token", "hidden"), [*zip(TOKENS, HIDDEN, strict=True)])
def test_what_looks_like_a_token_is_hidden(token: str, hidden: str, log_format: str) -> None:
    def write() -> None:
        ours().info(f"got {token}", value=token, nested=[{"a": token}])
        logging.getLogger("slack_sdk").error("got %s", token)
        raising(token)()

    line = logged(write, log_format)
    assert hidden not in line
    assert telemetry.REDACTED in line


@given(st.text(), st.text())
def test_redacting_leaves_nothing_of_the_secret(before: str, after: str) -> None:
    assert CANARY not in Redactor([CANARY])(before + CANARY + after)


@given(st.text("abcdefghij klmnopq 0123456789.,"))
def test_ordinary_text_passes_unchanged(text: str) -> None:
    assert Redactor([CANARY, "short"])(text) == text


@pytest.mark.parametrize("mark", "&;:,!()<> ")
def test_secret_with_a_mark_in_it_leaves_no_end(mark: str) -> None:
    secret = f"begins-like-this{mark}=7Yq93-ends"
    assert Redactor([secret])(f"with {secret} in it") == "with [secret] in it"


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(
    "forged",
    ["a\n2026-01-01T00:00:00Z [error] forged", "a\r\nb", "a\x1b[2Kb", "a\u2028b", "a\x85b", "a\u202eb"],
)
def test_value_cannot_forge_a_line(forged: str, log_format: str) -> None:
    def write() -> None:
        ours().info(forged, title=forged, deep={"a": [forged]}, **{forged: 1})
        logging.getLogger("aiohttp").error(forged)

    text = logged(write, log_format)
    assert len(text.splitlines()) == 2
    assert text.replace("\n", "").isprintable()


def test_exception_cannot_forge_a_line_of_text() -> None:
    text = logged(raising("a\n2026-01-01T00:00:00Z [error] forged"), "text")
    first, *rest = text.splitlines()
    assert "send_failed" in first
    assert all(line.startswith("    | ") or "failed" in line for line in rest)


def test_json_lines_say_when_where_and_what() -> None:
    def write() -> None:
        with structlog.contextvars.bound_contextvars(incident="INC-2026-044"):
            ours().warning("page_failed", attempt=3, is_late=True, why=None)
            logging.getLogger("slack_sdk.web").warning("slow: %s", 2)

    mine, theirs = map(json.loads, logged(write, "json").splitlines())
    assert datetime.fromisoformat(mine.pop("timestamp")).tzinfo is not None
    assert mine == {
        "event": "page_failed",
        "level": "warning",
        "logger": "bot.engine",
        "incident": "INC-2026-044",
        "attempt": 3,
        "is_late": True,
        "why": None,
    }
    assert (theirs["event"], theirs["logger"], theirs["incident"]) == (
        "slow: 2",
        "slack_sdk.web",
        "INC-2026-044",
    )


def test_text_is_plain_where_no_terminal_is() -> None:
    text = logged(lambda: ours().info("page_sent", incident="INC-2026-044"), "text")
    assert "page_sent" in text
    assert "incident=INC-2026-044" in text
    assert "\x1b" not in text


def test_text_is_coloured_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    telemetry.configure("text", "INFO", stream)
    ours().info("page_sent")
    assert "\x1b[" in stream.getvalue()


def test_level_holds_for_ours_and_theirs() -> None:
    def write() -> None:
        ours().debug("quiet")
        ours().info("heard")
        logging.getLogger("aiohttp.server").debug("quiet")
        logging.getLogger("apscheduler.executors").info("quiet")
        logging.getLogger("apscheduler.executors").warning("heard")

    text = logged(write, "text")
    assert "quiet" not in text
    assert text.count("heard") == 2
    assert logged(write, "text", "DEBUG").count("quiet") == 3


def test_what_asyncio_repeats_without_end_is_said_once_a_minute() -> None:
    def write() -> None:
        for _ in range(128):
            logging.getLogger("asyncio").error("socket.accept() out of system resource\nsocket: …")
            logging.getLogger("asyncio").error("Task exception was never retrieved")

    text = logged(write, "text")
    assert text.count("out of system resource") == 1
    assert text.count("never retrieved") == 128


def test_configuring_again_replaces_the_first() -> None:
    first = io.StringIO()
    telemetry.configure("text", "INFO", first)
    second = logged(lambda: ours().info("once"), "text")
    assert first.getvalue() == ""
    assert second.count("once") == 1


def test_closed_stream_stops_no_work() -> None:
    stream = io.StringIO()
    telemetry.configure("text", "INFO", stream)
    stream.close()
    ours().info("nobody hears this")


@pytest.fixture
def pipe() -> Iterator[tuple[int, Any]]:
    """The end that reads, and a stream that writes into it."""
    reading, writing = os.pipe()
    hook = sys.excepthook
    with os.fdopen(writing, "w") as stream:
        yield reading, stream
        os.set_blocking(reading, False)
        log_writer_ends()
    os.close(reading)
    sys.excepthook = hook


def log_writer_ends() -> None:
    for handler in [*logging.getLogger().handlers]:
        handler.close()
        logging.getLogger().removeHandler(handler)


def read_until(reading: int, last: bytes) -> str:
    """What comes out of the pipe, until this has."""
    seen = b""
    while last not in seen:
        seen += os.read(reading, 1 << 20)
    return seen.decode()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_log_that_nobody_reads_keeps_nobody_waiting_and_tells_what_it_dropped(
    pipe: tuple[int, Any], log_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_writer, "ROOM", 200_000)
    reading, stream = pipe
    telemetry.configure(log_format, "INFO", stream)
    for number in range(10_000):  # some ten times of what there is room for
        ours().info(f"line {number} of many")
    seen = read_until(reading, b"dropped")
    numbers = [int(one) for one in re.findall(r"line (\d+) of many", seen)]
    assert 200 < len(numbers) < 9_000
    assert numbers == [*range(len(numbers))]
    (dropped,) = re.findall(r"(\d+) lines were dropped that nobody read", seen)
    assert len(numbers) + int(dropped) == 10_000
    ours().info("read again")
    assert "read again" in read_until(reading, b"read again")


def test_exit_waits_for_a_reader_a_short_time_only(pipe: tuple[int, Any]) -> None:
    _, stream = pipe
    telemetry.configure("text", "INFO", stream)
    for number in range(10_000):
        ours().info(f"line {number} of many")
    began = time.monotonic()
    telemetry.finish()
    assert time.monotonic() - began < 5


def test_lines_before_a_crash_come_out_and_its_traceback_after_them() -> None:
    program = f"""
import structlog
from bot import telemetry

telemetry.configure(secrets=[{CANARY!r}])
for number in range(5000):
    structlog.stdlib.get_logger("bot").info(f"line {{number}} of many")
raise RuntimeError({CANARY!r})
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 1
    numbers = [int(one) for one in re.findall(r"line (\d+) of many", ended.stderr)]
    assert numbers == [*range(5000)]
    assert ended.stderr.rindex("line 4999") < ended.stderr.index("Traceback")
    assert f"RuntimeError: {telemetry.REDACTED}" in ended.stderr.splitlines()[-1]


def test_descriptor_that_does_not_wait_gets_every_line(pipe: tuple[int, Any]) -> None:
    reading, stream = pipe
    os.set_blocking(stream.fileno(), False)
    telemetry.configure("text", "INFO", stream)
    for number in range(3000):  # more than a pipe holds
        ours().info(f"line {number} of many")
    seen = read_until(reading, b"line 2999 ")
    assert re.findall(r"line (\d+) of many", seen) == [str(number) for number in range(3000)]


def test_full_disk_stops_no_work() -> None:
    with open("/dev/full", "w") as stream:
        telemetry.configure("text", "INFO", stream)
        ours().info("nobody hears this")
        telemetry.finish()
        log_writer_ends()
