"""What came of a dose: figures, promises that were broken, bounds that were not met."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Report:
    figures: list[str] = field(default_factory=list)
    #: Promises that hold on every machine.
    broken: list[str] = field(default_factory=list)
    #: Bounds of time and size, which a machine with other things to do may miss.
    missed: list[str] = field(default_factory=list)

    def expect(self, is_kept: object, what: str) -> None:
        if not is_kept:
            self.broken.append(what)

    def say(self, line: str) -> None:
        self.figures.append(line)

    def figure(self, what: str, value: float, unit: str = "", below: float | None = None) -> None:
        """A number, and the bound it must stay below, if there is one."""
        bound = "" if below is None else f" (at most {below:g}{unit})"
        line = f"{what}: {value:.3g}{unit}{bound}"
        self.figures.append(line)
        if below is not None and not value <= below:
            self.missed.append(line)


def quantile(found: Sequence[float], share: float) -> float:
    """The value below which this share of them lies; not a number if there is none."""
    if not found:
        return math.nan
    return sorted(found)[min(int(len(found) * share), len(found) - 1)]
