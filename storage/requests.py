"""What was asked before."""

from datetime import datetime

from sqlalchemy import Connection

from storage.tables import requests
from storage.upsert import insert


def is_new(tx: Connection, key: str, at: datetime) -> bool:
    """Whether this request was never carried out before; from this transaction on it was."""
    statement = insert(requests).values(key=key, at=at).on_conflict_do_nothing(index_elements=["key"])
    return tx.execute(statement).rowcount == 1


def forget_before(tx: Connection, at: datetime) -> None:
    tx.execute(requests.delete().where(requests.c.at < at))
