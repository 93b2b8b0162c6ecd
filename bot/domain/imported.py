"""What an imported calendar says, and whom it puts on call."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

from bot.domain.ids import PersonId, ScheduleId
from bot.domain.organization import Organization, Person
from bot.domain.rights import Role
from bot.domain.schedule import CalendarSource, Duty

_EMAIL = re.compile(r"[^@\s<>,;:()\"']+@[^@\s<>,;:()\"']+")


@dataclass(frozen=True)
class Occurrence:
    """One event of a calendar, once that it takes place (UTC)."""

    title: str
    starts_at: datetime
    ends_at: datetime
    #: E-mail addresses of those who have not declined.
    attendees: tuple[str, ...] = ()
    organizer: str | None = None


@dataclass(frozen=True)
class Skipped:
    """An event that could not be read."""

    title: str
    why: str


@dataclass(frozen=True)
class Expansion:
    """All that a calendar says between two moments (UTC)."""

    starts_at: datetime
    ends_at: datetime
    occurrences: tuple[Occurrence, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Source:
    """A calendar that is a schedule's layer, and where its days begin."""

    schedule_id: ScheduleId
    layer: str
    calendar: CalendarSource
    time_zone: str

    @property
    def key(self) -> tuple[ScheduleId, str]:
        return self.schedule_id, self.layer

    @property
    def digest(self) -> str:
        """Tells it from another calendar, or the same in another zone, without giving its address away."""
        told = "\n".join((self.time_zone, self.calendar.url or "", self.calendar.text or ""))
        return hashlib.sha256(told.encode(errors="replace")).hexdigest()


@dataclass(frozen=True)
class CalendarState:
    """How an imported calendar is."""

    source: Source
    #: When it was last known to be as it is kept; None before the first time.
    fetched_at: datetime | None = None
    #: Why it could not be read again, and since when.
    error: str | None = None
    failing_since: datetime | None = None
    #: Events that could not be read, and events that name nobody who could be on call.
    skipped: tuple[Skipped, ...] = ()
    unknown: tuple[Occurrence, ...] = ()


def sources(organization: Organization) -> tuple[Source, ...]:
    """Every calendar that is a layer."""
    return tuple(
        Source(schedule.id, layer.name, layer.calendar, layer.time_zone or schedule.time_zone)
        for schedule in organization.schedules.values()
        for layer in schedule.layers
        if layer.calendar is not None
    )


def veiled(organization: Organization) -> Organization:
    """The organization as it may be shown: of a calendar's address, which is a secret, host and digest;
    of what stands in its file, the digest."""
    schedules = {
        handle: replace(
            schedule, layers=tuple(replace(one, calendar=_veiled(one.calendar)) for one in schedule.layers)
        )
        for handle, schedule in organization.schedules.items()
    }
    return replace(organization, schedules=schedules)


def _veiled(calendar: CalendarSource | None) -> CalendarSource | None:
    if calendar is None:
        return None
    digest = hashlib.sha256((calendar.url or calendar.text or "").encode(errors="replace")).hexdigest()[:8]
    if calendar.url is None:
        return replace(calendar, file=f"{(calendar.file or '')[:180]} ({digest})")
    return replace(calendar, url=f"https://{urlsplit(calendar.url).hostname or 'unknown'}/secret-{digest}")


def with_duties(
    organization: Organization, said: Mapping[tuple[str, str], Collection[Occurrence]]
) -> Organization:
    """The organization whose layers know what these calendars say, by schedule and layer."""
    if not said:
        return organization
    schedules = {
        handle: replace(
            schedule,
            layers=tuple(
                replace(layer, duties=duties(said[handle, layer.name], organization.people)[0])
                if layer.calendar is not None and (handle, layer.name) in said
                else layer
                for layer in schedule.layers
            ),
        )
        for handle, schedule in organization.schedules.items()
    }
    return replace(organization, schedules=schedules)


def duties(
    occurrences: Iterable[Occurrence], people: Mapping[PersonId, Person]
) -> tuple[tuple[Duty, ...], tuple[Occurrence, ...]]:
    """Who is on call by these events, and the events that name nobody who could be.

    An event is about the first of these whom it names: its attendees without the organizer; all its
    attendees; whoever stands in its title by e-mail address, full name or handle; its organizer. The
    organizer comes last because who enters others' shifts is not who works them.
    """
    named, found, unknown = _naming(active_last(people.values())), [], []
    able = {one.id for one in people.values() if one.is_active and one.role is not Role.VIEWER}
    for one in occurrences:
        persons = [person for person in named(one.title, one.attendees, one.organizer) if person in able]
        found += [Duty(person, one.starts_at, one.ends_at) for person in persons]
        if not persons:
            unknown.append(one)
    return tuple(dict.fromkeys(found)), tuple(unknown)


def active_last(people: Iterable[Person]) -> list[Person]:
    """In an order in which the last one of an address or account counts: who has another handle now is two
    people, of whom one has retired."""
    return sorted(people, key=lambda one: one.is_active)


def _naming(
    people: Collection[Person],
) -> Callable[[str, tuple[str, ...], str | None], tuple[PersonId, ...]]:
    """Finds the people whom an event names."""
    by_email = {one.email.casefold(): one.id for one in people}
    words = {_folded(name): one.id for one in people for name in (one.id, one.name)}
    #: Longer ones first: “Ann Li Chen” is not Ann Li.
    choices = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    name = re.compile(rf"(?<![\w-])(?:{choices})(?![\w-])") if choices else None

    def of_addresses(addresses: Iterable[str]) -> tuple[PersonId, ...]:
        known = (by_email.get(address.strip().casefold()) for address in addresses)
        return tuple(dict.fromkeys(one for one in known if one is not None))

    @cache
    def of_title(title: str) -> tuple[PersonId, ...]:
        if found := of_addresses(_EMAIL.findall(title)):
            return found
        matches = name.findall(_folded(title)) if name is not None else []
        full = [words[one] for one in matches if " " in one]
        return tuple(dict.fromkeys(full or [words[one] for one in matches]))

    def named(title: str, attendees: tuple[str, ...], organizer: str | None) -> tuple[PersonId, ...]:
        others = [one for one in attendees if one != organizer]
        return (
            of_addresses(others)
            or of_addresses(attendees)
            or of_title(title)
            or of_addresses([organizer] if organizer is not None else [])
        )

    return named


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
