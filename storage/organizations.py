"""The organization as one document with a revision, and Slack accounts found by e-mail."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from storage import memo
from storage.prepared import Statement
from storage.tables import organizations, slack_accounts
from storage.upsert import insert

_NEWEST = Statement(
    select(
        select(func.max(organizations.c.revision)).scalar_subquery().label("revision"),
        select(func.coalesce(func.max(slack_accounts.c.ordinal), 0)).scalar_subquery().label("findings"),
    )
)


def newest(tx: Connection) -> tuple[int | None, int]:
    """The revision that runs (None before any), and how many findings of Slack accounts there were."""
    remembered = memo.of(tx)
    if "newest" not in remembered:
        [remembered["newest"]] = _NEWEST.run(tx, {})
    revision, findings = remembered["newest"]
    return revision, findings


def document(tx: Connection, number: int) -> Any:
    return tx.execute(select(organizations.c.document).where(organizations.c.revision == number)).scalar_one()


def add(tx: Connection, number: int, at: datetime, by: str, content: Any) -> None:
    memo.forget(tx)
    tx.execute(organizations.insert().values(revision=number, applied_at=at, applied_by=by, document=content))


def accounts(tx: Connection) -> dict[str, tuple[str, str]]:
    """For each person found in Slack: their e-mail at that time and their Slack id."""
    rows = tx.execute(select(slack_accounts.c.person_id, slack_accounts.c.email, slack_accounts.c.slack_id))
    return {row.person_id: (row.email, row.slack_id) for row in rows}


def found_account(tx: Connection, person_id: str, email: str, slack_id: str, at: datetime) -> None:
    """Keep an account; the newest finding wins, for the person and for the account."""
    _, findings = newest(tx)
    memo.forget(tx)
    tx.execute(slack_accounts.delete().where(slack_accounts.c.slack_id == slack_id))
    row = {"email": email, "slack_id": slack_id, "found_at": at, "ordinal": findings + 1}
    statement = insert(slack_accounts).values(person_id=person_id, **row)
    tx.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=row))
