"""What a door may see: incidents with their people, lists, who is on call now, who is asking."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, Row

from bot.domain import escalation, narrative
from bot.domain.asking import has_begun_again, is_asking
from bot.domain.contact import Method
from bot.domain.deadline import DeadlineKind
from bot.domain.delivery import DeliveryKind, DeliveryState
from bot.domain.errors import DeactivatedPerson, ForeignPerson, NotFound, UnknownPerson
from bot.domain.expiry import runs_out_at
from bot.domain.ids import PersonId, SlackUserId, as_incident_number, incident_number
from bot.domain.imported import active_last, with_duties
from bot.domain.incident import OPEN, Incident
from bot.domain.organization import Organization, Person, Service, Team
from bot.domain.overview import (
    FailedDelivery,
    NextLevel,
    Overview,
    PageFacts,
    PageReceipt,
    Place,
    TeamOnCall,
    Wanted,
)
from bot.domain.sla import Severity
from bot.domain.timeline import (
    Actor,
    ActorKind,
    DeliveryFailed,
    Door,
    Entry,
    EscalationExhausted,
    Reopened,
)
from bot.operations import rows
from storage import calendars, deadlines, incidents, organizations, outbox, pages, shared, timeline
from storage import listing as incident_lists
from storage.listing import Filter, Range

_FIRST_MOMENT, _LAST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def organization(tx: Connection) -> Organization:
    """The organization that runs, with what was found in Slack so far and what its calendars say; an
    empty one before any."""
    revision, findings = organizations.newest(tx)
    if revision is None:
        return Organization(name="Tocsin")
    if shared.has_reorganized(tx):
        return _uncommitted(tx, revision)
    return _organization(_Source(tx, revision, findings))


def _uncommitted(tx: Connection, revision: int) -> Organization:
    """Past the cache: should the commit fail, another organization will have the same number."""
    remembered = shared.remembered(tx)
    if "organization" not in remembered:
        remembered["organization"] = _read(tx, revision)
    found: Organization = remembered["organization"]
    return found


def _read(tx: Connection, revision: int) -> Organization:
    return with_findings(tx, rows.organization(organizations.document(tx, revision)))


class _Source:
    """A revision of the database that an engine reads: what the cache of organizations is keyed by."""

    def __init__(self, tx: Connection, revision: int, findings: int) -> None:
        self.tx = tx
        self.key = (tx.engine, revision, findings)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Source) and self.key == other.key


@lru_cache(maxsize=8)
def _organization(source: _Source) -> Organization:
    """Read once for each revision: revisions never change, and the newest is asked for each time."""
    found = _read(source.tx, source.key[1])
    source.tx = None  # type: ignore[assignment] # the cache must not hold on to a connection
    return found


def with_findings(tx: Connection, kept: Organization) -> Organization:
    """The organization with what its document does not say: what Slack and its calendars told."""
    accounts, groups = organizations.accounts(tx), organizations.groups(tx)
    said = {(row.schedule_id, row.layer): rows.occurrences(row.occurrences) for row in calendars.every(tx)}
    people = dict(kept.people)
    for person in kept.people.values():
        email, slack_id = accounts.get(person.id, ("", ""))
        if person.slack_id is None and email == person.email:
            people[person.id] = replace(person, slack_id=SlackUserId(slack_id))
    known = {person.slack_id: person.id for person in active_last(people.values())}
    user_groups = {
        handle: tuple(known[SlackUserId(one)] for one in members if one in known)
        for handle, members in groups.items()
    }
    return with_duties(replace(kept, people=people, user_groups=user_groups), said)


def incident(tx: Connection, number: str) -> Incident:
    """The incident with this number. Raises NotFound."""
    canonical = as_incident_number(number)
    row = incidents.by_number(tx, canonical) if canonical else None
    if row is None:
        raise NotFound(f"There is no incident {number}. Numbers look like INC-2026-044.")
    return rows.incident(row)


def newest_number(tx: Connection, ordinal: int, now: datetime) -> str:
    """The number that `44` stands for: of this year, or, if only the last one has it, of that."""
    number, earlier = incident_number(now.year, ordinal), incident_number(now.year - 1, ordinal)
    is_earlier = incidents.by_number(tx, number) is None and incidents.by_number(tx, earlier) is not None
    return earlier if is_earlier else number


def has_number(tx: Connection, number: str) -> bool:
    """Whether there is an incident with this number."""
    return incidents.by_number(tx, number) is not None


def glance(tx: Connection, incident_id: str) -> Incident:
    """The incident, for who will not change it."""
    return _existing(incidents.glance(tx, incident_id))


def incident_by_id(tx: Connection, incident_id: str) -> Incident:
    return _existing(incidents.by_id(tx, incident_id))


def _existing(row: Row[Any] | None) -> Incident:
    if row is None:
        raise NotFound("There is no such incident.")
    return rows.incident(row)


def number_at(tx: Connection, channel_id: str, thread_ts: str | None = None) -> str | None:
    """The number of the incident whose own channel or thread this is."""
    found = incidents.number_in_channel(tx, channel_id)
    if found is None and thread_ts is not None:
        return incidents.number_in_thread(tx, channel_id, thread_ts)
    return found


def place(tx: Connection, found: Incident) -> Place:
    return rows.place(incidents.place(tx, found.id))


def is_announcing(tx: Connection, found: Incident) -> bool:
    """Whether the incident's announcement is still to be made."""
    row = outbox.with_key(tx, f"{DeliveryKind.ANNOUNCE}:{found.id}")
    return row is not None and row.state in (DeliveryState.PENDING, DeliveryState.SENDING)


