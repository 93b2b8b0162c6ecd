"""What the operations of one write transaction share: what need not be asked twice, nor written one by one.

Inside the transaction nobody else changes what is remembered; who changes it forgets it, and so does an
operation that is undone. Counts and last numbers are written once, before the commit. New rows are gathered
where one process writes, and inserted together as soon as anything is asked that they may have a part in,
at the latest before the commit: at the rate of new incidents, and of deadlines that fall due together, the
number of statements counts, and each of them lets another thread take the interpreter. Who asks of one
incident need not wait for the rows of others.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table

from storage import others
from storage.tables import metadata

Row = Mapping[str, Any]
#: Inserts rows into one table.
Write = Callable[[Connection, Sequence[Row]], object]

_KEY = "shared"
_ORDER = metadata.sorted_tables


@dataclass
class Shared:
    #: Answers, by what was asked.
    remembered: dict[Any, Any] = field(default_factory=dict)
    #: How many more there are of what is counted.
    changes: Counter[Any] = field(default_factory=Counter)
    #: The last number that was given to an incident of each year.
    ordinals: dict[int, int] = field(default_factory=dict)
    #: Rows that are still to be inserted, and how.
    gathered: dict[Table, tuple[Write, list[Row]]] = field(default_factory=dict)
    #: The ids and numbers of the incidents that these rows belong to.
    gathered_of: set[str | None] = field(default_factory=set)
    #: Whether the operation that runs has gathered rows.
    is_gathering: bool = False
    #: Whether the organization was changed, or what was found elsewhere: the commit may still fail.
    has_reorganized: bool = False
    #: How many changes were made by inserting rows while an operation ran that had gathered none.
    inserted_for_others: int = 0


def begin(tx: Connection) -> Shared:
    """A transaction with one or more operations begins."""
    tx.info[_KEY] = found = Shared()
    return found


def end(tx: Connection) -> None:
    tx.info.pop(_KEY, None)


def of(tx: Connection) -> Shared | None:
    """What is shared in the transaction that runs; None outside of one, as for readers."""
    found: Shared | None = tx.info.get(_KEY)
    return found


def remembered(tx: Connection) -> dict[Any, Any]:
    """What is remembered; outside of a transaction, nothing that lasts."""
    found = of(tx)
    return found.remembered if found is not None else {}


def forget(tx: Connection) -> None:
    remembered(tx).clear()


def reorganize(tx: Connection) -> None:
    """Another organization runs from now on, should this transaction be committed."""
    forget(tx)
    if (found := of(tx)) is not None:
        found.has_reorganized = True


def has_reorganized(tx: Connection) -> bool:
    """Whether this transaction changes the organization: what it reads of it is not known to last."""
    found = of(tx)
    return found is not None and found.has_reorganized


def insert(
    tx: Connection, table: Table, write: Write, rows: Sequence[Row], names: Sequence[str] = ("incident_id",)
) -> None:
    """Insert these rows, together with others if they may wait; for each table there is one way to write.

    The columns of these names hold what an incident is asked for by: its id, or its number.
    """
    found = of(tx)
    if found is None or others.write(tx):
        write(tx, rows)
        return
    found.gathered.setdefault(table, (write, []))[1].extend(rows)
    found.gathered_of.update(row.get(name) for row in rows for name in names)
    found.is_gathering = True


def insert_gathered(tx: Connection, incident: str | None = None) -> None:
    """Insert what was gathered, first the rows that others refer to.

    With an incident, by its id or number, only if there is anything of that one.
    """
    found = of(tx)
    if found is None or not found.gathered or (incident is not None and incident not in found.gathered_of):
        return
    gathered = found.gathered
    forget_gathered(found)
    driver: Any = tx.connection.driver_connection
    before = driver.total_changes
    for table in _ORDER:
        if table in gathered:
            write, rows = gathered[table]
            write(tx, rows)
    if not found.is_gathering:
        found.inserted_for_others += driver.total_changes - before


def forget_gathered(found: Shared) -> None:
    """What was gathered is inserted otherwise, or not at all."""
    found.gathered, found.gathered_of = {}, set()
