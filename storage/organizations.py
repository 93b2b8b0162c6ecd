"""The organization as one document with a revision, and what was found in Slack: accounts, user groups."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from storage import locks, shared, touched
from storage.prepared import Statement
from storage.tables import calendars, organizations, slack_accounts, user_groups
from storage.upsert import insert

_NEWEST = Statement(
    select(
        select(func.max(organizations.c.revision)).scalar_subquery().label("revision"),
        select(func.coalesce(func.max(slack_accounts.c.ordinal), 0)).scalar_subquery().label("accounts"),
        select(func.coalesce(func.max(user_groups.c.ordinal), 0)).scalar_subquery().label("groups"),
        select(func.coalesce(func.max(calendars.c.ordinal), 0)).scalar_subquery().label("calendars"),
    )
)


def newest(tx: Connection) -> tuple[int | None, int]:
    """The revision that runs (None before any), and the ordinal of the last finding elsewhere.

    Together they tell whether what was read before is still so. Findings are therefore made one after
    another: of two at the same moment, the later one could stand for both while one was not to be seen yet.
    """
    remembered = shared.remembered(tx)
    if "newest" not in remembered:
        [(revision, *findings)] = _NEWEST.run(tx, {})
        remembered["newest"] = revision, max(findings)
    revision, finding = remembered["newest"]
    return revision, finding


def document(tx: Connection, number: int) -> Any:
    return tx.execute(select(organizations.c.document).where(organizations.c.revision == number)).scalar_one()


def applied_at(tx: Connection) -> datetime | None:
    """Since when the newest revision runs."""
    found: datetime | None = tx.execute(select(func.max(organizations.c.applied_at))).scalar()
    return found


def hold(tx: Connection) -> None:
    """Nobody else adds a revision or a finding until the end of this transaction.

    What was read before may be old.
    """
    locks.organization(tx)
    shared.forget(tx)


def add(tx: Connection, number: int, at: datetime, by: str, content: Any) -> None:
    shared.reorganize(tx)
    touched.mark(tx, touched.DUTY)
    tx.execute(organizations.insert().values(revision=number, applied_at=at, applied_by=by, document=content))


def accounts(tx: Connection) -> dict[str, tuple[str, str]]:
    """For each person found in Slack: their e-mail at that time and their Slack id."""
    rows = tx.execute(select(slack_accounts.c.person_id, slack_accounts.c.email, slack_accounts.c.slack_id))
    return {row.person_id: (row.email, row.slack_id) for row in rows}


def found_account(tx: Connection, person_id: str, email: str, slack_id: str, at: datetime) -> None:
    """Keep an account; the newest finding wins, for the person and for the account."""
    hold(tx)
    _, findings = newest(tx)
    shared.reorganize(tx)
    tx.execute(slack_accounts.delete().where(slack_accounts.c.slack_id == slack_id))
    row = {"email": email, "slack_id": slack_id, "found_at": at, "ordinal": findings + 1}
    statement = insert(slack_accounts).values(person_id=person_id, **row)
    tx.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=row))


def groups(tx: Connection) -> dict[str, Sequence[str]]:
    """The Slack ids of who was in each user group when it was last seen, by the group's handle."""
    rows = tx.execute(select(user_groups.c.handle, user_groups.c.members))
    return {row.handle: row.members for row in rows}


def found_group(tx: Connection, handle: str, members: Sequence[str], at: datetime) -> None:
    """Keep who is in a user group. Only a change makes it a finding that others must read."""
    kept = tx.execute(select(user_groups).where(user_groups.c.handle == handle)).one_or_none()
    if kept is not None and list(kept.members) == list(members):
        tx.execute(user_groups.update().where(user_groups.c.handle == handle).values(seen_at=at))
        return
    hold(tx)
    _, findings = newest(tx)
    shared.reorganize(tx)
    row = {"members": list(members), "seen_at": at, "ordinal": findings + 1}
    statement = insert(user_groups).values(handle=handle, **row)
    tx.execute(statement.on_conflict_do_update(index_elements=["handle"], set_=row))
