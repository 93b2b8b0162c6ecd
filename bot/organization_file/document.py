"""YAML text → plain values, with the line of each: nothing is executed, guessed or expanded without end.

Every scalar stays the text that was written, and the models turn it into what a key wants. YAML's own
guesses would read `handoff: 10:00` as the number 600, `name: No` as false and `key: 007` as 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml
from yaml.composer import Composer

from bot.organization_file.problems import FileError, Path, Problem, quoted

try:
    from yaml import CBaseLoader as QuickestLoader
except ImportError:
    from yaml import BaseLoader as QuickestLoader  # type: ignore[assignment]

Value = dict[str, "Value"] | list["Value"] | str | None

#: A thousand people need about 100,000.
MAX_CHARACTERS: Final = 1_000_000
#: The deepest value of the file, a weekday in a branch of a service's policy, stands twelve levels down.
MAX_DEPTH: Final = 16
#: Values after aliases are expanded: nine lines of aliases of aliases would otherwise become a billion.
MAX_VALUES: Final = 100_000

_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq"))


@dataclass
class Document:
    value: Value = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of the value, or of the nearest thing around it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def refuse(self, path: Path, sentence: str, line: int | None = None) -> None:
        self.problems.append(Problem(line or self.line(path), path, sentence))


def load(text: str, source: str) -> Document:
    """The document; its `problems` are what can be told besides others. Raises FileError if unreadable."""
    if len(text) > MAX_CHARACTERS:
        sentence = f"is too large: {len(text):,} characters; at most {MAX_CHARACTERS:,} are read"
        raise FileError(source, [Problem(0, (), sentence)])
    try:
        node = composed(text)
    except yaml.YAMLError as error:
        raise FileError(source, [_syntax(error, text)]) from None
    if node is None:
        sentence = "is empty: it needs at least `organization:` with a `name:`"
        raise FileError(source, [Problem(0, (), sentence)])
    document = Document()
    try:
        document.value = _Reader(document).read(node, ())
    except _TooMuch as error:
        raise FileError(source, [Problem(error.line, (), str(error))]) from None
    return document


def composed(text: str) -> yaml.Node | None:
    """The tree that the text is, before anything is made of it. Raises YAMLError."""
    try:
        return _Quick(text).get_single_node()
    except _TooMuch:
        raise
    except yaml.YAMLError:
        return _Careful(text).get_single_node()  # it says better what is wrong


class _TooMuch(yaml.YAMLError):
    def __init__(self, sentence: str, line: int) -> None:
        super().__init__(sentence)
        self.line = line


class _Bounded(Composer):
    """Composes nodes; stops where the nesting would exhaust the stack."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if parent is not None and self._depth > MAX_DEPTH:
            raise _TooMuch(f"is nested deeper than {MAX_DEPTH} levels", parent.start_mark.line + 1)
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _Careful(_Bounded, yaml.BaseLoader):
    """Reads in Python, and resolves nothing."""


class _Quick(_Bounded, QuickestLoader):
    """Reads with libyaml, where PyYAML was built with it; a large file takes a fraction of the time."""

    def __init__(self, text: str) -> None:
        QuickestLoader.__init__(self, text)
        Composer.__init__(self)


class _Reader:
    """Turns nodes into values and notes where each stands."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0

    def read(self, node: yaml.Node, path: Path) -> Value:
        line = node.start_mark.line + 1
        self._document.lines.setdefault(path, line)
        self._count += 1
        if self._count > MAX_VALUES:
            raise _TooMuch(f"has more than {MAX_VALUES:,} values once its aliases are followed", line)
        if len(path) > MAX_DEPTH:
            raise _TooMuch("refers to itself: an alias stands inside what it names", line)
        if node.tag not in _TAGS:
            self._document.refuse(path, f"the tag {quoted(node.tag)} is not used here", line)
        if isinstance(node, yaml.MappingNode):
            return dict(self._entries(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        is_plain = isinstance(node, yaml.ScalarNode) and not node.style
        text: str = node.value
        return None if is_plain and text in _NOTHING else text

    def _entries(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Value]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._document.refuse(path, "a key must be a word", line)
                continue
            key: str = key_node.value
            if key in seen:
                sentence = f"is there twice, first in line {seen[key]}; which one counts?"
                self._document.refuse((*path, key), sentence, line)
                continue
            seen[key] = line
            self._document.lines[*path, key] = line
            yield key, self.read(value_node, (*path, key))


def _syntax(error: yaml.YAMLError, text: str) -> Problem:
    if isinstance(error, _TooMuch):
        return Problem(error.line, (), str(error))
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Problem(
            line, (), f"not valid YAML: the character U+{ord(text[error.position]):04X} is forbidden"
        )
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        found = error.problem or ""
        what = " ".join(
            f"{error.context or ''} {found}".split() if found.startswith("but") else found.split()
        )
        advice = "; indent with spaces, not tabs" if "'\\t'" in what else ""
        return Problem(mark.line + 1 if mark else 1, (), f"not valid YAML: {what}{advice}")
    return Problem(1, (), "not valid YAML")
