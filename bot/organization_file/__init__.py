"""The organization file (YAML) ↔ `domain.organization`; errors name the line, editors get a JSON Schema."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.domain.organization import Organization
from bot.organization_file import problems
from bot.organization_file.calendars import texts
from bot.organization_file.checks import check, check_slas, check_times
from bot.organization_file.conversion import file_of, organization_of
from bot.organization_file.document import MAX_CHARACTERS, Document, load
from bot.organization_file.layout import File, known_keys
from bot.organization_file.policies import MOST_REPEATS
from bot.organization_file.problems import FileError, Problem, hint, quoted

__all__ = ["FileError", "Problem", "json_schema", "parse", "parts", "read", "write"]

_HEADER = (
    "# An organization of Tocsin. Show what a change would do: tocsin plan FILE; do it: tocsin apply FILE\n"
)


def read(path: Path) -> Organization:
    """The organization in the file. Raises FileError with every problem and its line."""
    try:
        with path.open("rb") as file:
            # One byte more than four for each character tells a file that is too large from one that is not.
            content = file.read(4 * MAX_CHARACTERS + 1)
        return parse(content.decode("utf-8-sig"), path.name, path.parent)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileError(path.name, [Problem(line, (), "is not UTF-8 text")]) from None
    except OSError as error:
        sentence = f"cannot be read: {error.strerror or 'unknown error'}"
        raise FileError(str(path), [Problem(0, (), sentence)]) from None


def parse(text: str, source: str, folder: Path | None = None) -> Organization:
    """The organization in the text; `source` names it in errors. Raises FileError.

    Calendars that it names are read from the folder.
    """
    document = load(text, source)
    if not isinstance(document.value, dict):
        known = ", ".join(known_keys(()))
        raise FileError(source, [Problem(1, (), f"must be a mapping with the keys {known}")])
    file = _file(document)
    check(document)
    calendars: dict[str, str] = {}
    if file is not None:
        check_slas(document, file)
        check_times(document, file)
        calendars = texts(document, folder)
    if file is None or document.problems:
        raise FileError(source, document.problems)
    return organization_of(file, calendars)


def write(organization: Organization) -> str:
    """The organization as a file that `parse` reads back as the same organization."""
    brief = parts(organization, is_brief=True)
    return _HEADER + "\n" + yaml.safe_dump(brief, sort_keys=False, allow_unicode=True, width=110)


def parts(organization: Organization, *, is_brief: bool = False) -> dict[str, Any]:
    """The organization in plain values, as its file tells it; `is_brief` leaves out what needs no saying."""
    return file_of(organization).model_dump(mode="json", by_alias=True, exclude_defaults=is_brief)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **File.model_json_schema()}


def _file(document: Document) -> File | None:
    try:
        return File.model_validate(document.value)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            if one["type"] == "too_short" and one["input"]:
                continue  # its items are what is wrong, and are told themselves
            path = tuple(part for part in one["loc"] if part != "[key]")
            document.refuse(path, _sentence(one, path))
        return None


def _sentence(error: ErrorDetails, path: problems.Path) -> str:
    """What pydantic found, in words for the author of the file."""
    value, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"is no key of this part{hint(str(path[-1]), known_keys(path[:-1]))}"
        case "string_type":
            return "must be a word or a line of text"
        case "model_type" | "mapping_type" | "dict_type":
            return f"must be a mapping of keys to values{_shown(value)}"
        case "tuple_type" | "list_type":
            return f"must be a list{_shown(value)}"
        case "bool_parsing" | "bool_type":
            return f"must be true or false{_shown(value)}"
        case "int_parsing" | "int_type" | "int_parsing_size" | "greater_than_equal" | "less_than_equal" if (
            path[-1] == "repeat"
        ):
            return f"must be a whole number from 0 to {MOST_REPEATS}{_shown(value)}"
        case "int_parsing" | "int_type" | "greater_than" | "less_than_equal" | "int_parsing_size":
            return f"must be a whole number of minutes, from 1 to 366 days{_shown(value)}"
        case "too_short":
            return "must not be empty"
        case "too_long":
            return f"must have at most {context['max_length']}, has {context['actual_length']}"
        case _:
            return f"{error['msg'][:1].lower()}{error['msg'][1:]}{_shown(value)}"


def _shown(value: object) -> str:
    return f", is {quoted(value)}" if isinstance(value, str) else ""
