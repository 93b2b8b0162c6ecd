"""Statements compiled once, for what happens with every incident, deadline and delivery.

SQLAlchemy spends 60 to 100 µs on each execution besides SQLite's 5 to 20. What stands here is still written
as Core expressions and compiled by SQLAlchemy; only its execution on SQLite is ours. Several rows go in one
statement, because each one sets the interpreter free and has to win it back.
"""

from collections import namedtuple
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

from sqlalchemy import (
    Connection,
    CursorResult,
    Executable,
    Row,
    Table,
    TypeDecorator,
    bindparam,
)
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import MultipleResultsFound

from storage import locks, shared
from storage.upsert import insert

Processor = Callable[[Any], Any]
Parameters = Mapping[str, Any]


class Statement:
    """A statement with named parameters. A list of values in it is one of expressions: `in_([literal(1)])`.

    `holds`: where others write at the same time, the rows it finds are this transaction's until its end.
    `incident`: the parameter that holds the id or number of the one incident whose rows it is about.
    """

    def __init__(self, statement: Executable, *, holds: bool = False, incident: str | None = None) -> None:
        self._statement: Any = statement
        self._incident = incident
        self._holding: Any = cast("Any", statement).with_for_update() if holds else statement
        self._text = ""
        self._parameters: list[tuple[str, Any, Processor | None]] = []
        self._found: Callable[[Sequence[Any]], Row[Any]] | None = None

    def run(self, tx: Connection, parameters: Parameters) -> list[tuple[Any, ...]]:
        """What it returns, as the driver gives it, unconverted."""
        if _is_sqlite(tx):
            return self._fetched(tx, parameters)
        result = self._execute(tx, parameters)
        return [tuple(row) for row in result] if result.returns_rows else []

    def rows(self, tx: Connection, parameters: Parameters) -> Sequence[Row[Any]]:
        """The rows it returns, by their columns' names, converted."""
        if not _is_sqlite(tx):
            return self._execute(tx, parameters).all()
        found = self._fetched(tx, parameters)
        if self._found is None:
            self._found = _by_name(self._statement.compile(dialect=tx.dialect), tx.dialect)
        return [*map(self._found, found)]

    def row(self, tx: Connection, parameters: Parameters) -> Row[Any] | None:
        """The only row it returns, if any."""
        found = self.rows(tx, parameters)
        if len(found) > 1:
            raise MultipleResultsFound("one row at most was expected")
        return found[0] if found else None

    def change(self, tx: Connection, parameters: Parameters) -> int:
        """How many rows it changed."""
        if tx.dialect.is_async:
            return int(self._execute(tx, parameters).rowcount)
        return int(self._executed(tx, parameters).rowcount)

    def _execute(self, tx: Connection, parameters: Parameters) -> CursorResult[Any]:
        return tx.execute(self._holding if locks.are_needed(tx) else self._statement, dict(parameters))

    def _fetched(self, tx: Connection, parameters: Parameters) -> list[tuple[Any, ...]]:
        return self._executed(tx, parameters).fetchall()  # type: ignore[no-any-return]

    def _executed(self, tx: Connection, parameters: Parameters) -> Any:
        if not self._text:
            self._compile(tx.dialect)
        values = [
            (processor(parameters.get(name, fixed)) if processor else parameters.get(name, fixed))
            for name, fixed, processor in self._parameters
        ]
        incident = parameters[self._incident] if self._incident is not None else None
        return _driver(tx, incident).execute(self._text, values)

    def _compile(self, dialect: Dialect) -> None:
        """What is fixed stands in the text. As a parameter, SQLite would plan the statement anew each time:
        the value may decide whether an index of some rows only can be used."""
        compiled = self._statement.compile(dialect=dialect)
        processors, values = compiled._bind_processors, compiled.params
        text, *rest = str(compiled).split("?")
        self._parameters = []
        for name, following in zip(compiled.positiontup, rest, strict=True):
            if isinstance(values[name], str):
                text += "'" + values[name].replace("'", "''") + "'"
            else:
                text += "?"
                self._parameters.append((name, values[name], processors.get(name)))
            text += following
        self._text = text


