"""Who may do what: one table, asked by every operation.

Everybody in the organization may look, and may ring the alarm: an outage that nobody reported because
their role forbade it is worse than one that was reported in vain. To work on incidents is for responders.
Who may do what tomorrow (the organization, API keys) is for admins, and so is what was done (the audit log).
An API key that acts for a person has that person's role, at the moment it is used; one that acts under its
own name is a responder within its scopes.
"""

from collections.abc import Mapping
from enum import StrEnum

from bot.domain.incident import Status


class Role(StrEnum):
    ADMIN = "admin"
    RESPONDER = "responder"
    VIEWER = "viewer"


class Right(StrEnum):
    """What one may do; the value completes the sentence "you may …"."""

    DECLARE = "declare incidents"
    ACKNOWLEDGE = "acknowledge incidents"
    CHANGE_STATUS = "change the status of incidents"
    CHANGE_SEVERITY = "change the severity of incidents"
    REWORD = "change the title or description of incidents"
    ASSIGN = "assign incidents"
    ESCALATE = "escalate incidents"
    PAGE = "page people"
    NOTE = "put notes on the timeline"
    RESOLVE = "resolve incidents"
    CLOSE = "close incidents"
    REOPEN = "reopen incidents"
    WRITE_POSTMORTEM = "write postmortems"
    CHANGE_DUTY = "change who is on call"
    CONFIGURE = "change the organization"
    MANAGE_KEYS = "create or revoke API keys"
    MANAGE_FEEDS = "create or revoke calendar feeds"
    AUDIT = "read the audit log"


_VIEWER = frozenset({Right.DECLARE})
_RESPONDER = frozenset(Right) - {Right.CONFIGURE, Right.MANAGE_KEYS, Right.MANAGE_FEEDS, Right.AUDIT}

#: The table.
RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: _VIEWER,
    Role.RESPONDER: _RESPONDER,
    Role.ADMIN: frozenset(Right),
}


def right_to_move(was: Status, to: Status) -> Right:
    """What one must be allowed to bring an incident from one status to another."""
    if to is Status.RESOLVED:
        return Right.RESOLVE
    if to is Status.CLOSED:
        return Right.CLOSE
    return Right.CHANGE_STATUS if was.is_open else Right.REOPEN
