"""Whether a page still asks for an answer."""

from bot.domain.incident import Incident
from bot.domain.timeline import ClosureMissed, Entry, Escalated, EscalationExhausted, Paged, Reason

#: Reasons for which levels are paged after an acknowledgement: somebody asked, and the level they got to
#: may be out of reach.
_WANTED = (Reason.BY_HAND, Reason.UNREACHABLE)


def is_asking(incident: Incident, cause: Entry) -> bool:
    """Whether what the page was sent for is still to be answered."""
    match cause.event:
        case Escalated(round=number) | EscalationExhausted(round=number):
            return incident.is_open and incident.round == number and not _is_answered(incident, cause)
        case ClosureMissed(round=number, close_by=close_by):
            return incident.is_open and (incident.round, incident.close_by) == (number, close_by)
        case Paged():
            return incident.is_open
        case _:
            return False


def _is_answered(incident: Incident, cause: Entry) -> bool:
    """Whether the acknowledgement answers it: who escalates after that wants somebody else as well."""
    if incident.acknowledged_at is None:
        return False
    is_by_itself = isinstance(cause.event, Escalated) and cause.event.reason not in _WANTED
    return is_by_itself or cause.at < incident.acknowledged_at


def may_fall(cause: Entry) -> bool:
    """Whether a page for it may go by another method: not one by hand whose methods were named."""
    return not (isinstance(cause.event, Paged) and cause.event.methods)


def has_begun_again(incident: Incident, cause: Entry) -> bool:
    """Whether the policy has begun again since: who is paged anew is asked by that page, not by this one."""
    if not isinstance(cause.event, Escalated) or cause.event.round != incident.round:
        return False
    return cause.event.repeat < incident.repeats
