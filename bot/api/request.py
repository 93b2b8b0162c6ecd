"""A request's path, query and body → the shapes that its route wants, or a refusal that names the field."""

import asyncio
from collections.abc import Mapping
from itertools import islice
from typing import Any

from aiohttp import web
from multidict import MultiMapping
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot import strict_json
from bot.api.envelope import RequestRefused
from bot.api.front import document_of
from bot.domain.errors import Invalid

LARGEST_BODY = 1024 * 1024
#: Who sends slower than this holds nothing but their own connection.
BODY_SECONDS = 10.0
#: A refusal names so many wrong fields, and tells how many more there are.
MOST_NAMED = 12
_BOUNDS = f"nested at most {strict_json.DEEPEST} deep, of at most {strict_json.MOST} arrays and objects"


async def document(request: web.Request) -> Mapping[str, Any]:
    """The JSON object in the body. Raises RequestRefused and Invalid."""
    content = await _content(request)
    try:
        return document_of(content)
    except ValueError:
        raise Invalid(body=f"must be a JSON object in UTF-8, {_BOUNDS}") from None


async def nothing(request: web.Request) -> Mapping[str, Any]:
    """Nothing, whatever JSON the body may hold. Raises RequestRefused and Invalid."""
    content = await _content(request)
    try:
        if content.strip():
            strict_json.loads(content)
    except ValueError:
        raise Invalid(body=f"must be JSON in UTF-8, {_BOUNDS}, or nothing") from None
    return {}


async def _content(request: web.Request) -> bytes:
    """The body as it came."""
    if any(one.strip().lower() != "identity" for one in request.headers.getall("Content-Encoding", [])):
        raise Invalid(**{"Content-Encoding": "must be identity: send the body as it is"})
    if (request.content_length or 0) > LARGEST_BODY:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        sentence = f"The body did not arrive within {BODY_SECONDS:.0f} seconds."
        raise RequestRefused("REQUEST_TIMEOUT", sentence, headers={"Connection": "close"}) from None
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    except (OSError, web.RequestPayloadError):
        raise _damaged() from None


def shaped(shape: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    """The values as the shape wants them. Raises Invalid, which names the fields that are wrong."""
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        details: dict[str, str] = {}
        for one in error.errors(include_url=False, include_context=True, include_input=False):
            details.setdefault(_field(one["loc"]), _sentence(one))
        raise Invalid(**_shortened(details)) from None


def query_of(shape: type[BaseModel], query: MultiMapping[str]) -> dict[str, Any]:
    """The parameters that the shape knows. Raises Invalid for one that is given twice and may not be.

    `status[]=resolved` is how some clients write a list. Ignored like a name that nobody knows, it would list
    the open incidents to whoever asked for the resolved ones.
    """
    found: dict[str, Any] = {}
    for written in query:
        name, bracket, _ = written.partition("[")
        if bracket and name in shape.model_fields:
            raise Invalid(**{written: f"must be written {name}, and may be repeated if it takes a list"})
    for name, field in shape.model_fields.items():
        values = query.getall(name, [])
        if str(field.annotation).startswith("tuple"):
            found |= {name: tuple(values)} if values else {}
        elif len(values) > 1:
            raise Invalid(**{name: "must be given once"})
        elif values:
            found[name] = values[0]
    return found


def _shortened(details: dict[str, str]) -> dict[str, str]:
    named = dict(islice(details.items(), MOST_NAMED))
    more = len(details) - len(named)
    return named | ({"more": f"{more} more fields are wrong"} if more else {})


def _too_large() -> RequestRefused:
    return RequestRefused(
        "PAYLOAD_TOO_LARGE", "The body is larger than 1 MiB.", {"body": "must have at most 1 MiB"}
    )


def _damaged() -> RequestRefused:
    return RequestRefused(
        "VALIDATION_ERROR",
        "The body ended before it was whole, or came damaged.",
        {"body": "is damaged"},
        {"Connection": "close"},
    )


def _field(path: tuple[int | str, ...]) -> str:
    """The field's name; the place in a list of plain values is left out."""
    names = path[:-1] if path and isinstance(path[-1], int) else path
    return ".".join(map(str, names)) or "body"


def _sentence(error: ErrorDetails) -> str:
    """What is wrong, and what is allowed."""
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "missing":
            return "is required"
        case "string_type":
            return "must be a text"
        case "enum":
            return f"must be one of {str(context['expected']).replace(' or ', ', ').replace(chr(39), '')}"
        case "int_type" | "int_parsing" | "int_parsing_size" | "int_from_float":
            return "must be a whole number"
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "tuple_type" | "list_type":
            return "must be a list"
        case "too_short":
            return "must not be empty"
        case "model_type" | "dict_type" | "mapping_type" | "model_attributes_type":
            return "must be an object"
        case "datetime_type" | "date_type":
            return "must be a time with its zone, such as 2026-04-18T10:30:00Z"
        case _:
            return f"{error['msg'][:1].lower()}{error['msg'][1:]}"
