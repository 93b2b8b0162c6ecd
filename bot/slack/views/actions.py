"""The ids of what can be pressed. A button's value is the incident's number."""

import re

from bot.domain.errors import Invalid
from bot.domain.escalation import Shown, Standing
from bot.domain.ids import PersonId, ScheduleId, as_incident_number
from bot.slack.verbs import Verb

ACKNOWLEDGE = "acknowledge"
RESOLVE = "resolve"
#: The value is the number, how far the escalation had come when the button was made, and whom it named.
ESCALATE = "escalate"
PAGE = "page"
CLOSE = "close"
REOPEN = "reopen"
POSTMORTEM = "postmortem"
MORE = "more"
OPEN_CHANNEL = "open_channel"
OPEN_DECLARE = "open_declare"
SHOW = "show"
SHOW_MINE = "show_mine"
SHOW_OPEN = "show_open"
SHOW_ONCALL = "show_oncall"
#: The value is a schedule's handle, and who was shown to have its pager.
TAKE_OVER = "take_over"
#: The value is a schedule's handle, a stretch of one, or nothing.
OVERRIDE = "override"
SWAP = "swap"
#: The value is the swap's id.
ACCEPT_SWAP = "accept_swap"
DECLINE_SWAP = "decline_swap"

#: What the overflow menu of a card can hold.
CHOICES = (Verb.STATUS, Verb.SEVERITY, Verb.ASSIGN, Verb.NOTE, Verb.CLOSE, Verb.REOPEN)
_SHOWN = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})(?: ([0-9a-f]{8}))?")


def choice(verb: Verb, number: str) -> str:
    """The value of a choice in a card's menu."""
    return f"{verb}:{number}"


def parse_choice(value: str) -> tuple[Verb, str]:
    """Which choice of which incident. Raises Invalid when it is none that a card has."""
    word, _, text = value.partition(":")
    number = as_incident_number(text)
    if word not in CHOICES or number is None:
        raise Invalid(choice="is not on this card")
    return Verb(word), number


def escalation(number: str, shown: Shown) -> str:
    """The value of a button to escalate: `INC-2026-044 1.0.2 0f3c5a1e`."""
    standing = shown.standing
    return f"{number} {standing.round}.{standing.repeats}.{standing.level} {shown.people or ''}".strip()


def taking_over(schedule: ScheduleId, holder: PersonId | None) -> str:
    """The value of a button to take the pager: `platform ben`; `platform -` where nobody has it."""
    return f"{schedule} {holder or '-'}"


def parse_taking_over(value: str) -> tuple[ScheduleId, PersonId | None, bool]:
    """Which schedule, who was shown to have its pager, and whether that was shown: older ones do not say."""
    schedule, space, holder = value.partition(" ")
    return ScheduleId(schedule), PersonId(holder) if holder not in ("", "-") else None, bool(space)


def parse_escalation(value: str) -> tuple[str, Shown | None]:
    """Which incident, and what was shown of its escalation; cards of older versions do not say.

    Raises Invalid when it is none that a card has.
    """
    text, space, shown = value.partition(" ")
    number, found = as_incident_number(text), _SHOWN.fullmatch(shown)
    if number is None or (space and found is None):
        raise Invalid(button="is not on this card")
    if found is None:
        return number, None
    *standing, people = found.groups()
    return number, Shown(Standing(*map(int, standing)), people)
