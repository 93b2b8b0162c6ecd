"""What is wrong with an organization file: where, and what would be right."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.domain.errors import Refusal

#: Where a value stands: `("services", "checkout", "team")`; list items by their index.
Path = tuple[str | int, ...]

_LISTED = 50
_KNOWN_SHOWN = 12
_SHOWN_CHARACTERS = 60
_PLAIN = re.compile(r"[\w@.+ -]{1,64}")


@dataclass(frozen=True)
class Problem:
    #: Counted from 1; 0 is the file as a whole.
    line: int
    path: Path
    sentence: str

    def __str__(self) -> str:
        where = [str(self.line)] if self.line else []
        return ": ".join([*where, *([path_text(self.path)] if self.path else []), self.sentence])


class FileError(Refusal):
    """The organization file cannot be used. Every problem is named with its line."""

    code = "VALIDATION_ERROR"

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (one.line, path_text(one.path))))
        shown = self.problems[:_LISTED]
        lines = [f"{source}:{problem}" if problem.line else f"{source}: {problem}" for problem in shown]
        if len(self.problems) > _LISTED:
            lines.append(f"… and {len(self.problems) - _LISTED} more")
        details = {path_text(one.path) or "file": one.sentence for one in shown}
        super().__init__("\n".join(lines), details)


def path_text(path: Path) -> str:
    """`services.checkout.team`; the first of a list is 1, keys that are not plain words are quoted."""
    return ".".join(map(_part_text, path))


def _part_text(part: str | int) -> str:
    if isinstance(part, int):
        return str(part + 1)
    return part if _PLAIN.fullmatch(part) else quoted(part)


def quoted(text: str) -> str:
    """The text in quotes on one line, cut when it is long."""
    cut = text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
    # A lone surrogate or a control character must not reach the terminal as it is.
    printable = all(character.isprintable() for character in cut)
    return json.dumps(cut, ensure_ascii=not printable)


def hint(wrong: str, known: Sequence[str]) -> str:
    """`; did you mean payments? Known: checkout, payments.`; where nothing is near, only the last part."""
    nearest = _nearest(wrong, known)
    guess = f"; did you mean {nearest}?" if nearest else "."
    more = f", … ({len(known) - _KNOWN_SHOWN} more)" if len(known) > _KNOWN_SHOWN else ""
    return f"{guess} Known: {', '.join(known[:_KNOWN_SHOWN]) or 'none yet'}{more}."


def suggestion(wrong: str, known: Sequence[str]) -> str:
    """`; did you mean Europe/Berlin?`, or nothing where nothing is near."""
    nearest = _nearest(wrong, known)
    return f"; did you mean {nearest}?" if nearest else ""


def _nearest(wrong: str, known: Sequence[str]) -> str | None:
    folded = {one.casefold(): one for one in known}
    found = get_close_matches(wrong[:64].casefold(), folded, n=1)
    return folded[found[0]] if found else None