def overview(tx: Connection, found: Incident, now: datetime) -> Overview:
    """The incident with its people, its place in Slack, and what happens next."""
    organized = organization(tx)
    next_level, admins_at = _what_is_next(tx, organized, found, now)
    policy = organized.policy(found.severity, found.service_ids)
    return Overview(
        incident=found,
        assignee=organized.person(found.assignee_id),
        team=organized.teams.get(found.team_id) if found.team_id is not None else None,
        services=tuple(
            organized.services[service_id]
            for service_id in found.service_ids
            if service_id in organized.services
        ),
        place=place(tx, found),
        levels=max((level.level for level in policy.levels if level.enabled), default=0) if policy else 0,
        next_level=next_level,
        admins_at=admins_at,
        people=organized.people,
        found_nobody=found.is_exhausted and _found_nobody(tx, found),
        by_hand=_by_hand(organized, found, now),
    )


def _found_nobody(tx: Connection, found: Incident) -> bool:
    exhausted = rows.entry(timeline.of_kinds(tx, found.id, [EscalationExhausted.__name__])[-1]).event
    return isinstance(exhausted, EscalationExhausted) and exhausted.found_nobody


def _what_is_next(
    tx: Connection, organized: Organization, found: Incident, now: datetime
) -> tuple[NextLevel | None, datetime | None]:
    at = runs_out_at({DeadlineKind(row.kind): row.due_at for row in deadlines.armed_of(tx, found.id)})
    if not found.is_open or found.is_exhausted:
        return None, None
    following = escalation.by_itself(organized, found, at or now)
    if following is None:
        return None, at
    level, people = following
    is_repeat = level.level <= found.level
    paged = tuple(organized.people[one] for one in people)
    return NextLevel(level.level, level.role, paged, at, is_repeat), None


def _by_hand(organized: Organization, found: Incident, now: datetime) -> NextLevel | None:
    paged = escalation.by_hand(organized, found, now) if found.is_open else None
    if paged is None:
        return None
    level, people = paged
    return NextLevel(level.level, level.role, tuple(organized.people[one] for one in people), at=None)


