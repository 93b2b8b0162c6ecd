"""What is open and what waits: for the metrics."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain.backlog import Backlog
from bot.domain.incident import OPEN
from storage import deadlines, keys, outbox, tallies

#: More characters than any operation writes.
_LARGE = 256 * 1024


def backlog(tx: Connection, now: datetime) -> Backlog:
    """What is open and what waits."""
    earliest = deadlines.earliest(tx)
    owed_since = outbox.owed_since(tx, now)
    return Backlog(
        open_incidents=tallies.by_severity(tx, [status.value for status in OPEN]),
        deliveries=outbox.unsettled(tx, now),
        deadline_lag=max(now - earliest, timedelta(0)) if earliest is not None else timedelta(0),
        outbox_lag=max(now - owed_since, timedelta(0)) if owed_since is not None else timedelta(0),
    )


def touch(tx: Connection) -> None:
    """Ask the least that shows whether the database can be read."""
    deadlines.earliest(tx)


def prove(tx: Connection, mark: int, *, is_large: bool) -> None:
    """Write the least that shows whether the database can be written: a full disk takes an empty commit,
    and one that changes nothing, so that each mark must differ from the last.

    A large one shows whether there is room again: a full disk also takes what fits where a commit failed.
    """
    keys.renew_fact(tx, "proof", f"{mark}{' ' * (_LARGE if is_large else 0)}")
