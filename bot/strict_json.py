"""JSON from outside, read within bounds, whichever door it comes through.

`json.loads` goes as deep as the stack lets it just then; whoever handles the value from deeper in the stack
than that fails at it. 964 arrays inside one another were read, and could not be written out again. And an
array or object costs far more than its two characters: 350,000 empty ones in one body took a second.
So both are counted in the text, before anything is made of it.
"""

import json
from typing import Any

#: So many arrays and objects may lie inside one another, and there may be so many of them.
DEEPEST, MOST = 100, 20_000

_AS_ARRAYS = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes({*range(256)} - {*b"[]{}"})
_STRAIGHT_DOWN = b"[" * (DEEPEST + 1)


def loads(text: bytes | str) -> Any:
    """The value. Raises ValueError for what is no JSON in UTF-8, and for what is too deep or too much."""
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")  # some clients begin with a byte order mark
    if text.count("[") + text.count("{") > DEEPEST:
        _check(_brackets(text))
    return json.loads(text, parse_constant=_no_number)


def _brackets(text: str) -> bytes:
    """The brackets outside strings, every kind as `[` and `]`."""
    outside = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    return outside.encode(errors="replace").translate(_AS_ARRAYS, _NO_BRACKETS)


def _check(brackets: bytes) -> None:
    if brackets.count(b"[") > MOST:
        raise ValueError("too many")
    if _STRAIGHT_DOWN in brackets:  # found at once; what follows takes milliseconds for it
        raise ValueError("too deep")
    for _ in range(DEEPEST):
        brackets = brackets.replace(b"[]", b"")  # takes away the innermost ones
    if brackets:
        raise ValueError("too deep")


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
