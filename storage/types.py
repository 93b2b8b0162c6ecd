"""Column types: UTC times, JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Text, TypeDecorator, type_coerce

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_to_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """A moment, kept as whole microseconds since 1970 UTC: exact, ordered, the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def as_time(microseconds: int) -> datetime:
    """The moment that a `UtcTime` column keeps, for who reads the column as it is."""
    return _EPOCH + timedelta(microseconds=microseconds)


def kept(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as the database keeps it, whoever reads it."""
    return type_coerce(column, BigInteger)


@dataclass(frozen=True, slots=True)
class JsonText:
    """A document that was written as JSON already, by who could do it faster."""

    text: str


class Json(TypeDecorator[Any]):
    """A JSON document, kept as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if type(value) is JsonText:
            return value.text
        return None if value is None else _to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
