"""Statements compiled once, for what happens with every incident, deadline and delivery.

SQLAlchemy spends 60 to 100 µs on each execution besides SQLite's 5 to 20, and 80 besides asyncpg's 120. What
stands here is still written as Core expressions and compiled by SQLAlchemy; only its execution is ours.
Several rows go in one statement: each one sets the interpreter free and has to win it back, or is a journey
to the server.
"""

from collections import namedtuple
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import Any, cast

from sqlalchemy import (
    Connection,
    Executable,
    Row,
    Table,
    TypeDecorator,
    bindparam,
)
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import MultipleResultsFound

from storage import others, shared

Processor = Callable[[Any], Any]
Parameters = Mapping[str, Any]


class Statement:
    """A statement with named parameters. A list of values in it is one of expressions: `in_([literal(1)])`.

    `holds`: where others write at the same time, the rows it finds are this transaction's until its end.
    `incident`: the parameter that holds the id or number of the one incident whose rows it is about.
    """

    def __init__(self, statement: Executable, *, holds: bool = False, incident: str | None = None) -> None:
        self._statement: Any = statement
        self._holds = holds
        self._incident = incident
        self._forms: dict[tuple[str, bool], _Form] = {}

    def run(self, tx: Connection, parameters: Parameters) -> list[tuple[Any, ...]]:
        """What it returns, as the driver gives it, unconverted."""
        found = self._executed(tx, self._form(tx), parameters).fetchall()
        return found if _is_sqlite(tx) else [*map(tuple, found)]

    def rows(self, tx: Connection, parameters: Parameters) -> Sequence[Row[Any]]:
        """The rows it returns, by their columns' names, converted."""
        form = self._form(tx)
        return [*map(form.row, self._executed(tx, form, parameters).fetchall())]

    def row(self, tx: Connection, parameters: Parameters) -> Row[Any] | None:
        """The only row it returns, if any."""
        found = self.rows(tx, parameters)
        if len(found) > 1:
            raise MultipleResultsFound("one row at most was expected")
        return found[0] if found else None

    def change(self, tx: Connection, parameters: Parameters) -> int:
        """How many rows it changed."""
        return int(self._executed(tx, self._form(tx), parameters).rowcount)

    def _form(self, tx: Connection) -> "_Form":
        kind = (tx.dialect.name, self._holds and others.write(tx))
        form = self._forms.get(kind)
        if form is None:
            statement = self._statement.with_for_update() if kind[1] else self._statement
            form = self._forms[kind] = _Form(statement.compile(dialect=tx.dialect), tx.dialect)
        return form

    def _executed(self, tx: Connection, form: "_Form", parameters: Parameters) -> Any:
        values = [
            (processor(parameters.get(name, fixed)) if processor else parameters.get(name, fixed))
            for name, fixed, processor in form.parameters
        ]
        incident = parameters[self._incident] if self._incident is not None else None
        return _execute(tx, form.text, values, incident)


class _Form:
    """A statement as one kind of database is asked it."""

    def __init__(self, compiled: Any, dialect: Dialect) -> None:
        self._compiled, self._dialect = compiled, dialect
        #: Each with its name, what it is unless said otherwise, and what makes the driver's value of it.
        self.parameters: list[tuple[str, Any, Processor | None]] = []
        self.text = str(compiled)
        if dialect.name == "sqlite":
            self._write_out()
        else:
            self.parameters = [self._parameter(name) for name in compiled.positiontup]

    @cached_property
    def row(self) -> Callable[[Sequence[Any]], Row[Any]]:
        """What makes a row of the driver's one of SQLAlchemy's kind."""
        return _by_name(self._compiled, self._dialect)

    def _parameter(self, name: str) -> tuple[str, Any, Processor | None]:
        return name, self._compiled.params[name], self._compiled._bind_processors.get(name)

    def _write_out(self) -> None:
        """What is fixed stands in the text. As a parameter, SQLite would plan the statement anew each time:
        the value may decide whether an index of some rows only can be used."""
        text, *rest = self.text.split("?")
        for name, following in zip(self._compiled.positiontup, rest, strict=True):
            value = self._compiled.params[name]
            if isinstance(value, str):
                text += "'" + value.replace("'", "''") + "'"
            else:
                text += "?"
                self.parameters.append(self._parameter(name))
            text += following
        self.text = text


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


