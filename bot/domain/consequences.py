"""What follows from an event: which deliveries are owed, which deadlines arm or disarm.

"Who hears of an acknowledgement?" is answered here and nowhere else. A new kind of event does not
type-check until both questions are answered for it.
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from bot.domain import sla
from bot.domain.contact import USUAL, LaterPage, Method
from bot.domain.deadline import ESCALATION, Arm, DeadlineChange, DeadlineKind, Disarm, Move
from bot.domain.delivery import Delivery, DeliveryKind
from bot.domain.ids import IncidentId, PersonId
from bot.domain.incident import Incident
from bot.domain.timeline import (
    Acknowledged,
    AcknowledgementMissed,
    Assigned,
    Closed,
    ClosureMissed,
    ClosureWarned,
    Declared,
    DeliveryFailed,
    DescriptionChanged,
    Entry,
    Escalated,
    EscalationExhausted,
    Event,
    LevelPassed,
    Noted,
    Paged,
    PageFailed,
    PageRerouted,
    PostmortemCreated,
    Reopened,
    Resolved,
    SeverityChanged,
    StatusChanged,
    TitleChanged,
)

#: After these, every page sent earlier shows something that is no longer so.
_CHANGING = (Acknowledged, Resolved, Closed, Reopened, SeverityChanged, TitleChanged, EscalationExhausted)


def deliveries(incident: Incident, entry: Entry) -> list[Delivery]:
    """What is owed because of the event, in the order in which one lane sends it."""
    match entry.event:
        case Declared():
            return _opening(incident, entry)
        case Escalated() | EscalationExhausted() | ClosureMissed():
            return [*_pages(incident, entry, entry.event), *_told(incident, entry)]
        case Paged(person_id=person_id, methods=methods):
            pages = [page(incident.id, entry.sequence, person_id, method) for method in methods or USUAL]
            return [*pages, _invite(incident, person_id, entry), *_told(incident, entry)]
        case Assigned(person_id=person_id, is_automatic=is_automatic):
            told = [] if is_automatic or entry.by.person_id == person_id else [tell(entry, person_id)]
            wish = None if is_automatic else entry
            return [*told, _invite(incident, person_id, wish), *_told(incident, entry)]
        case ClosureWarned(person_id=person_id):
            told = [tell(entry, person_id)] if person_id is not None else []
            return [*told, *_told(incident, entry)]
        case Acknowledged():
            joined = [_invite(incident, entry.by.person_id)] if entry.by.person_id else []
            return [*joined, _topic(incident, str(entry.sequence)), *_told(incident, entry)]
        case Resolved() | Closed() | Reopened() | SeverityChanged() | StatusChanged() | TitleChanged():
            return [_topic(incident, str(entry.sequence)), *_told(incident, entry)]
        case DescriptionChanged() | LevelPassed() | AcknowledgementMissed() | PageFailed() | PageRerouted():
            return _told(incident, entry)
        case Noted() | DeliveryFailed() | PostmortemCreated():
            return [_mirror(incident, entry)]
        case _:
            assert_never(entry.event)


def deadlines(incident: Incident, entry: Entry) -> list[DeadlineChange]:
    """How the clocks change because of the event."""
    match entry.event:
        case Declared():
            return [*_acknowledge_clock(incident), *_closure_clock(incident, entry.at)]
        case Acknowledged():
            return [Disarm(ESCALATION)]
        case Resolved() | Closed():
            return [Disarm(tuple(DeadlineKind))]
        case Reopened():
            return [*_acknowledge_clock(incident), *_closure_clock(incident, entry.at)]
        case SeverityChanged():
            return _recomputed(incident, entry.event, entry.at)
        case Escalated(until=until, level=level):
            moved = [] if until is None else [Arm(DeadlineKind.LEVEL_TIMEOUT, until, level)]
            return [*moved] if incident.awaits_acknowledgement else []
        case EscalationExhausted():
            return [Disarm(ESCALATION)]
        case (
            StatusChanged()
            | TitleChanged()
            | DescriptionChanged()
            | Assigned()
            | Noted()
            | LevelPassed()
            | AcknowledgementMissed()
            | ClosureWarned()
            | ClosureMissed()
            | Paged()
            | PageFailed()
            | PageRerouted()
            | DeliveryFailed()
            | PostmortemCreated()
        ):
            return []
        case _:
            assert_never(entry.event)


def changes_pages(event: Event) -> bool:
    """Whether pages sent earlier may show something that is no longer so."""
    return isinstance(event, _CHANGING) or (isinstance(event, Escalated) and event.repeat > 0)


def changes_page(event: Event, person_id: PersonId) -> bool:
    """Whether a page that this person got earlier shows something that is no longer so."""
    return isinstance(event, _CHANGING) or (
        isinstance(event, Escalated) and event.repeat > 0 and person_id in event.people
    )


def channel_lane(incident: Incident) -> str:
    """The lane of all that is posted into, or done to, the incident's channel."""
    return f"channel:{incident.id}"


def card_lane(incident: Incident) -> str:
    return f"card:{incident.id}"


ANNOUNCEMENTS = "announcements"
#: What brings a card or an announcement up to date that was posted before.
UPDATES = frozenset({DeliveryKind.UPDATE_CARD, DeliveryKind.UPDATE_ANNOUNCEMENT})


def update_card(incident: Incident, cause: str) -> Delivery:
    return Delivery(
        DeliveryKind.UPDATE_CARD,
        key=f"update_card:{incident.id}:{cause}",
        lane=card_lane(incident),
        incident_id=incident.id,
    )