def _is_sqlite(tx: Connection) -> bool:
    return tx.dialect.name == "sqlite"


def _by_name(compiled: Any, dialect: Dialect) -> Callable[[Sequence[Any]], Row[Any]]:
    """What makes a row of the driver's one of SQLAlchemy's kind: the same names, the same values."""
    columns = compiled._result_columns
    converters = [
        (place, converter)
        for place, column in enumerate(columns)
        if (converter := _converter(column.type, dialect)) is not None
    ]
    make: Any = namedtuple
    named = make("Found", [column.keyname for column in columns])
    named._mapping = property(named._asdict)

    def found(row: Sequence[Any]) -> Row[Any]:
        values = list(row)
        for place, converter in converters:
            if values[place] is not None:
                values[place] = converter(values[place])
        return cast("Row[Any]", named._make(values))

    return found


class Update:
    """Change columns of one row, found by the columns that are its key.

    `incident`: the one of them that holds the id of the incident whose row it is.
    """

    def __init__(self, table: Table, *key: str, incident: str | None = None) -> None:
        self._table = table
        self._incident = f"of_{incident}" if incident is not None else None
        self._key = key
        self._names = [f"of_{name}" for name in key]
        self._statements: dict[tuple[str, ...], Statement] = {}

    def run(self, tx: Connection, key: Sequence[Any], columns: Parameters) -> int:
        """How many rows have that key, and are changed."""
        names = tuple(columns)
        statement = self._statements.get(names)
        if statement is None:
            statement = self._statements[names] = Statement(self._statement(names), incident=self._incident)
        values = {f"new_{name}": value for name, value in columns.items()}
        return statement.change(tx, values | dict(zip(self._names, key, strict=True)))

    def _statement(self, names: Sequence[str]) -> Executable:
        wanted = (self._table.c[name] == bindparam(f"of_{name}") for name in self._key)
        return self._table.update().where(*wanted).values({name: bindparam(f"new_{name}") for name in names})


#: So many rows go in one statement at most. Fewer go in statements of 32, 16, 8 …: a driver keeps only so
#: many of them at hand.
_MOST_ROWS = 64


class Insert:
    """Insert rows into a table; with `unless`, a row whose value of that column is known is left out."""

    def __init__(self, table: Table, unless: str | None = None) -> None:
        self._table = table
        self._unless = unless
        adding = insert(table)
        if unless is not None:
            adding = adding.on_conflict_do_nothing(index_elements=[unless])
        self._statement = adding.returning(*table.primary_key.columns)
        self._texts: dict[Hashable, str] = {}
        self._processors: dict[str, Processor | None] = {}

    def run(self, tx: Connection, rows: Sequence[Parameters]) -> int:
        """How many rows were inserted. Every row has the same columns."""
        if tx.dialect.is_async:
            return len(tx.execute(self._statement, [dict(row) for row in rows]).all())
        inserted = first = 0
        for count in powers(len(rows), _MOST_ROWS):
            inserted += self._run(tx, rows[first : first + count])
            first += count
        return inserted

    def _run(self, tx: Connection, rows: Sequence[Parameters]) -> int:
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


def _converter(kind: Any, dialect: Dialect) -> Processor | None:
    """What makes a value of the driver's one of this column's type."""
    if isinstance(kind, TypeDecorator):
        return lambda value: kind.process_result_value(value, dialect)
    found: Processor | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return found


def _driver(tx: Connection, incident: str | None = None) -> Any:
    """The driver's own connection, inside the same transaction, after all that was to be inserted.

    Who asks of one incident waits only for what is to be inserted of that one.
    """
    shared.insert_gathered(tx, incident)
    return tx.connection.driver_connection
