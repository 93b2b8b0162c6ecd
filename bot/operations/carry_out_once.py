"""Carry a request out once, however often it is sent."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from bot.domain.errors import Refusal
from storage import requests

T = TypeVar("T")

#: How long a request's identity is kept: Slack's signatures hold five minutes, its retries an hour.
REMEMBERED = timedelta(days=1)


class CarriedOutBefore(Refusal):
    """The same request came before, and what it asked for was done then."""

    code = "CARRIED_OUT_BEFORE"

    def __init__(self, *, is_same: bool) -> None:
        super().__init__(
            "This was done already."
            if is_same
            else "What you sent first was done already, and this was not. Close the form and look."
        )
        #: Whether it came in the same words.
        self.is_same = is_same


def carry_out_once(
    tx: Connection,
    now: datetime,
    request: str,
    operation: Callable[[Connection], T],
    words: str | None = None,
) -> T:
    """The operation's result. Raises CarriedOutBefore if this request was carried out already.

    `words`: by which one is told from the same in other words; None where it has none of its own.
    """
    is_new = requests.is_new(tx, request, now)
    are_new = words is not None and requests.is_new(tx, f"{request} {words}", now)
    if not is_new:
        raise CarriedOutBefore(is_same=not are_new)
    return operation(tx)


def forget(tx: Connection, now: datetime) -> None:
    """Forget requests that cannot come again."""
    requests.forget_before(tx, now - REMEMBERED)