def update_announcement(incident: Incident, cause: str) -> Delivery:
    return Delivery(
        DeliveryKind.UPDATE_ANNOUNCEMENT,
        key=f"update_announcement:{incident.id}:{cause}",
        lane=f"announcement:{incident.id}",
        incident_id=incident.id,
    )


def of_channel(incident: Incident) -> list[Delivery]:
    """What is owed once the incident has its channel."""
    return [update_announcement(incident, "channel"), _topic(incident, "channel")]


def of_card(incident: Incident) -> list[Delivery]:
    """What is owed once the card stands in the channel; nobody who writes there waits for it."""
    return [
        Delivery(kind, f"{kind}:{incident.id}", f"hang_up:{incident.id}", incident.id)
        for kind in (DeliveryKind.PIN_CARD, DeliveryKind.BOOKMARK_CARD)
    ]


def _acknowledge_clock(incident: Incident) -> list[DeadlineChange]:
    return [Disarm(ESCALATION), Arm(DeadlineKind.ACKNOWLEDGE, incident.acknowledge_by)]


def _closure_clock(incident: Incident, now: datetime) -> list[DeadlineChange]:
    """Until the closure deadline. What is past by now was missed before, or is missed now, and not both."""
    warning_at = sla.warning_at(incident.clock_started_at, incident.close_by)
    moments = {DeadlineKind.CLOSURE_WARNING: warning_at, DeadlineKind.CLOSURE: incident.close_by}
    return [(Arm if due_at > now else Move)(kind, due_at) for kind, due_at in moments.items()]


def _recomputed(incident: Incident, event: SeverityChanged, now: datetime) -> list[DeadlineChange]:
    if not incident.is_open:
        return []
    closure = _closure_clock(incident, now)
    if event.is_restart:
        return [*_acknowledge_clock(incident), *closure]
    return [Move(DeadlineKind.ACKNOWLEDGE, incident.acknowledge_by), *closure]


def _opening(incident: Incident, entry: Entry) -> list[Delivery]:
    lane = channel_lane(incident)

    def owe(kind: DeliveryKind, in_lane: str = lane) -> Delivery:
        return Delivery(kind, f"{kind}:{incident.id}", in_lane, incident.id, entry.sequence)

    invited = [_invite(incident, entry.by.person_id)] if entry.by.person_id else []
    return [
        owe(DeliveryKind.CREATE_CHANNEL),
        owe(DeliveryKind.POST_CARD),
        *invited,
        owe(DeliveryKind.ANNOUNCE, ANNOUNCEMENTS),
        _mirror(incident, entry),
    ]


def _told(incident: Incident, entry: Entry) -> list[Delivery]:
    """What every visible change owes: a line in the channel, and cards that are up to date."""
    cause = str(entry.sequence)
    return [_mirror(incident, entry), update_card(incident, cause), update_announcement(incident, cause)]


def _mirror(incident: Incident, entry: Entry) -> Delivery:
    return Delivery(
        DeliveryKind.MIRROR,
        key=f"mirror:{incident.id}:{entry.sequence}",
        lane=channel_lane(incident),
        incident_id=incident.id,
        sequence=entry.sequence,
    )


def _topic(incident: Incident, cause: str) -> Delivery:
    return Delivery(
        DeliveryKind.SET_TOPIC,
        key=f"set_topic:{incident.id}:{cause}",
        lane=f"topic:{incident.id}",
        incident_id=incident.id,
    )


def _invite(incident: Incident, person_id: PersonId, wish: Entry | None = None) -> Delivery:
    """Once a round, and again when somebody wishes for this person by name: they may have left since."""
    cause = f"round-{incident.round}" if wish is None else str(wish.sequence)
    return Delivery(
        DeliveryKind.INVITE,
        key=f"invite:{incident.id}:{person_id}:{cause}",
        lane=channel_lane(incident),
        incident_id=incident.id,
        person_id=person_id,
    )


def tell(entry: Entry, person_id: PersonId) -> Delivery:
    """What tells a person of the event, without asking for an answer."""
    return Delivery(
        DeliveryKind.TELL,
        key=f"tell:{entry.incident_id}:{entry.sequence}:{person_id}",
        lane=f"tell:{person_id}",
        incident_id=entry.incident_id,
        sequence=entry.sequence,
        person_id=person_id,
    )


def page(incident_id: IncidentId, sequence: int, person_id: PersonId, method: Method) -> Delivery:
    """The page that a person is owed for the event, by one method. Methods do not wait for one another."""
    return Delivery(
        DeliveryKind.PAGE,
        key=f"page:{incident_id}:{sequence}:{person_id}:{method}",
        lane=f"page:{person_id}:{method}",
        incident_id=incident_id,
        sequence=sequence,
        person_id=person_id,
        method=method,
    )


def later_page(incident_id: IncidentId, sequence: int, person_id: PersonId, later: LaterPage) -> Delivery:
    """The page that a person is owed later. It has a lane of its own: nothing waits behind it."""
    owed = page(incident_id, sequence, person_id, later.method)
    when = f"{later.at:%Y%m%dT%H%M%S}"
    lane = f"{owed.lane}:{incident_id}:{sequence}:{when}"
    return replace(owed, key=f"{owed.key}:{when}", lane=lane, not_before=later.at)


def _pages(
    incident: Incident, entry: Entry, event: Escalated | EscalationExhausted | ClosureMissed
) -> list[Delivery]:
    """For each person a page by each method, now or later, and a place in the channel."""
    owed: list[Delivery] = []
    for person_id in event.people:
        owed += [
            page(incident.id, entry.sequence, person_id, method)
            for method in event.methods.get(person_id, USUAL)
        ]
        owed += [
            later_page(incident.id, entry.sequence, person_id, later)
            for later in event.later.get(person_id, ())
        ]
        owed.append(_invite(incident, person_id))
    return owed