def entries(tx: Connection, found: Incident, limit: int = 200) -> tuple[Entry, ...]:
    """The newest events of the incident, oldest first."""
    return tuple(rows.entry(row) for row in timeline.newest(tx, found.id, limit))


def entry(tx: Connection, incident_id: str, sequence: int) -> Entry:
    return rows.entry(timeline.one(tx, incident_id, sequence))


def has_failed(tx: Connection, found: Incident, failure: DeliveryFailed) -> bool:
    """Whether the incident's timeline says the same already, since it was last reopened."""
    of_kinds = timeline.of_kinds(tx, found.id, [DeliveryFailed.__name__, Reopened.__name__])
    events = [rows.entry(row).event for row in reversed(of_kinds)]
    return failure in takewhile(lambda event: not isinstance(event, Reopened), events)


def failures(tx: Connection, found: Incident, limit: int = 5) -> tuple[FailedDelivery, ...]:
    """What could not be delivered for the incident, newest first."""
    return tuple(
        FailedDelivery(
            owed_in_words(tx, DeliveryKind(row.kind), row.person_id),
            row.last_error or "unknown error",
            row.settled_at,
        )
        for row in outbox.failures_of(tx, found.id, limit)
    )


def owed_in_words(tx: Connection, kind: DeliveryKind, person_id: PersonId | None) -> str:
    """What was to be delivered, to or for whom: `the invitation of Ben Li`."""
    person = organization(tx).person(person_id)
    return narrative.owed(kind, person.name if person else "somebody who has left")


def listing(tx: Connection, wanted: Wanted, limit: int, offset: int = 0) -> tuple[tuple[Incident, ...], int]:
    """A page of the incidents that are as wanted, newest first, and how many there are."""
    found, total = incident_lists.page_of(
        tx,
        Filter(
            statuses=tuple(status.value for status in wanted.statuses),
            severities=tuple(severity.value for severity in wanted.severities),
            assignee_id=wanted.assignee_id,
            resolved_by_id=wanted.resolved_by_id,
            team_id=wanted.team_id,
            created=_range(wanted.created_after, wanted.created_before),
            resolved=_range(wanted.resolved_after, wanted.resolved_before),
        ),
        limit,
        offset,
    )
    return tuple(map(rows.incident, found)), total


def _range(first: datetime | None, last: datetime | None) -> Range:
    """Both ends within the time that incidents can have, so that a day more or less is always a date."""
    ends = [None if one is None else min(max(one, _FIRST_MOMENT), _LAST_MOMENT) for one in (first, last)]
    return Range(*ends)


def overviews(tx: Connection, now: datetime, wanted: Wanted, limit: int) -> tuple[tuple[Overview, ...], int]:
    """The newest incidents that are as wanted, with their people, and how many there are."""
    found, total = listing(tx, wanted, limit)
    return tuple(overview(tx, one, now) for one in found), total


def worst(
    tx: Connection, now: datetime, limit: int, assignee_id: PersonId | None = None
) -> tuple[tuple[Overview, ...], int]:
    """The open incidents of the worst severities, the newest first of each, and how many are open in all."""
    found: list[Incident] = []
    total = 0
    for severity in Severity:
        wanted = Wanted(tuple(OPEN), (severity,), assignee_id)
        some, there_are = listing(tx, wanted, limit - len(found))
        found, total = [*found, *some], total + there_are
    return tuple(overview(tx, one, now) for one in found), total


def actor(tx: Connection, slack_id: str, *, is_foreign: bool = False) -> Actor:
    """Who is asking. Raises ForeignPerson, UnknownPerson or DeactivatedPerson."""
    if is_foreign:
        raise ForeignPerson
    person = person_by_slack_id(organization(tx), slack_id)
    if person is None:
        raise UnknownPerson
    if not person.is_active:
        raise DeactivatedPerson
    return as_actor(person, Door.SLACK)


