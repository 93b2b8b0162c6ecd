"""What must be true after whatever was done: the database, Slack's record and the letters agree.

The names of the promises, I1 to I8, are those of the list of faults that the team tests against:

- I1 what was answered as done is in the database
- I2 one incident for each request, no number twice
- I3 each timeline event stands in its channel once, in order
- I4 each escalation that fell due was carried out, and its pages arrived
- I5 nothing came twice, but a letter that was on its way when the process died
- I6 the database is whole, and its references hold
- I7 nobody is paged for what was acknowledged before
- I8 timelines have no gaps, and statuses follow one another
"""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, text

from bot.domain.handoff import Holder
from bot.domain.incident import Incident, Status
from bot.domain.sla import Severity
from bot.domain.timeline import (
    Acknowledged,
    Closed,
    Entry,
    Escalated,
    EscalationExhausted,
    Noted,
    Reason,
    Reopened,
    Resolved,
    StatusChanged,
)
from bot.operations import rows
from bot.workspace.server import Workspace
from storage import tables
from storage.database import Database
from tests.crash.clients import CLOCK, Ledger
from tests.crash.organization import LEVELS
from tests.mail.post_office import PostOffice

_OF_HANDOFFS = ("pager_taken", "pager_given")
#: A page that was being sent while somebody acknowledged may arrive so much later.
_ON_ITS_WAY = timedelta(seconds=3)


@dataclass
class Found:
    """All that the database holds of incidents."""

    incidents: dict[str, Incident]
    entries: dict[str, list[Entry]]
    owed: list[Row[Any]]
    holders: list[Holder]
    overdue: list[str]


@dataclass
class Verdict:
    """What is broken, by the name of the promise; what was counted on the way."""

    broken: list[str] = field(default_factory=list)
    #: Seconds from the moment an escalation was due to its being carried out, downtime left out.
    lateness: list[float] = field(default_factory=list)
    #: Seconds from owing a page to its being received.
    page_seconds: list[float] = field(default_factory=list)
    #: Seconds from owing a page to Slack to its letter, where that took its place.
    rerouted: list[float] = field(default_factory=list)
    letters_twice: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def expect(self, promise: str, is_kept: object, what: object) -> None:
        if not is_kept:
            self.broken.append(f"{promise}: {what}")


class Arrivals:
    """What Slack received, by the keys of deliveries that messages carry, and what the mail server did."""

    def __init__(self, workspace: Workspace, office: PostOffice) -> None:
        self.times: Counter[str] = Counter()
        self.at: dict[str, datetime] = {}
        #: The timeline as it stands in the channels: sequence numbers, for each incident.
        self.mirrored: dict[str, list[int]] = defaultdict(list)
        #: When letters came, by what their Message-ID begins with; who died in between may send one again.
        self.letters: dict[str, list[datetime]] = defaultdict(list)
        for letter in office.letters:
            self.letters[str(letter.message["Message-ID"]).split("@")[0]].append(letter.at)
        for channel in workspace.state.channels.values():
            for message in channel.posts:
                self._note(
                    message.get("metadata", {}).get("event_payload", {}).get("delivery"), message["ts"]
                )

    def _note(self, key: str | None, ts: str) -> None:
        if key is None:
            return
        self.times[key] += 1
        self.at[key] = datetime.fromtimestamp(float(ts), UTC)
        kind, _, rest = key.partition(":")
        if kind == "mirror":
            incident_id, _, sequence = rest.partition(":")
            self.mirrored[incident_id].append(int(sequence))

    def of_page(self, key: str) -> list[datetime]:
        """When the page came, by Slack or as a letter."""
        by_slack = [self.at[key]] if key in self.at else []
        return by_slack + self.letters.get(_message_id(key), [])


@dataclass(frozen=True)
class Downtime:
    """When a process was not there to do anything."""

    since: datetime
    until: datetime
    #: Whether nobody else was.
    is_total: bool = True
    #: How often it was cut off in that time, each time perhaps with a letter on its way.
    cuts: int = 1


def judge(
    found: Found,
    ledger: Ledger,
    workspace: Workspace,
    office: PostOffice,
    downtimes: list[Downtime],
) -> Verdict:
    verdict = Verdict()
    verdict.broken += [f"answer: {one}" for one in ledger.surprises]
    by_title = defaultdict(list)
    for incident in found.incidents.values():
        by_title[incident.title].append(incident)
    _nothing_was_forgotten(verdict, found, ledger, by_title)
    _nothing_was_made_twice(verdict, found, ledger, by_title)
    arrived = Arrivals(workspace, office)
    for incident in found.incidents.values():
        entries = found.entries[incident.id]
        _timeline_is_whole(verdict, incident, entries)
        _timeline_stands_in_its_channel(verdict, incident, entries, arrived)
        _levels_followed(verdict, incident, entries, downtimes)
    _everything_arrived(verdict, found, arrived, _apart(downtimes))
    _who_has_the_pager_was_told(verdict, found, arrived)
    _nothing_came_twice(verdict, arrived, downtimes)
    _nobody_was_paged_after(verdict, found, ledger, arrived)
    verdict.counts.update(
        answered=len(ledger),
        incidents=len(found.incidents),
        events=sum(map(len, found.entries.values())),
        messages=sum(arrived.times.values()),
        letters=len(office.letters),
    )
    verdict.expect("I4", not found.overdue, f"{len(found.overdue)} deadlines are overdue")
    return verdict


