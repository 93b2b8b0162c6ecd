"""What is open and what waits, at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Backlog:
    #: Open incidents of each severity.
    open_incidents: Mapping[str, int]
    #: Deliveries of each state that are not settled.
    deliveries: Mapping[str, int]
    #: For how long the most overdue deadline has been due.
    deadline_lag: timedelta
    #: For how long the delivery that may go out, and was owed first, has been owed.
    outbox_lag: timedelta