def as_actor(person: Person, door: Door | None = None) -> Actor:
    return Actor(ActorKind.PERSON, person.name, person.id, person.slack_id, person.role, door)


def person_by_email(organized: Organization, email: str) -> Person:
    """The active person with this e-mail address; capitals do not matter. Raises NotFound."""
    person = organized.person_by_email(email)
    if person is None or not person.is_active:
        raise NotFound(
            f"There is no active person with the e-mail address {email}.", {"email": "unknown or inactive"}
        )
    return person


def person_by_slack_id(organized: Organization, slack_id: str) -> Person | None:
    return next((one for one in organized.people.values() if one.slack_id == slack_id), None)


def service(organized: Organization, text: str) -> Service:
    """The active service with this key, handle or name. Raises NotFound and names the nearest."""
    found = organized.service_named(text)
    if found is not None and found.is_active:
        return found
    names = [one.name for one in organized.services.values() if one.is_active]
    raise NotFound(
        f"There is no service “{text}”. {_nearest(text, names)}", {"service_ids": "unknown service"}
    )


def team(organized: Organization, text: str) -> Team:
    """The active team with this handle or name. Raises NotFound and names the nearest."""
    found = organized.team_named(text)
    if found is not None and found.is_active:
        return found
    names = [one.name for one in organized.teams.values() if one.is_active]
    raise NotFound(f"There is no team “{text}”. {_nearest(text, names)}", {"team_name": "unknown team"})


def _nearest(text: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(text, names, n=1)
    known = f"Known: {', '.join(sorted(names)[:10])}." if names else "None is configured yet."
    return f"Did you mean {close[0]}? {known}" if close else known


def on_call(tx: Connection, now: datetime, team_name: str = "") -> tuple[TeamOnCall, ...]:
    """Who of each team is on call now, or of the team named. Raises NotFound."""
    organized = organization(tx)
    chosen: Iterable[Team] = (
        [team(organized, team_name)]
        if team_name
        else (one for one in organized.teams.values() if one.is_active)
    )
    answers = []
    for one in chosen:
        shift = organized.shift(one, now)
        primary, secondary = (shift.primary, shift.secondary) if shift else (None, None)
        answers.append(TeamOnCall(one, shift, organized.person(primary), organized.person(secondary)))
    return tuple(answers)


def page_facts(
    tx: Connection, incident_id: str, sequence: int, person_id: PersonId, now: datetime
) -> PageFacts:
    """What a page says. Raises NotFound when the person is not in the organization any more."""
    found = incident_by_id(tx, incident_id)
    person = organization(tx).person(person_id)
    if person is None:
        raise NotFound("They are not in the organization any more.")
    cause = entry(tx, incident_id, sequence)
    asks = is_asking(found, cause) and not is_paged_again(tx, found, cause, person_id)
    return PageFacts(overview(tx, found, now), person, cause, asks)


def is_paged_again(tx: Connection, found: Incident, cause: Entry, person_id: PersonId) -> bool:
    """Whether the policy has begun again since, and has paged the person anew: that page asks now."""
    return has_begun_again(found, cause) and pages.is_paged_since(tx, found.id, person_id, cause.sequence)


def page_receipts(tx: Connection, incident_id: str, sequence: int) -> tuple[PageReceipt, ...]:
    """What has come of each page that the event owed, in the order in which they were owed."""
    return tuple(
        PageReceipt(
            Method(row.method),
            DeliveryState(row.state),
            row.last_error,
            row.error_code,
            outbox.ahead_of(tx, row),
        )
        for row in pages.for_event(tx, incident_id, sequence)
    )


def page_receipt(tx: Connection, page_id: int) -> tuple[str, str | None, str | None, int | None]:
    """State, Slack channel, message `ts` and event of a page."""
    row = outbox.one(tx, page_id)
    if row is None:
        return "dropped", None, None, None
    return row.state, row.channel_id, row.receipt, row.sequence
