"""Two organizations → the changes between them, part by part and field by field.

They are compared as the organization file would tell them (nested words and lists), not as values of the
domain: whoever reads a plan has the file before them and finds each name there, and a key that is new in
the file is told without a line here. Nothing is lost by it: what the file tells is the same organization.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

#: An organization as its file tells it: plain mappings, lists and words.
Words = Mapping[str, "Words"] | Sequence["Words"] | str | int | bool | None

#: Lists whose items are compared one by one, by their place.
_NUMBERED = ("levels", "branches")
#: Lists whose items are compared by their names.
_NAMED = ("layers",)
#: Lists whose items come and go, each for itself.
_LOOSE = ("overrides", "members")
#: The part that has no handles under it.
HEAD = "organization"


class Kind(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    #: No longer in the file: gone, or kept as inactive where incidents name it.
    REMOVED = "removed"


@dataclass(frozen=True)
class Field:
    """One value that differs; None is one that is not there."""

    name: str
    was: str | None
    to: str | None


@dataclass(frozen=True)
class Change:
    kind: Kind
    #: `people`, `schedules`, …: the file's own sections.
    part: str
    #: Empty for the organization itself.
    handle: str
    #: Of what is added or removed: all that it says of itself.
    fields: tuple[Field, ...]


def changes(was: Mapping[str, Words], to: Mapping[str, Words]) -> tuple[Change, ...]:
    """What differs, in the order of the file. Who becomes inactive is removed, who becomes active added."""
    found: list[Change] = []
    for part in _union(was, to):
        before, after = _mapping(was.get(part)), _mapping(to.get(part))
        if part == HEAD:
            before, after = {"": before or None}, {"": after or None}
        for handle in _union(before, after):
            change = _change(part, handle, before.get(handle), after.get(handle))
            if change is not None:
                found.append(change)
    return tuple(found)


def _change(part: str, handle: str, was: Words, to: Words) -> Change | None:
    fields = tuple(_differing(dict(_flat(was)), dict(_flat(to))))
    if not fields:
        return None
    if _is_present(was) == _is_present(to):
        return Change(Kind.CHANGED, part, handle, fields)
    return Change(Kind.ADDED if _is_present(to) else Kind.REMOVED, part, handle, fields)


def _is_present(value: Words) -> bool:
    return value is not None and not (isinstance(value, Mapping) and value.get("active") is False)


def _differing(was: Mapping[str, str], to: Mapping[str, str]) -> Iterator[Field]:
    for name in _union(was, to):
        if was.get(name) != to.get(name):
            yield Field(name.partition("=")[0], was.get(name), to.get(name))


def _flat(value: Words, path: str = "") -> Iterator[tuple[str, str]]:
    """Each value with its path; what is empty is not there. A loose item stands in its own path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from _flat_list(value, path)
    elif value is not None and value != "":
        yield path, _text(value)


def _flat_list(items: Sequence[Words], path: str) -> Iterator[tuple[str, str]]:
    key = path.rpartition(".")[2]
    if key in _LOOSE:
        for item in items:
            yield f"{path}={_text(item)}", _text(item)
    elif key in _NUMBERED:
        for number, item in enumerate(items, start=1):
            yield from _flat(item, f"{path}.{number}")
    elif key in _NAMED:
        names = [_name(item) for item in items]
        yield path, ", ".join(names)  # their order counts too
        for name, item in zip(names, items, strict=True):
            yield from _flat(item, f"{path}.{name}")
    elif items:
        yield path, ", ".join(map(_text, items))


def _name(item: Words) -> str:
    return _text(item.get("name")) if isinstance(item, Mapping) else _text(item)


def _text(value: Words) -> str:
    """The value on one line, as one would say it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_text(one)}" for key, one in value.items() if one not in (None, (), []))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"({', '.join(map(_text, value))})"
    return str(value)


Key = TypeVar("Key", bound=str)


def _union(was: Mapping[Key, object], to: Mapping[Key, object]) -> list[Key]:
    return list(dict.fromkeys((*to, *was)))


def _mapping(value: Words) -> Mapping[str, Words]:
    return value if isinstance(value, Mapping) else {}
