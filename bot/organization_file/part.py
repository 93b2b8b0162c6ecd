"""What every part of the file has in common, and which keys a part knows."""

from collections.abc import Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator

from bot.organization_file.problems import Path


class Part(BaseModel):
    """A key without a value is as if it were not there."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, value: object) -> object:
        if value is None:
            return {}
        if isinstance(value, dict):
            known = cls.keys()
            return {key: one for key, one in value.items() if one is not None or key not in known}
        return value

    @classmethod
    def keys(cls) -> dict[str, Any]:
        """The part's keys as they stand in the file, each with the type of its value."""
        return {field.alias or name: field.annotation for name, field in cls.model_fields.items()}


def known_keys(whole: type[Part], path: Path) -> list[str]:
    """The keys that the part at this path of the whole may have."""
    found: Any = whole
    for step in path:
        found = _inside(found, str(step))
    return list(found.keys()) if _is_part(found) else []


def _inside(kind: Any, key: str) -> Any:
    """The type of a value within one of this type."""
    if _is_part(kind):
        return _bare(kind.keys().get(key))
    if get_origin(kind) is tuple:
        return _bare(get_args(kind)[0])
    is_mapping = isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping)
    return _bare(get_args(kind)[1]) if is_mapping else None


def _bare(kind: Any) -> Any:
    """What may be None without that."""
    if get_origin(kind) in (Union, UnionType):
        return next(one for one in get_args(kind) if one is not type(None))
    return kind


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Part)
