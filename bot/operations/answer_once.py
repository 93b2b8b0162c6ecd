"""Answer a request that carries an idempotency key once: who repeats it gets the first answer again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain.errors import Refusal
from storage import replies

#: How long an answer is kept.
REMEMBERED = timedelta(hours=24)


@dataclass(frozen=True)
class Reply:
    """An answer as it was given: an HTTP status, and the JSON text of its `data`."""

    status: int
    content: str


class IdempotencyConflict(Refusal):
    code = "IDEMPOTENCY_CONFLICT"


def answer_once(
    tx: Connection,
    now: datetime,
    key_id: str,
    idempotency_key: str,
    fingerprint: str,
    produce: Callable[[Connection], Reply],
) -> Reply:
    """The first answer to this idempotency key. Raises IdempotencyConflict for another payload."""
    kept = replies.find(tx, key_id, idempotency_key)
    if kept is not None and kept.at > now - REMEMBERED:
        if kept.fingerprint != fingerprint:
            raise IdempotencyConflict(
                "This Idempotency-Key was used with another payload. Use a new key for a new request.",
                {"Idempotency-Key": "was used with another payload"},
            )
        return Reply(kept.status, kept.content)
    forget(tx, now)
    reply = produce(tx)
    columns = {"key_id": key_id, "idempotency_key": idempotency_key, "fingerprint": fingerprint, "at": now}
    replies.add(tx, columns | {"status": reply.status, "content": reply.content})
    return reply


def forget(tx: Connection, now: datetime) -> None:
    """Forget answers that nobody may ask for any more."""
    replies.forget_before(tx, now - REMEMBERED)
