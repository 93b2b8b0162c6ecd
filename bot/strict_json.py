"""JSON from outside, read within bounds, whichever door it comes through.

`json.loads` goes as deep as the stack lets it just then; whoever handles the value from deeper in the stack
than that fails at it. 964 arrays inside one another were read, and could not be written out again.
"""

import json
from typing import Any

#: So many arrays and objects may lie inside one another.
DEEPEST = 100


def loads(text: bytes | str) -> Any:
    """The value. Raises ValueError for what is no JSON in UTF-8, and for what lies too deep."""
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")  # some clients begin with a byte order mark
    try:
        found = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("too deep") from None
    if _is_deeper(found, DEEPEST):
        raise ValueError("too deep")
    return found


def _is_deeper(value: Any, most: int) -> bool:
    """Whether more than so many arrays and objects lie inside one another."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        within = [one.values() if isinstance(one, dict) else one for one in level]
        level = [each for one in within for each in one if isinstance(each, dict | list)]
    return bool(level)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