#: So many rows go in one statement of SQLite's at most. Fewer go in statements of 32, 16, 8 …: a driver keeps
#: only so many of them at hand. PostgreSQL has one statement for however many.
_MOST_ROWS = 64


class Insert:
    """Insert rows into a table; with `unless`, a row whose value of that column is known is left out."""

    def __init__(self, table: Table, unless: str | None = None) -> None:
        self._table = table
        self._unless = unless
        self._known: dict[Hashable, tuple[str, Sequence[Processor | None]]] = {}

    def run(self, tx: Connection, rows: Sequence[Parameters]) -> int:
        """How many rows were inserted. Every row has the same columns."""
        if not _is_sqlite(tx):
            return self._run(tx, rows)
        inserted = first = 0
        for count in powers(len(rows), _MOST_ROWS):
            inserted += self._run(tx, rows[first : first + count])
            first += count
        return inserted

    def _run(self, tx: Connection, rows: Sequence[Parameters]) -> int:
        is_sqlite = _is_sqlite(tx)
        columns = tuple(rows[0])
        shape = (tx.dialect.name, columns, len(rows) if is_sqlite else None)
        known = self._known.get(shape)
        if known is None:
            types = [self._table.c[column].type for column in columns]
            source = _lines(len(columns), len(rows)) if is_sqlite else _unnested(types, tx.dialect)
            text = self._text(tx.dialect, columns, source)
            known = self._known[shape] = text, [_processor(one, tx.dialect) for one in types]
        text, processors = known
        by_column = [
            [row[column] for row in rows] if processor is None else [processor(row[column]) for row in rows]
            for column, processor in zip(columns, processors, strict=True)
        ]
        values = [*chain.from_iterable(zip(*by_column, strict=True))] if is_sqlite else by_column
        return int(_execute(tx, text, values).rowcount)

    def _text(self, dialect: Dialect, columns: Sequence[str], source: str) -> str:
        quoted = dialect.identifier_preparer.quote
        ending = f" ON CONFLICT ({quoted(self._unless)}) DO NOTHING" if self._unless is not None else ""
        return f"INSERT INTO {self._table.name} ({', '.join(map(quoted, columns))}) {source}{ending}"


def _lines(columns: int, rows: int) -> str:
    """So many rows, value by value."""
    line = f"({', '.join('?' * columns)})"
    return f"VALUES {', '.join([line] * rows)}"


def _unnested(types: Sequence[Any], dialect: Dialect) -> str:
    """However many rows, column by column."""
    arrays = (f"${place}::{one.compile(dialect)}[]" for place, one in enumerate(types, 1))
    return f"SELECT * FROM unnest({', '.join(arrays)})"  # noqa: S608 - names of types


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


def _execute(tx: Connection, text: str, values: Sequence[Any], incident: str | None = None) -> Any:
    """The driver's own cursor, inside the same transaction, after all that was to be inserted.

    Who asks of one incident waits only for what is to be inserted of that one.
    """
    if not _is_sqlite(tx):
        return _ask_the_server(tx, text, values)
    shared.insert_gathered(tx, incident)
    driver: Any = tx.connection.driver_connection
    return driver.execute(text, values)


def _ask_the_server(tx: Connection, text: str, values: Sequence[Any]) -> Any:
    """What goes wrong is SQLAlchemy's to tell: it knows when the session is lost, and those beside it."""
    cursor = tx.connection.cursor()
    try:
        cursor.execute(text, values)
    except BaseException as error:
        is_of_server = isinstance(error, tx.dialect.loaded_dbapi.Error)
        tx._handle_dbapi_exception(error, text if is_of_server else None, None, cursor, None)
    return cursor
