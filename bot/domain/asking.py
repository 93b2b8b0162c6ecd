"""Whether a page still asks for an answer."""

from bot.domain.incident import Incident
from bot.domain.timeline import ClosureMissed, Entry, Escalated, EscalationExhausted, Paged, Reason


def is_asking(incident: Incident, cause: Entry) -> bool:
    """Whether what the page was sent for is still to be answered."""
    match cause.event:
        case Escalated(round=number, reason=Reason.BY_HAND) | EscalationExhausted(round=number) if (
            incident.acknowledged_at is not None
        ):
            return incident.is_open and incident.round == number and cause.at >= incident.acknowledged_at
        case Escalated(round=number) | EscalationExhausted(round=number):
            return incident.awaits_acknowledgement and incident.round == number
        case ClosureMissed(round=number, close_by=close_by):
            return incident.is_open and (incident.round, incident.close_by) == (number, close_by)
        case Paged():
            return incident.is_open
        case _:
            return False


def has_begun_again(incident: Incident, cause: Entry) -> bool:
    """Whether the policy has begun again since: who is paged anew is asked by that page, not by this one."""
    if not isinstance(cause.event, Escalated) or cause.event.round != incident.round:
        return False
    return cause.event.repeat < incident.repeats
