"""What can stand first after `/incident`: the verbs with their synonyms, usage and help."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    HELP = "help"
    DECLARE = "declare"
    LIST = "list"
    SHOW = "show"
    ACKNOWLEDGE = "ack"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"
    STATUS = "status"
    SEVERITY = "severity"
    RENAME = "rename"
    ASSIGN = "assign"
    ESCALATE = "escalate"
    PAGE = "page"
    NOTE = "note"
    TIMELINE = "timeline"
    POSTMORTEM = "postmortem"
    ONCALL = "oncall"
    OVERRIDE = "override"
    SWAP = "swap"


@dataclass(frozen=True)
class Usage:
    #: Other words for the same.
    synonyms: tuple[str, ...]
    #: What follows the verb.
    words: str
    #: What it does, in one sentence.
    does: str


USAGE: Mapping[Verb, Usage] = {
    Verb.DECLARE: Usage(
        ("new", "create", "open", "start"),
        "[title] [--sev SEV1] [--service NAME …]",
        "Declare an incident; without a title a form asks for the rest.",
    ),
    Verb.LIST: Usage(
        ("ls", "all"), "[mine|all|SEVn|STATUS]", "List incidents; the open ones if nothing is said."
    ),
    Verb.SHOW: Usage(("info", "view", "get"), "[INC-…]", "Show an incident."),
    Verb.ACKNOWLEDGE: Usage(
        ("acknowledge", "acked"), "[INC-…]", "Take an incident: the escalation stops, it is yours."
    ),
    Verb.RESOLVE: Usage(("resolved", "fix", "fixed"), "[INC-…] [what fixed it]", "Resolve an incident."),
    Verb.CLOSE: Usage(
        ("closed",), "[INC-…] [why]", "Close an incident: resolved, a false alarm or a duplicate."
    ),
    Verb.REOPEN: Usage(("re-open",), "[INC-…] [why]", "Reopen an incident; the escalation starts again."),
    Verb.STATUS: Usage(
        ("state",),
        "[INC-…] [investigating|fixing|monitoring|resolved|closed] [comment]",
        "Change the status.",
    ),
    Verb.SEVERITY: Usage(("sev",), "[INC-…] [SEV0–SEV4]", "Change the severity; raising it escalates anew."),
    Verb.RENAME: Usage(("retitle",), "[INC-…] [title]", "Change the title; a form has the description too."),
    Verb.ASSIGN: Usage(("reassign", "give", "handover"), "[INC-…] [@someone|me]", "Assign an incident."),
    Verb.ESCALATE: Usage(("esc",), "[INC-…]", "Page the next level now."),
    Verb.PAGE: Usage(("call", "alert"), "[INC-…] [@someone …] [message]", "Page a person now."),
    Verb.NOTE: Usage(("comment", "log", "update"), "[INC-…] [text]", "Put a note on the timeline."),
    Verb.TIMELINE: Usage(("history", "events"), "[INC-…]", "Show all that happened."),
    Verb.POSTMORTEM: Usage(("pm", "retro", "writeup"), "[INC-…]", "Write the postmortem, or show it."),
    Verb.ONCALL: Usage(
        ("on-call", "who", "rota"),
        "[team|@someone|me] [when]",
        "Show who is on call, now or `tomorrow 9:00`, `sat`, …",
    ),
    Verb.OVERRIDE: Usage(("cover", "standin"), "[team]", "Put somebody on call for a time."),
    Verb.SWAP: Usage(("trade",), "", "Ask somebody to swap shifts with you."),
    Verb.HELP: Usage(("?", "-h", "--help"), "[command]", "Show what one can do."),
}

#: Each word that can stand first.
VERBS: Mapping[str, Verb] = {
    word: verb for verb, usage in USAGE.items() for word in (verb.value, *usage.synonyms)
}
#: Verbs that need an incident: its number may stand first.
ABOUT_ONE = frozenset(Verb) - {
    Verb.HELP,
    Verb.DECLARE,
    Verb.LIST,
    Verb.ONCALL,
    Verb.OVERRIDE,
    Verb.SWAP,
}
#: Verbs that take a number and nothing else: a bare `45` can only be meant as one.
ONLY_A_NUMBER = frozenset({Verb.SHOW, Verb.ACKNOWLEDGE, Verb.ESCALATE, Verb.TIMELINE, Verb.POSTMORTEM})
#: Verbs whose words may begin or end with an incident that is only mentioned.
OFTEN_MENTIONING = frozenset({Verb.NOTE, Verb.RENAME})
#: Verbs that take words of one's own.
WITH_WORDS = OFTEN_MENTIONING | {Verb.RESOLVE, Verb.CLOSE, Verb.REOPEN, Verb.STATUS, Verb.PAGE}
