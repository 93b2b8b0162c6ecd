"""`run`: the real thing, until it is told to stop."""

import asyncio
import gc
import resource
import signal
import sys

import click
import structlog

from bot import settings, telemetry
from bot.app import App, Role
from bot.engine.clock import Clock

log = structlog.get_logger()


@click.command()
@click.option("--only", type=click.Choice(["web", "worker"]), help="Do one half; others do the other one.")
def run(only: str | None) -> None:
    """Run Tocsin: Socket Mode with SLACK_APP_TOKEN, else HTTP at /slack/events.

    On PostgreSQL any number of processes may run: web ones hear people and machines, workers send what is
    owed and fire what is due, and one without --only does both.
    """
    chosen = settings.from_environment()
    telemetry.configure(
        chosen.log_format, chosen.log_level, sys.stderr, [secret.reveal() for secret in chosen.secrets]
    )
    if chosen.doubt is not None:
        log.warning(chosen.doubt)
    _allow_open_files()
    try:
        asyncio.run(_until_stopped(App(chosen, Clock(), Role(only or "both"))))
    finally:
        telemetry.finish()


#: Descriptors that are enough for as many connections as are served.
_OPEN_FILES = 4096


def _allow_open_files() -> None:
    """As many as we need, or may have: many systems begin a process with fewer than it may ask for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


#: Seconds after which a thread that waits for the interpreter gets it. A request that reads passes it on a
#: dozen times; with Python's usual five milliseconds it waits for them each time while something is written.
_SWITCH_AFTER = 0.001


async def _until_stopped(app: App) -> None:
    sys.setswitchinterval(_SWITCH_AFTER)
    await app.start()
    # What was made by now stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    await stop_signal()
    await app.stop()


async def stop_signal() -> None:
    """Returns at Ctrl-C, SIGTERM, or when the terminal is closed."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup wants it to be ignored
        numbers.append(signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
