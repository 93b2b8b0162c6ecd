"""JSON from outside is read within bounds."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import strict_json


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


@pytest.mark.parametrize(
    "around", ["%s", '["]", {}, %s]', '[%s, "\\\\", "[\\"["]'], ids=["bare", "after", "before"]
)
def test_as_deep_as_it_may_be_and_one_deeper(around: str) -> None:
    deepest = strict_json.DEEPEST - (around != "%s")
    assert strict_json.loads(around % nested(deepest)) == json.loads(around % nested(deepest))
    for depth in (deepest + 1, 900, sys.getrecursionlimit(), 200_000):
        with pytest.raises(ValueError, match="too"):
            strict_json.loads(around % nested(depth))


@given(
    st.recursive(
        st.text(alphabet='[]{}"\\a,:é') | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='[]{}"\\a'), inner),
    ),
    st.booleans(),
)
def test_depth_and_number_are_counted_as_they_are(value: object, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    brackets = strict_json._brackets(text)
    depth = 0
    while b"[]" in brackets:
        brackets, depth = brackets.replace(b"[]", b""), depth + 1
    assert (brackets, depth) == (b"", depth_of(value))
    assert strict_json._brackets(text).count(b"[") == number_of(value)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        value = [*value.values()]
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


def number_of(value: object) -> int:
    if isinstance(value, dict):
        value = [*value.values()]
    return 1 + sum(map(number_of, value)) if isinstance(value, list) else 0


def test_as_many_as_there_may_be_and_one_more() -> None:
    one = "[" + ", ".join(["{}"] * (strict_json.MOST - 1))
    assert len(strict_json.loads(one + "]")) == strict_json.MOST - 1
    with pytest.raises(ValueError, match="too many"):
        strict_json.loads(one + ", []]")


@pytest.mark.parametrize(
    "text", ["[" * 101, "]" * 101 + "[" * 101, '["' + "[" * 101, "[" * 101 + '"\\' * 50_000]
)
def test_what_is_no_json_is_refused_however_many_brackets_it_has(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.loads(text)


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
