"""YAML that knows its lines: plain values, and the line on which each stands."""

from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

Path_ = tuple[str | int, ...]

_DEEPEST = 20


class Unreadable(Exception):
    """The text is not YAML, or YAML that nobody writes by hand."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


class Lines:
    """For each path into the document, the line on which it begins (from 1)."""

    def __init__(self) -> None:
        self._found: dict[Path_, int] = {(): 1}

    def note(self, path: Path_, line: int) -> None:
        self._found[path] = line

    def of(self, path: Path_) -> int:
        """The line of the path, else of the nearest thing around it."""
        while path not in self._found:
            path = path[:-1]
        return self._found[path]


def load(text: str) -> tuple[Any, Lines]:
    """The document and its lines. Raises Unreadable, also for a key twice and for aliases."""
    try:
        _check_plain(text)
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        lines = Lines()
        if node is None:
            return None, lines
        _note(node, (), lines)
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(mark.line + 1 if mark else 1, f"is not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable(1, f"is not YAML: {str(error).splitlines()[0]}") from None


def _check_plain(text: str) -> None:
    """Nesting and aliases are counted before a tree is built of them."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable(line, "must not use aliases (*name): write it out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise Unreadable(line, "is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _note(node: Node, path: Path_, lines: Lines) -> None:
    if isinstance(node, MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise Unreadable(
                    key.start_mark.line + 1, f"{'.'.join(map(str, (*path, key.value)))} stands twice"
                )
            seen.add(str(key.value))
            lines.note((*path, key.value), key.start_mark.line + 1)
            _note(value, (*path, key.value), lines)
    elif isinstance(node, SequenceNode):
        for place, item in enumerate(node.value):
            lines.note((*path, place), item.start_mark.line + 1)
            _note(item, (*path, place), lines)
