"""Every way we refuse: a code, and a sentence for the person who caused it.

Refusal
├── Invalid                 VALIDATION_ERROR
├── NotFound                NOT_FOUND
├── NotAllowed              FORBIDDEN
│   ├── UnknownPerson
│   ├── DeactivatedPerson
│   └── ForeignPerson
├── AlreadyAcknowledged     ALREADY_ACKNOWLEDGED
├── InvalidTransition       INVALID_TRANSITION
├── StillOpen               INVALID_TRANSITION
├── AlreadyThere            INVALID_TRANSITION
├── AlreadyOpen             INVALID_TRANSITION
├── NoFurtherLevel          NO_FURTHER_LEVEL
├── AlreadyExists           ALREADY_EXISTS
├── SlaNotConfigured        SLA_NOT_CONFIGURED
├── Conflict                CONFLICT
│   └── EscalatedMeanwhile
└── Unavailable             UNAVAILABLE
"""

from collections.abc import Iterable, Mapping
from datetime import datetime


class Refusal(Exception):
    """Why something was not done. Nothing has been changed."""

    code = "REFUSED"
    #: The moment that the sentence names, in UTC: Slack shows it in the reader's own zone.
    at: datetime | None = None

    def __init__(self, sentence: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        #: What is wrong with each field.
        self.details: Mapping[str, str] = details or {}


class Invalid(Refusal):
    """`Invalid(title="must have 1 to 200 characters")`: one sentence for each field."""

    code = "VALIDATION_ERROR"

    def __init__(self, /, **details: str) -> None:
        lines = [f"{field.replace('_', ' ').capitalize()} {what}." for field, what in details.items()]
        super().__init__(" ".join(lines), details)


class NotFound(Refusal):
    code = "NOT_FOUND"


class NotAllowed(Refusal):
    code = "FORBIDDEN"


class UnknownPerson(NotAllowed):
    def __init__(self) -> None:
        super().__init__(
            "Tocsin does not know you yet. Ask an admin to add you to the organization file "
            "with the e-mail address of your Slack account."
        )


class DeactivatedPerson(NotAllowed):
    def __init__(self) -> None:
        super().__init__("Your account is deactivated in Tocsin. Ask an admin to activate it again.")


class ForeignPerson(NotAllowed):
    def __init__(self) -> None:
        super().__init__(
            "Only members of this workspace can work on its incidents. Ask someone here to help."
        )


class AlreadyAcknowledged(Refusal):
    code = "ALREADY_ACKNOWLEDGED"

    def __init__(self, number: str, by: str, at: datetime) -> None:
        super().__init__(f"{number} was already acknowledged by {by} at {at:%H:%M} UTC.")
        self.number, self.by = number, by
        self.at: datetime = at

    def say_to_oneself(self) -> None:
        self.sentence = f"You have acknowledged {self.number} already, at {self.at:%H:%M} UTC."


class InvalidTransition(Refusal):
    """`wanted` is what it cannot: `become new`, `be assigned`."""

    code = "INVALID_TRANSITION"

    def __init__(self, number: str, was: str, allowed: Iterable[str], wanted: str) -> None:
        self.allowed = tuple(str(status) for status in allowed)
        super().__init__(
            f"{number} is {was} and cannot {wanted}. Allowed from here: {', '.join(self.allowed)}."
        )


class StillOpen(Refusal):
    """What is asked for belongs to an incident that is over."""

    code = "INVALID_TRANSITION"

    def __init__(self, number: str, status: str) -> None:
        super().__init__(f"{number} is {status}. Resolve or close it first; then it can be written up.")


class AlreadyThere(Refusal):
    """It is already as it is wanted, or even closed where it should be resolved; `by Ada at 03:15 UTC`."""

    code = "INVALID_TRANSITION"

    def __init__(
        self, number: str, status: str, allowed: Iterable[str], by: str = "", at: datetime | None = None
    ) -> None:
        reopen = " If it is back, reopen it: `/incident reopen`." if status == "closed" else ""
        #: The sentence without what is allowed instead.
        self.fact = f"{number} is {status} already{f' ({by})' if by else ''}.{reopen}"
        super().__init__(f"{self.fact} Allowed from here: {', '.join(map(str, allowed))}.")
        self.at = at


class AlreadyOpen(Refusal):
    """What is to be reopened is not over."""

    code = "INVALID_TRANSITION"

    def __init__(self, number: str, reopened: str | None, at: datetime | None = None) -> None:
        super().__init__(f"It is open already (reopened {reopened})." if reopened else f"{number} is open.")
        self.at = at


class AlreadyExists(Refusal):
    code = "ALREADY_EXISTS"


class NoFurtherLevel(Refusal):
    code = "NO_FURTHER_LEVEL"


class SlaNotConfigured(Refusal):
    code = "SLA_NOT_CONFIGURED"


class Conflict(Refusal):
    """Somebody else changed the same thing at the same moment."""

    code = "CONFLICT"


class EscalatedMeanwhile(Conflict):
    """Whoever escalates was shown other people than would be paged now."""

    def __init__(self, what_was_done: str, at: datetime) -> None:
        super().__init__(f"{what_was_done}. Look again before you escalate further.")
        self.at = at


class Unavailable(Refusal):
    """The database, or Slack, cannot take this now; nothing was done, or the sentence says that it may be."""

    code = "UNAVAILABLE"
