"""Writes the log from a thread of its own: nobody who works waits for somebody who reads.

A terminal that was stopped, or a hung log shipper, takes 64 KiB and then nothing more; whoever writes there
stands still. Lines wait here instead, and what finds no room is dropped, counted, and told of later.
"""

import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress

#: Bytes that may wait.
ROOM = 4 * 1024 * 1024
#: How long an exit waits for a reader.
PATIENCE_SECONDS = 1.0


class LogWriter:
    """A stream for a log handler, over a descriptor. `dropped` words how many lines were dropped."""

    def __init__(self, descriptor: int, dropped: Callable[[int], str]) -> None:
        self._descriptor = descriptor
        self._in_words = dropped
        self._waiting: list[bytes] = []
        #: Bytes of what waits, and of what is being written.
        self._size = self._on_its_way = 0
        self._dropped = 0
        self._is_ended = False
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def write(self, text: str) -> None:
        """Returns at once."""
        line = text.encode(errors="backslashreplace")
        with self._changed:
            if self._size + len(line) > ROOM:
                self._dropped += 1
                return
            self._waiting.append(line)
            self._size += len(line)
            self._changed.notify_all()

    def flush(self) -> None:
        """Nothing: a handler asks for it after each line."""

    def finish(self) -> None:
        """Returns when all is written, or nobody reads."""
        with self._changed:
            self._changed.wait_for(lambda: not self._size, PATIENCE_SECONDS)

    def end(self) -> None:
        """Takes nothing more, once all is written."""
        self.finish()
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()

    def _run(self) -> None:
        lost = 0
        while True:
            with self._changed:
                self._size -= self._on_its_way
                self._on_its_way = 0
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._dropped or self._is_ended)
                if self._is_ended and not self._waiting:
                    return
                lines, self._waiting = self._waiting, []
                dropped, self._dropped = self._dropped, 0
                self._on_its_way = self._size
            told = self._told(lost) + b"".join(lines) + self._told(dropped)
            try:
                self._write(told)
                lost = 0
            except OSError:  # a full disk, a closed pipe: work goes on without logs
                lost += len(lines) + dropped

    def _told(self, count: int) -> bytes:
        return self._in_words(count).encode() if count else b""

    def _write(self, text: bytes) -> None:
        left = memoryview(text)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # others set the descriptor so that it does not wait
                select.select([], [self._descriptor], [])


def descriptor_of(stream: object) -> int | None:
    """The descriptor behind the stream; None when it has none."""
    with suppress(AttributeError, OSError, ValueError):
        return stream.fileno()  # type: ignore[attr-defined, no-any-return]
    return None
