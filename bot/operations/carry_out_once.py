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


def carry_out_once(tx: Connection, now: datetime, request: str, operation: Callable[[Connection], T]) -> T:
    """The operation's result. Raises CarriedOutBefore if this request was carried out already."""
    if not requests.is_new(tx, request, now):
        raise CarriedOutBefore("This was done already.")
    return operation(tx)


def forget(tx: Connection, now: datetime) -> None:
    """Forget requests that cannot come again."""
    requests.forget_before(tx, now - REMEMBERED)
