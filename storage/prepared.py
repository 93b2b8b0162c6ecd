"""Statements compiled once, for the few that run for every incident.

SQLAlchemy spends 60 to 100 µs on each execution besides SQLite's 5 to 20: a declaration runs a dozen
statements, and the rate at which incidents are created is theirs. What stands here is still written as
Core expressions and compiled by SQLAlchemy; only its execution is ours, and only where the driver is
not asynchronous. Several rows go in one statement, because each one sets the interpreter free and has
to win it back.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Executable, Table, TypeDecorator
from sqlalchemy.engine.interfaces import Dialect

from storage import shared
from storage.upsert import insert

Processor = Callable[[Any], Any]


class Statement:
    """A statement with named parameters. `run` gives rows as the driver gives them, unconverted."""

    def __init__(self, statement: Executable) -> None:
        self._statement: Any = statement
        self._text = ""
        self._parameters: list[tuple[str, Any, Processor | None]] = []

    def run(self, tx: Connection, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        if tx.dialect.is_async:
            result = tx.execute(self._statement, dict(parameters))
            return [tuple(row) for row in result] if result.returns_rows else []
        if not self._text:
            self._compile(tx.dialect)
        values = [
            (processor(parameters.get(name, fixed)) if processor else parameters.get(name, fixed))
            for name, fixed, processor in self._parameters
        ]
        return _driver(tx).execute(self._text, values).fetchall()  # type: ignore[no-any-return]

    def _compile(self, dialect: Dialect) -> None:
        compiled = self._statement.compile(dialect=dialect)
        processors = compiled._bind_processors
        self._parameters = [
            (name, compiled.params[name], processors.get(name)) for name in compiled.positiontup
        ]
        self._text = str(compiled)


Row = Mapping[str, Any]
#: So many rows go in one statement at most. Fewer go in statements of 32, 16, 8 …: a driver keeps only so
#: many of them at hand.
_MOST_ROWS = 64


class Insert:
    """Insert rows into a table; with `unless`, a row whose value of that column is known is left out."""

    def __init__(self, table: Table, unless: str | None = None) -> None:
        self._table = table
        self._unless = unless
        self._texts: dict[Hashable, str] = {}
        self._processors: dict[str, Processor | None] = {}

    def run(self, tx: Connection, rows: Sequence[Row]) -> int:
        """How many rows were inserted. Every row has the same columns."""
        if tx.dialect.is_async:
            return tx.execute(self._statement().values([dict(row) for row in rows])).rowcount
        inserted = first = 0
        for count in powers(len(rows), _MOST_ROWS):
            inserted += self._run(tx, rows[first : first + count])
            first += count
        return inserted

    def _run(self, tx: Connection, rows: Sequence[Row]) -> int:
        columns = tuple(rows[0])
        shape = (columns, len(rows))
        text = self._texts.get(shape)
        if text is None:
            text = self._texts[shape] = self._compile(tx.dialect, columns, len(rows))
        values = [row[column] for row in rows for column in columns]
        for place, column in enumerate(columns):
            if processor := self._processors[column]:
                values[place :: len(columns)] = map(processor, values[place :: len(columns)])
        return int(_driver(tx).execute(text, values).rowcount)

    def _statement(self) -> Any:
        return (
            insert(self._table)
            if self._unless is None
            else insert(self._table).on_conflict_do_nothing(index_elements=[self._unless])
        )

    def _compile(self, dialect: Dialect, columns: Sequence[str], count: int) -> str:
        for column in columns:
            self._processors[column] = _processor(self._table.c[column].type, dialect)
        quoted = dialect.identifier_preparer.quote
        ending = f" ON CONFLICT ({quoted(self._unless)}) DO NOTHING" if self._unless is not None else ""
        line = f"({', '.join('?' * len(columns))})"
        names, lines = ", ".join(map(quoted, columns)), ", ".join([line] * count)
        return f"INSERT INTO {self._table.name} ({names}) VALUES {lines}{ending}"  # noqa: S608


def powers(total: int, most: int) -> Iterator[int]:
    """The fewest powers of two, none above `most` (one itself), that make up the total; largest first."""
    while total:
        power = min(most, 1 << (total.bit_length() - 1))
        yield power
        total -= power


def _processor(kind: Any, dialect: Dialect) -> Processor | None:
    """What makes a value of this column's type one of the driver's."""
    if isinstance(kind, TypeDecorator):
        return partial(_decorated, kind, dialect)
    found: Processor | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found


def _decorated(kind: TypeDecorator[Any], dialect: Dialect, value: Any) -> Any:
    return None if value is None else kind.process_bind_param(value, dialect)


def _driver(tx: Connection) -> Any:
    """The driver's own connection, inside the same transaction, after all that was to be inserted."""
    shared.insert_gathered(tx)
    return tx.connection.driver_connection