async def read(database_url: str) -> Found:
    """Everything, from a database that no process has open. Raises AssertionError if it is not whole."""
    database = Database(database_url)
    await database.open()
    try:
        return await database.read(_read)
    finally:
        await database.close()


def is_handoff_untold(found: Found, rested_at: datetime) -> bool:
    """Whether the pager changed hands after all had come to rest, and nobody could be told any more."""
    return any(
        row.kind in _OF_HANDOFFS and row.state == "pending" and row.owed_at > rested_at - _ON_ITS_WAY
        for row in found.owed
    )


def _read(tx: Connection) -> Found:
    if tx.dialect.name == "sqlite":
        assert tx.execute(text("PRAGMA integrity_check")).scalar_one() == "ok", "I6"
        assert tx.execute(text("PRAGMA foreign_key_check")).all() == [], "I6"
    incidents = {row.id: rows.incident(row) for row in tx.execute(select(tables.incidents))}
    entries: dict[str, list[Entry]] = {incident_id: [] for incident_id in incidents}
    in_order = select(tables.timeline).order_by(tables.timeline.c.incident_id, tables.timeline.c.sequence)
    for row in tx.execute(in_order):
        entries[row.incident_id].append(rows.entry(row))
    late = select(tables.deadlines.c.id).where(
        tables.deadlines.c.state == "armed",
        tables.deadlines.c.due_at < CLOCK.now() - timedelta(seconds=5),
    )
    owed = tx.execute(select(tables.outbox)).all()
    holders = [one for row in tx.execute(select(tables.duty)) if (one := rows.holder(row)) is not None]
    return Found(incidents, entries, list(owed), holders, list(tx.execute(late).scalars()))


def _nothing_was_forgotten(
    verdict: Verdict, found: Found, ledger: Ledger, by_title: dict[str, list[Incident]]
) -> None:
    for known in ledger.incidents.values():
        incidents = by_title.get(known.title, [])
        verdict.expect("I1", incidents and incidents[0].number == known.number, f"{known} is not there")
        if not incidents:
            continue
        entries = found.entries[incidents[0].id]
        events = [entry.event for entry in entries]
        notes = Counter(event.text for event in events if isinstance(event, Noted))
        for note in known.notes:
            verdict.expect("I1", notes[note] == 1, f"{note!r} stands {notes[note]} times in {known}")
        if known.acknowledged_at is not None:
            verdict.expect("I1", any(isinstance(one, Acknowledged) for one in events), f"{known}: {events}")
        if known.is_resolved:
            verdict.expect("I1", any(isinstance(one, Resolved) for one in events), f"{known}: {events}")
    for title in ledger.declared_in_slack:
        verdict.expect("I1", title in by_title, f"{title!r} was declared in Slack")
    for title, note in ledger.noted_in_slack:
        for incident in by_title.get(title, []):
            said = [one.event.text for one in found.entries[incident.id] if isinstance(one.event, Noted)]
            verdict.expect(
                "I1", said.count(note) == 1, f"{note!r} of {title!r} stands {said.count(note)} times"
            )


def _nothing_was_made_twice(
    verdict: Verdict, found: Found, ledger: Ledger, by_title: dict[str, list[Incident]]
) -> None:
    numbers = Counter(incident.number for incident in found.incidents.values())
    verdict.expect("I2", all(n == 1 for n in numbers.values()), numbers.most_common(3))
    for title, incidents in by_title.items():
        verdict.expect("I2", len(incidents) == 1, f"{title!r} was made {len(incidents)} times")
        verdict.expect("I2", title in ledger.tried, f"nobody ever declared {title!r}")


