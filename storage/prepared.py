"""Statements compiled once, for the few that run for every incident.

SQLAlchemy spends 60 to 100 µs on each execution besides SQLite's 5 to 20: a declaration runs a dozen
statements, and the rate at which incidents are created is theirs. What stands here is still written as
Core expressions and compiled by SQLAlchemy; only its execution is ours, and only where the driver is
not asynchronous. Several rows go in one statement, because each one sets the interpreter free and has
to win it back.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, Table, TypeDecorator, bindparam, literal
from sqlalchemy.engine.interfaces import Dialect

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
_NOTHING: Row = MappingProxyType({})
#: From a row's own values, by column, to an expression that the database computes.
Formula = Callable[[Mapping[str, ColumnElement[Any]]], ColumnElement[Any]]
Formulas = Mapping[str, Sequence[Formula]]
_NO_FORMULAS: Formulas = MappingProxyType({})


class Insert:
    """Insert rows into a table; with `unless`, a row whose value of that column is known is left out.

    `common` has the columns that all rows share; they are handed over once. `formulas` has columns that
    the database computes, with a formula a row.
    """

    def __init__(self, table: Table, unless: str | None = None) -> None:
        self._table = table
        self._unless = unless
        self._texts: dict[Hashable, str] = {}
        self._processors: dict[str, Processor | None] = {}

    def run(
        self, tx: Connection, rows: Sequence[Row], common: Row = _NOTHING, formulas: Formulas = _NO_FORMULAS
    ) -> int:
        """How many rows were inserted. Every row has the same columns."""
        if tx.dialect.is_async:
            return tx.execute(self._statement().values(_computed(rows, common, formulas))).rowcount
        columns, shared = tuple(rows[0]), tuple(common)
        shape = (columns, shared, len(rows), *formulas.values())
        text = self._texts.get(shape)
        if text is None:
            text = self._texts[shape] = self._compile(tx.dialect, columns, shared, len(rows), formulas)
        values = [common[column] for column in shared]
        values += [row[column] for row in rows for column in columns]
        first, width = len(shared), len(columns)
        for place, column in enumerate(shared):
            if processor := self._processors[column]:
                values[place] = processor(values[place])
        for place, column in enumerate(columns, first):
            if processor := self._processors[column]:
                values[place::width] = map(processor, values[place::width])
        return int(_driver(tx).execute(text, values).rowcount)

    def _statement(self) -> Any:
        return (
            insert(self._table)
            if self._unless is None
            else insert(self._table).on_conflict_do_nothing(index_elements=[self._unless])
        )

    def _compile(
        self,
        dialect: Dialect,
        columns: Sequence[str],
        common: Sequence[str],
        count: int,
        formulas: Formulas,
    ) -> str:
        for column in (*common, *columns):
            self._processors[column] = _processor(self._table.c[column].type, dialect)
        shared = [f"?{place}" for place in range(1, len(common) + 1)]
        lines = []
        for at in range(count):
            first = len(common) + at * len(columns) + 1
            own = {column: f"?{place}" for place, column in enumerate(columns, first)}
            computed = [_formula(of_rows[at], own, dialect) for of_rows in formulas.values()]
            lines.append(f"({', '.join([*shared, *own.values(), *computed])})")
        quoted = dialect.identifier_preparer.quote
        ending = f" ON CONFLICT ({quoted(self._unless)}) DO NOTHING" if self._unless is not None else ""
        names = ", ".join(map(quoted, (*common, *columns, *formulas)))
        return f"INSERT INTO {self._table.name} ({names}) VALUES {', '.join(lines)}{ending}"  # noqa: S608


def _formula(formula: Formula, own: Mapping[str, str], dialect: Dialect) -> str:
    """The formula as text, with the row's own parameters in it."""
    compiled: Any = formula({column: bindparam(column) for column in own}).compile(dialect=dialect)
    text = str(compiled)
    for column in compiled.positiontup or ():
        text = text.replace("?", own[column], 1)
    return text


def _computed(rows: Sequence[Row], common: Row, formulas: Formulas) -> list[dict[str, Any]]:
    """The rows with all their columns, for SQLAlchemy."""
    found = []
    for at, row in enumerate(rows):
        own = {column: literal(value) for column, value in row.items()} if formulas else {}
        computed = {column: of_rows[at](own) for column, of_rows in formulas.items()}
        found.append({**common, **row, **computed})
    return found


def _processor(kind: Any, dialect: Dialect) -> Processor | None:
    """What makes a value of this column's type one of the driver's."""
    if isinstance(kind, TypeDecorator):
        return partial(_decorated, kind, dialect)
    found: Processor | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found


def _decorated(kind: TypeDecorator[Any], dialect: Dialect, value: Any) -> Any:
    return None if value is None else kind.process_bind_param(value, dialect)


def _driver(tx: Connection) -> Any:
    """The driver's own connection, inside the same transaction."""
    return tx.connection.driver_connection
