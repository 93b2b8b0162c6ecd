"""What is open and what waits: for the metrics."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain.backlog import Backlog
from bot.domain.incident import OPEN
from storage import deadlines, outbox, tallies


def backlog(tx: Connection, now: datetime) -> Backlog:
    """What is open and what waits."""
    earliest = deadlines.earliest(tx)
    owed_since = outbox.owed_since(tx, now)
    return Backlog(
        open_incidents=tallies.by_severity(tx, [status.value for status in OPEN]),
        deliveries=outbox.unsettled(tx),
        deadline_lag=max(now - earliest, timedelta(0)) if earliest is not None else timedelta(0),
        outbox_lag=max(now - owed_since, timedelta(0)) if owed_since is not None else timedelta(0),
    )


def touch(tx: Connection) -> None:
    """Ask the least that shows whether the database answers."""
    deadlines.earliest(tx)