def _timeline_is_whole(verdict: Verdict, incident: Incident, entries: list[Entry]) -> None:
    sequences = [entry.sequence for entry in entries]
    verdict.expect(
        "I8", sequences == list(range(1, incident.sequence + 1)), f"{incident.number}: {sequences}"
    )
    status = Status.NEW
    for entry in entries:
        match entry.event:
            case StatusChanged(was=was, to=to):
                verdict.expect("I8", was == status, f"{incident.number}: {was} after {status}")
                status = to
            case Resolved(was=was):
                verdict.expect("I8", was == status, f"{incident.number}: {was} after {status}")
                status = Status.RESOLVED
            case Closed() | Reopened():
                verdict.expect("I8", False, f"{incident.number}: nobody closed or reopened it")
            case Acknowledged():
                status = Status.INVESTIGATING if status is Status.NEW else status
    verdict.expect("I8", incident.status == status, f"{incident.number} is {incident.status}, not {status}")


def _timeline_stands_in_its_channel(
    verdict: Verdict, incident: Incident, entries: list[Entry], arrived: "Arrivals"
) -> None:
    said = arrived.mirrored.get(incident.id, [])
    verdict.expect(
        "I3", said == [entry.sequence for entry in entries], f"{incident.number}: {said} of {len(entries)}"
    )


def _levels_followed(
    verdict: Verdict, incident: Incident, entries: list[Entry], downtimes: list[Downtime]
) -> None:
    """Every level in turn until somebody acknowledged, each when the one before had had its time."""
    escalated = [entry for entry in entries if isinstance(entry.event, Escalated | EscalationExhausted)]
    levels = [entry.event.level for entry in escalated if isinstance(entry.event, Escalated)]
    verdict.expect("I4", levels == list(range(1, len(levels) + 1)), f"{incident.number}: levels {levels}")
    if incident.awaits_acknowledgement:
        is_done = len(levels) == LEVELS or incident.severity is Severity.SEV4
        verdict.expect("I4", is_done, f"{incident.number} rests at level {levels[-1:]}")
    due: datetime | None = incident.acknowledge_by
    for entry in escalated[1:]:
        by_itself = entry.by.kind.value == "tocsin"
        if by_itself and due is not None:
            verdict.lateness.append(_late(due, entry.at, downtimes))
        due = getattr(entry.event, "until", None)


def _late(due: datetime, at: datetime, downtimes: list[Downtime]) -> float:
    """Seconds between the two in which there was somebody to do it."""
    total = (one for one in downtimes if one.is_total)
    idle = sum(max((min(at, one.until) - max(due, one.since)).total_seconds(), 0.0) for one in total)
    return max((at - due).total_seconds() - idle, 0.0)


def _apart(downtimes: list[Downtime]) -> timedelta:
    """Of several processes each reads its clock before it waits for its turn; one alone writes in order."""
    is_alone = all(one.is_total for one in downtimes)
    return timedelta(0) if is_alone else _ON_ITS_WAY


def _everything_arrived(verdict: Verdict, found: Found, arrived: Arrivals, apart: timedelta) -> None:
    owed = {row.key: row for row in found.owed}
    came = {_which(row) for row in found.owed if row.kind == "page" and row.state == "sent"}
    pages: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in found.owed:
        if row.kind == "page":
            pages[row.incident_id].append(row)
        verdict.expect("I4", row.state in ("sent", "dropped"), f"{row.key} is {row.state}: {row.last_error}")
    for incident in found.incidents.values():
        for entry in found.entries[incident.id]:
            if not isinstance(entry.event, Escalated):
                continue
            keys = _page_keys(entry, entry.event)
            _later_pages_came(verdict, found.entries[incident.id], entry, pages[incident.id], arrived, apart)
            for key in keys:
                verdict.expect("I4", key in owed, f"{key} was never owed")
                instead = owed.get(f"{key.removesuffix(':slack')}:email")
                if instead is not None and instead.state == "sent" and instead.key not in keys:
                    verdict.rerouted.append((instead.settled_at - entry.at).total_seconds())
                if key not in owed or owed[key].state != "sent":
                    is_over = not incident.awaits_acknowledgement or (instead and instead.state == "sent")
                    is_there = key not in owed or is_over or _which(owed[key]) in came
                    verdict.expect("I4", is_there, f"{key} was dropped")
                else:
                    verdict.expect("I4", arrived.of_page(key), f"{key} did not arrive")
                    if key in arrived.at:
                        verdict.page_seconds.append((arrived.at[key] - entry.at).total_seconds())


def _which(page: Row[Any]) -> tuple[Any, ...]:
    """What is alike for pages of which one is enough: by one method, to one person, for one event."""
    return page.incident_id, page.sequence, page.person_id, page.method


def _is_newer(page: Row[Any], than: Row[Any]) -> bool:
    """Whether a later event owed the same person a page by the same method, before the older one was dropped.

    Then that one must come, or be over itself.
    """
    about = (than.incident_id, than.person_id, than.method)
    is_alike = (page.incident_id, page.person_id, page.method) == about
    return is_alike and page.sequence > than.sequence and page.owed_at <= than.settled_at


