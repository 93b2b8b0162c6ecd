"""The kinds of values in the file: what each accepts, and the sentence for what it does not."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from bot.domain import zone
from bot.domain.contact import Method, Urgency
from bot.domain.hours import Weekday
from bot.domain.organization import LevelRole
from bot.domain.postmortem import PostmortemLevel
from bot.domain.rights import Role
from bot.domain.sla import Severity
from bot.organization_file import spans
from bot.organization_file.problems import hint, quoted, suggestion

T = TypeVar("T")

DEFAULT_POLICY: Final = "default"
#: Of moments, which all have to be in UTC too.
FIRST_YEAR, LAST_YEAR = 1970, 9998


def _written(read: Callable[[str], T]) -> BeforeValidator:
    """Reads text; a value that is already what is wanted passes."""

    def check(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return read(value)
        except ValueError as error:
            raise ValueError(f"{quoted(value)} {error}") from None

    return BeforeValidator(check)


def _one_of(known: Sequence[str]) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and value not in known:
            raise ValueError(f"{quoted(value)} is not allowed{hint(value, known)}")
        return value

    return BeforeValidator(check)


def _matching(pattern: str, wanted: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"{quoted(value)} must be {wanted}")
        return value

    return AfterValidator(check)


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError(f"{quoted(value)} must be one line without control characters")
    return value


def _lines(value: str) -> str:
    if not all(line.isprintable() for line in value.split("\n")):
        raise ValueError(f"{quoted(value)} must be text without control characters")
    return value


def _channel(value: str) -> str:
    name = value.removeprefix("#")
    if not re.fullmatch(r"[\w-]{1,80}", name) or name != name.lower():
        raise ValueError(
            f"{quoted(value)} must be a channel's name: up to 80 lower-case letters, digits, - and _"
        )
    return name


def _user_group(value: str) -> str:
    handle = value.removeprefix("@")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,79}", handle, re.ASCII):
        raise ValueError(
            f"{quoted(value)} must be a Slack user group's handle: lower-case letters, digits, ., - and _"
        )
    return handle


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;]{1,64}@[^@\s<>,;]{1,190}", value) or not value.isprintable():
        raise ValueError(f"{quoted(value)} must be an e-mail address")
    return value


def _time_zone(value: str) -> str:
    if value not in zone.names():
        near = suggestion(value, sorted(zone.names()))
        raise ValueError(f"{quoted(value)} is no time zone{near or ': write one such as Europe/Berlin'}")
    return value


def _handoff(text: str) -> time:
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip(), re.ASCII)
    if match is None:
        raise ValueError("must be a time of day from 00:00 to 23:59")
    return time(int(match[1]), int(match[2]))


def _date(text: str) -> date:
    wanted = "must be a date such as 2026-01-05"
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip(), re.ASCII):
        raise ValueError(wanted)
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{wanted}, and a day that exists") from None


def _moment(text: str) -> datetime:
    """Local time, unless an offset is written."""
    wanted = "must be a date and time such as 2026-01-05 09:00"
    if not re.fullmatch(_MOMENT, text.strip(), re.ASCII):
        raise ValueError(wanted)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{wanted}, and one that exists") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(f"must lie between {FIRST_YEAR} and {LAST_YEAR}")
    return found


def _moment_text(value: datetime) -> str:
    is_whole = value.second == value.microsecond == 0
    return value.isoformat(" ", timespec="minutes" if is_whole else "auto")


def _address(value: str) -> str:
    # The address of a calendar is a secret: it is not told again.
    if (
        not re.fullmatch(r"(https?|webcals?)://[^\s/]+(/\S*)?", value, re.IGNORECASE)
        or not value.isprintable()
    ):
        raise ValueError("must be the address of a calendar: https://…")
    return value


def _calendar_file(value: str) -> str:
    parts = value.split("/")
    if not value.isprintable() or "\\" in value or not all(parts) or {".", ".."} & set(parts):
        raise ValueError(
            f"{quoted(value)} must be a file beside the organization file, or in a folder beside it"
        )
    return value


def _pattern(pattern: str) -> Any:
    return Field(json_schema_extra={"pattern": pattern})


_HANDLE = r"[a-z0-9][a-z0-9_-]{0,63}"
_SERVICE_KEY = r"svc_[A-HJ-NP-TV-Z][A-HJ-NP-TV-Z2-9]{9}"
_MOMENT = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?"
_SLACK_ID = r"[UW][A-Z0-9]{1,20}"

#: Refers to a person, team, service or schedule by its key in this file. Checked in `checks`.
Handle = Annotated[
    str,
    _matching(_HANDLE, "a handle of lower-case letters, digits, - and _, such as warehouse-sync"),
    _pattern(f"^{_HANDLE}$"),
]
Reference = Annotated[str, Field(max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_line)]
Description = Annotated[str, Field(max_length=1000), AfterValidator(_lines)]
Email = Annotated[str, AfterValidator(_email), Field(json_schema_extra={"format": "email"})]
SlackId = Annotated[
    str, _matching(_SLACK_ID, "a Slack member id such as U012ABCDEF"), _pattern(f"^{_SLACK_ID}$")
]
ServiceKey = Annotated[
    str,
    _matching(_SERVICE_KEY, "svc_ and ten of A-Z (not I, O, U) and 2-9; leave it out to get one"),
    _pattern(f"^{_SERVICE_KEY}$"),
]
ChannelName = Annotated[str, AfterValidator(_channel)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
CalendarAddress = Annotated[
    str, Field(max_length=2000, json_schema_extra={"format": "uri"}), AfterValidator(_address)
]
CalendarFile = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_calendar_file)]

Channel = Annotated[Method, _one_of(list(Method))]
PersonRole = Annotated[Role, _one_of(list(Role))]
RoleName = Annotated[LevelRole, _one_of(list(LevelRole))]
UserGroup = Annotated[str, AfterValidator(_user_group)]
UrgencyName = Annotated[Urgency, _one_of(list(Urgency))]
DayOfWeek = Annotated[Weekday, _one_of(list(Weekday))]
PostmortemLevelName = Annotated[PostmortemLevel, _one_of(list(PostmortemLevel))]
SeverityName = Annotated[Severity, _one_of(list(Severity))]
PolicyName = Annotated[str, _one_of([*Severity, DEFAULT_POLICY])]

Duration = Annotated[
    timedelta,
    _written(spans.as_duration),
    PlainSerializer(spans.duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": spans.DURATION_PATTERN, "examples": ["15 min", "4 h"]}),
]
Delay = Annotated[
    timedelta,
    _written(spans.as_delay),
    PlainSerializer(spans.duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": spans.DURATION_PATTERN, "examples": ["5 min", "1 h"]}),
]
Interval = Annotated[
    spans.Every,
    _written(spans.as_every),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": spans.EVERY_PATTERN, "examples": ["1 week", "3 days"]}),
]
TimeOfDay = Annotated[
    time,
    _written(_handoff),
    PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d$", "examples": ["09:00"]}),
]
Day = Annotated[
    date,
    _written(_date),
    PlainSerializer(date.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date"}),
]
Moment = Annotated[
    datetime,
    _written(_moment),
    PlainSerializer(_moment_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_MOMENT}$", "examples": ["2026-12-24 10:00"]}),
]
