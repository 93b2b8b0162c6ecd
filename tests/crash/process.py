"""`python -m bot run`, as an operator starts it, and what can be done to it."""

import asyncio
import os
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests import ports

_SOON = ClientTimeout(total=2)


class Tocsin:
    """One process, started anew as often as need be; all that it says is kept in one file."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str], *arguments: str) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.port = ports.free()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            "PATH": os.defpath,
            "PYTHONUNBUFFERED": "1",
            **environment,
            "PORT": str(self.port),
        }
        self._arguments = arguments
        self._process: Process | None = None
        self._started_at = 0.0

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        assert self._process is not None, "it was never started"
        return self._process.pid

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run", *self._arguments),
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        self._started_at = time.monotonic()

    async def until_ready(self, session: ClientSession, patience: float = 60.0) -> float:
        """Returns when it is ready: the seconds from its start to its first answer.

        Raises AssertionError if it ends, or takes too long.
        """
        first, began = 0.0, time.monotonic()
        while self.is_running and time.monotonic() - began < patience:
            try:
                async with session.get(f"{self.url}/readyz", timeout=_SOON) as answer:
                    first = first or time.monotonic() - self._started_at
                    if answer.status == 200:
                        return first
            except (ClientError, OSError, TimeoutError):
                pass
            await asyncio.sleep(0.02)
        raise AssertionError(f"{self.name} did not get ready:\n{self.last_words()}")

    async def kill(self) -> None:
        await self._signal(signal.SIGKILL)

    async def terminate(self) -> int:
        """Ask it to end; its exit code. Raises AssertionError if it does not end."""
        return await self._signal(signal.SIGTERM)

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def block(self) -> None:
        """Its event loop does not turn for a while, if it was started blockable."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def _signal(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        try:
            async with asyncio.timeout(30):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            raise AssertionError(f"{self.name} did not end:\n{self.last_words()}") from None

    async def key(self) -> str:
        """A new API key that may do everything."""
        made = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "key", "create", "--name", "load", "--all-scopes"),
            env=self._environment,
            stdout=PIPE,
            stderr=PIPE,
        )
        output, errors = await made.communicate()
        found = re.search(rb"rf_[\w-]+", output)
        assert found is not None, errors.decode()
        return found[0].decode()

    def last_words(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-lines:])

    def stack_traces(self) -> list[str]:
        """Lines of the log that begin a stack trace: there should be none, whatever happened."""
        return re.findall(r"^Traceback.*$", self.log.read_text(encoding="utf-8"), re.MULTILINE)