def _later_pages_came(
    verdict: Verdict,
    entries: list[Entry],
    entry: Entry,
    pages: list[Row[Any]],
    arrived: Arrivals,
    apart: timedelta,
) -> None:
    """Each that the entry owed, unless somebody answered before, or a newer letter about it came instead."""
    owed = {row.key: row for row in pages}
    answers = [
        one.at
        for one in entries
        if one.sequence > entry.sequence and isinstance(one.event, Acknowledged | Resolved)
    ]
    for key in _later_keys(entry):
        row = owed.get(key)
        verdict.expect("I4", row is not None, f"{key} was never owed")
        if row is None:
            continue
        is_over = bool(answers) and answers[0] <= row.settled_at + apart
        if row.state == "sent":
            verdict.counts["later pages"] += 1
            came_at = arrived.of_page(key)
            verdict.expect("I4", came_at, f"{key} did not arrive")
            is_late = bool(answers) and any(at > answers[0] + _ON_ITS_WAY for at in came_at)
            verdict.expect("I7", not is_late, f"{key} came at {came_at}, after {answers[:1]}")
            continue
        instead = [
            one.key
            for one in pages
            if one.key != key
            and ((_which(one) == _which(row) and one.state == "sent") or _is_newer(one, row))
        ]
        verdict.expect("I4", is_over or instead, f"{key} was dropped")


def _later_keys(entry: Entry) -> list[str]:
    event = entry.event
    assert isinstance(event, Escalated)
    return [
        f"page:{entry.incident_id}:{entry.sequence}:{person}:{one.method}:{one.at:%Y%m%dT%H%M%S}"
        for person in event.people
        for one in event.later.get(person, ())
    ]


def _who_has_the_pager_was_told(verdict: Verdict, found: Found, arrived: Arrivals) -> None:
    """Each handoff was told to both people, unless it was no longer so when it could be told."""
    told: dict[tuple[str, int], list[Row[Any]]] = defaultdict(list)
    for row in found.owed:
        if row.kind in _OF_HANDOFFS:
            _, schedule, ordinal, _, _ = row.key.split(":")
            told[schedule, int(ordinal)].append(row)
    for holder in found.holders:
        verdict.counts["handoffs"] += holder.ordinal
        for ordinal in range(1, holder.ordinal + 1):
            owed = told[holder.schedule_id, ordinal]
            kinds = sorted(row.kind for row in owed)
            what = f"handoff {ordinal} of {holder.schedule_id}"
            verdict.expect("I4", kinds == ["pager_given", "pager_taken"], f"{what}: {kinds}")
            for row in owed:
                is_there = row.state == "dropped" or row.key in arrived.at
                verdict.expect("I4", is_there, f"{row.key} is {row.state}")
    verdict.expect("I4", len(told) == verdict.counts["handoffs"], f"{len(told)} handoffs were told")


def _page_keys(entry: Entry, event: Escalated) -> list[str]:
    return [
        f"page:{entry.incident_id}:{entry.sequence}:{person}:{method}"
        for person in event.people
        for method in event.methods.get(person, ("slack",))
    ]


def _message_id(key: str) -> str:
    return f"<page.{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def _nothing_came_twice(verdict: Verdict, arrived: Arrivals, downtimes: list[Downtime]) -> None:
    for key, times in arrived.times.items():
        verdict.expect("I5", times == 1, f"{key} came {times} times")
    verdict.letters_twice = sum(len(times) - 1 for times in arrived.letters.values())
    cuts = sum(one.cuts for one in downtimes)
    verdict.expect("I5", verdict.letters_twice <= cuts, f"{verdict.letters_twice} letters came again")


def _nobody_was_paged_after(verdict: Verdict, found: Found, ledger: Ledger, arrived: Arrivals) -> None:
    by_number = {incident.number: incident for incident in found.incidents.values()}
    for known in ledger.incidents.values():
        if known.acknowledged_at is None or known.number not in by_number:
            continue
        entries = found.entries[by_number[known.number].id]
        acknowledged = [entry.sequence for entry in entries if isinstance(entry.event, Acknowledged)]
        verdict.expect("I7", len(acknowledged) == 1, f"{known} was acknowledged {len(acknowledged)} times")
        for entry in entries:
            if not isinstance(entry.event, Escalated):
                continue
            is_after = bool(acknowledged) and entry.sequence > acknowledged[0]
            by_itself = entry.event.reason is not Reason.BY_HAND
            verdict.expect("I7", not (is_after and by_itself), f"{known}: {entry.event} after it")
            for key in () if is_after else _page_keys(entry, entry.event):
                came_at = arrived.of_page(key)
                is_late = any(at > known.acknowledged_at + _ON_ITS_WAY for at in came_at)
                verdict.expect("I7", not is_late, f"{key} came at {came_at}, after {known.acknowledged_at}")
