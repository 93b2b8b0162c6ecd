"""The kinds of values that requests carry: what each accepts, and the sentence for what it does not."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import core_schema

from bot.domain.ids import as_incident_number, as_postmortem_number
from bot.domain.incident import seen

#: Rows of a list.
DEFAULT_LIMIT, LARGEST_LIMIT = 20, 100
#: SQLite and PostgreSQL count in 64 bits.
LARGEST_OFFSET = 2**63 - 1
#: More than any policy has.
HIGHEST_LEVEL = 1000

_INCIDENT_NUMBER = "[Ii][Nn][Cc]-[0-9]{4}-[0-9]{1,9}"
_POSTMORTEM_NUMBER = "[Pp][Mm]-[0-9]{4}-[0-9]{1,9}"
_SERVICE_KEY = r"svc_[A-HJ-NP-TV-Z][A-HJ-NP-TV-Z2-9]{9}"
#: No space, no control character; the mail server knows the rest.
_ADDRESS = r"[^@\x00-\x20\x7f-\xa0]{1,64}@[^@\x00-\x20\x7f-\xa0]{1,190}"
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


class Shape(BaseModel):
    """What a request carries, or an answer. Keys that are not known are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@dataclass(frozen=True)
class Words:
    """A text of so many characters, not counting space around it; NUL is none of them.

    Where there must be one, there must be one that can be seen.
    """

    least: int
    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        something = r"^[^\x00]*[^\s\x00\x1c-\x1f\x85][^\x00]*$"
        shape: dict[str, Any] = {"type": "string", "maxLength": self.most}
        if self.least:
            return shape | {"minLength": self.least, "pattern": something}
        return shape | {"pattern": r"^[^\x00]*$"}

    def check(self, text: str) -> str:
        trimmed = _whole(text).strip()
        length = len(seen(trimmed) if self.least else trimmed)
        if not self.least <= length <= self.most:
            raise ValueError(f"must have {self.least} to {self.most} characters, has {length}")
        return trimmed


@dataclass(frozen=True)
class Most:
    """A list of at most so many entries; of a longer one none is looked at.

    pydantic counts them when it has validated each, and of 350,000 wrong ones it makes as many errors:
    one request held up everybody for four seconds.
    """

    entries: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        shape: dict[str, Any] = handler(schema)
        return shape | {"maxItems": self.entries}

    def check(self, value: object) -> object:
        if isinstance(value, list | tuple) and len(value) > self.entries:
            raise ValueError(f"must have at most {self.entries} entries, has {len(value)}")
        return value


def _whole(text: str) -> str:
    """The text, if every database can keep it and every client can read it."""
    if "\x00" in text:
        raise ValueError("must not contain the character NUL")
    if not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text):
        raise ValueError("must be valid Unicode: a surrogate stands alone in it")
    return text


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    wanted = "must be a time with its zone, such as 2026-04-18T10:30:00Z"
    if not _TIME.fullmatch(value):
        hint = " (write + as %2B in an address)" if re.search(r" \d\d:?\d\d$", value) else ""
        raise ValueError(wanted + hint)
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{wanted}, and one that exists") from None


def _stamp(value: str) -> str:
    moment = _moment(value)
    return f"{moment.replace(tzinfo=None).isoformat()}Z" if isinstance(moment, datetime) else value


def _digits(value: object) -> object:
    """A number of a query, where everything is text."""
    if isinstance(value, str) and not re.fullmatch(r"-?\d{1,30}", value, re.ASCII):
        raise ValueError("must be a whole number")
    return value


def _service_key(value: str) -> str:
    key = value[:4].lower() + value[4:].upper()
    if not value.isascii() or not re.fullmatch(_SERVICE_KEY, key):  # some letters are raised into ASCII
        raise ValueError("must be a service key such as svc_K7M4Q9TZ2H")
    return key


def _incident_number(value: str) -> str:
    number = as_incident_number(value)
    if number is None or not re.fullmatch(_INCIDENT_NUMBER, value):
        raise ValueError("must be an incident number such as INC-2026-044")
    return number


def _postmortem_number(value: str) -> str:
    number = as_postmortem_number(value)
    if number is None or not re.fullmatch(_POSTMORTEM_NUMBER, value):
        raise ValueError("must be a postmortem number such as PM-2026-007")
    return number


def _email(value: str) -> str:
    if not re.fullmatch(_ADDRESS, _whole(value)):
        raise ValueError("must be an e-mail address")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
#: A time as a text: ISO 8601 in UTC, however it was written.
Stamp = Annotated[str, AfterValidator(_stamp), WithJsonSchema({"type": "string", "format": "date-time"})]
Email = Annotated[
    str,
    AfterValidator(_email),
    WithJsonSchema({"type": "string", "pattern": f"^{_ADDRESS}$"}),
]
ServiceKey = Annotated[
    str,
    AfterValidator(_service_key),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[Ss][Vv][Cc]_[A-HJ-NP-TV-Za-hj-np-tv-z][A-HJ-NP-TV-Za-hj-np-tv-z2-9]{9}$",
        }
    ),
]
IncidentNumber = Annotated[
    str,
    AfterValidator(_incident_number),
    WithJsonSchema({"type": "string", "pattern": f"^{_INCIDENT_NUMBER}$", "examples": ["INC-2026-044"]}),
]
PostmortemNumber = Annotated[
    str,
    AfterValidator(_postmortem_number),
    WithJsonSchema({"type": "string", "pattern": f"^{_POSTMORTEM_NUMBER}$", "examples": ["PM-2026-007"]}),
]
#: An escalation level, of a query.
EscalationLevel = Annotated[int, Field(ge=0, le=HIGHEST_LEVEL), BeforeValidator(_digits)]
Distinct = AfterValidator(_distinct)
Search = Annotated[str, Words(0, 200)]


class ListQuery(Shape):
    limit: Annotated[int, Field(ge=1, le=LARGEST_LIMIT), BeforeValidator(_digits)] = DEFAULT_LIMIT
    offset: Annotated[int, Field(ge=0, le=LARGEST_OFFSET), BeforeValidator(_digits)] = 0


def example(**values: Any) -> ConfigDict:
    """Shows what a request looks like, in the API's description."""
    return ConfigDict(extra="ignore", frozen=True, json_schema_extra={"examples": [values]})


class NoQuery(Shape):
    """A request without a query."""


class Named(Shape):
    name: str


class PersonRef(Shape):
    """A person by name; somebody who is known by name only has no address."""

    name: str
    email: str | None
