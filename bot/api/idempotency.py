"""`Idempotency-Key`: who repeats a request gets the first answer again."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bot.api.envelope import RequestRefused
from bot.domain.errors import Invalid

HEADER = "Idempotency-Key"
LONGEST = 255


def key_in(headers: Sequence[str]) -> str | None:
    """The request's idempotency key, if it has one. Raises Invalid."""
    if not headers:
        return None
    if len(headers) > 1:
        raise Invalid(**{HEADER: "must be given once"})
    (header,) = headers
    if not 1 <= len(header) <= LONGEST or not header.isprintable():
        raise Invalid(**{HEADER: f"must have 1 to {LONGEST} characters that can be seen"})
    return header


def fingerprint(method: str, path: str, document: Any) -> str:
    """What tells one payload from another, however it is spaced and ordered."""
    text = json.dumps([method, path, document], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class UnderWay:
    """The idempotency keys of requests that are being answered right now."""

    def __init__(self) -> None:
        self._keys: set[tuple[str, str]] = set()

    @contextmanager
    def alone(self, key_id: str, idempotency_key: str) -> Iterator[None]:
        """Nobody else may answer this key meanwhile. Raises RequestRefused if somebody does."""
        one = (key_id, idempotency_key)
        if one in self._keys:
            raise RequestRefused(
                "IDEMPOTENCY_IN_PROGRESS",
                "The first request with this Idempotency-Key is still being answered. Ask again in a moment.",
                headers={"Retry-After": "1"},
            )
        self._keys.add(one)
        try:
            yield
        finally:
            self._keys.discard(one)
