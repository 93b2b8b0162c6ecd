"""Stretches of duty, and how they are laid over one another.

Lists of stretches are in order and without overlap. Moments are whole microseconds since 1970 UTC.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from bot.domain.ids import PersonId
from bot.domain.rotation import Rotation, turns
from bot.domain.zone import Clocks

#: From when, until when.
Span = tuple[int, int]


class Post(NamedTuple):
    """Who has the pager in a turn, a duty or an override, and who stands behind them."""

    #: None for an override.
    layer: str | None
    #: Tells the turns of a layer, its duties, or the overrides apart.
    turn: int
    primary: PersonId
    secondary: PersonId | None
    #: Who would be next in the primary's place, in this order; the primary last.
    following: tuple[PersonId, ...]


class Stretch(NamedTuple):
    starts: int
    ends: int
    post: Post


class Duty(NamedTuple):
    """Ordered as the people of a calendar are: who began first is the primary."""

    starts: int
    person: PersonId
    ends: int


def behind(primary: PersonId, following: Iterable[PersonId]) -> PersonId | None:
    """The first who is somebody else."""
    return next((one for one in following if one != primary), None)


def of_rotation(
    layer: str, rotation: Rotation, people: tuple[PersonId, ...], local: Clocks, between: Span
) -> list[Stretch]:
    """The turns between two moments, whole."""
    if not people:
        return []
    orders = [people[at + 1 :] + people[: at + 1] for at in range(len(people))]
    places = [(order[-1], behind(order[-1], order), order) for order in orders]
    return [
        Stretch(starts, ends, Post(layer, ordinal, *places[ordinal % len(places)]))
        for ordinal, starts, ends in turns(rotation, local, *between)
    ]


def of_duties(layer: str, duties: Sequence[Duty], between: Span) -> list[Stretch]:
    """The duties between two moments; of those that overlap, the first is the primary's. Sorted ones only."""
    found = []
    starts, ends = between
    coming = [(number, one) for number, one in enumerate(duties) if one.starts < ends and starts < one.ends]
    edges = sorted({edge for _, one in coming for edge in (one.starts, one.ends)})
    current: list[tuple[int, Duty]] = []
    waiting = iter([*coming, None])
    upcoming = next(waiting)
    for start, end in pairwise(edges):
        while upcoming is not None and upcoming[1].starts <= start:
            current.append(upcoming)
            upcoming = next(waiting)
        current = [one for one in current if one[1].ends > start]
        if current:
            number, first = current[0]
            order = (*(one.person for _, one in current[1:]), first.person)
            post = Post(layer, number, first.person, behind(first.person, order), order)
            found.append(Stretch(start, end, post))
    return found


def within(stretches: Sequence[Stretch], spans: Iterable[Span]) -> list[Stretch]:
    """What of the stretches lies within the spans, which are in order and apart."""
    found = []
    at = 0
    for opens, closes in spans:
        while at < len(stretches) and stretches[at].ends <= opens:
            at += 1
        for index in range(at, len(stretches)):
            one = stretches[index]
            starts, ends, post = one
            if starts >= closes:
                break
            is_whole = opens <= starts and ends <= closes
            found.append(one if is_whole else Stretch(max(starts, opens), min(ends, closes), post))
    return found


def outside(stretches: Iterable[Stretch], others: Sequence[Stretch]) -> Iterator[Stretch]:
    """What of the stretches lies outside the others."""
    at = 0
    for stretch in stretches:
        starts, ends, post = stretch
        while at < len(others) and others[at].ends <= starts:
            at += 1
        for index in range(at, len(others)):
            other = others[index]
            if other.starts >= ends:
                break
            if other.starts > starts:
                yield Stretch(starts, other.starts, post)
            starts = other.ends
        if starts < ends:
            yield stretch if starts == stretch.starts else Stretch(starts, ends, post)


def overlaid(below: list[Stretch], above: list[Stretch]) -> list[Stretch]:
    """`above` where there is any, else `below`."""
    if not below or not above:
        return above or below
    return sorted([*outside(below, above), *above], key=itemgetter(0))


def overridden(below: list[Stretch], overrides: Iterable[Stretch]) -> list[Stretch]:
    """With overrides on top, later ones first; behind each stand those whom it finds there."""
    top: list[Stretch] = []
    for one in overrides:
        top = overlaid(top, [one])
    found = list(outside(top, below))
    for starts, ends, post in top:
        for beneath in within(below, [(starts, ends)]):
            following = beneath.post.following
            person = post.primary
            place = Post(None, post.turn, person, behind(person, following), following)
            found.append(Stretch(beneath.starts, beneath.ends, place))
    return overlaid(below, sorted(found, key=itemgetter(0)))


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Neighbours that are of one turn and have the same people, as one."""
    found: list[Stretch] = []
    for stretch in stretches:
        last = found[-1] if found else None
        if last and last.ends == stretch.starts and last.post[:4] == stretch.post[:4]:
            found[-1] = Stretch(last.starts, stretch.ends, last.post)
        else:
            found.append(stretch)
    return found
