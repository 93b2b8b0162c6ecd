"""JSON from outside is read within bounds."""

import json
import sys

import pytest

from bot import strict_json


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_as_deep_as_it_may_be_and_one_deeper() -> None:
    assert json.dumps(strict_json.loads(nested(strict_json.DEEPEST))) == nested(strict_json.DEEPEST)
    for depth in (strict_json.DEEPEST + 1, 900, sys.getrecursionlimit(), 200_000):
        with pytest.raises(ValueError, match="deep"):
            strict_json.loads(nested(depth))


@pytest.mark.parametrize("text", ["1", '"[[["', "null", "[]", "{}", '{"a": [1, {"b": "{"}]}'])
def test_what_is_shallow_is_read_as_ever(text: str) -> None:
    assert strict_json.loads(text) == json.loads(text)


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_bytes_are_utf_8_and_nothing_else(coding: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.loads('{"name": "Zoë"}'.encode(coding))
    assert strict_json.loads('\ufeff{"name": "Zoë"}'.encode()) == {"name": "Zoë"}


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "[Infinity]"])
def test_what_json_does_not_know_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="no JSON number"):
        strict_json.loads(text)
