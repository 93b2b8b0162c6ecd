"""The ids of what can be pressed. A button's value is the incident's number."""

from bot.domain.errors import Invalid
from bot.domain.ids import as_incident_number
from bot.slack.grammar import Verb

ACKNOWLEDGE = "acknowledge"
RESOLVE = "resolve"
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
#: Of a schedule; the value is its handle.
TAKE_OVER = "take_over"
#: The value is a schedule's handle, a stretch of one, or nothing.
OVERRIDE = "override"
SWAP = "swap"
#: The value is the swap's id.
ACCEPT_SWAP = "accept_swap"
DECLINE_SWAP = "decline_swap"

#: What the overflow menu of a card can hold.
CHOICES = (Verb.STATUS, Verb.SEVERITY, Verb.ASSIGN, Verb.NOTE, Verb.CLOSE, Verb.REOPEN)


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
