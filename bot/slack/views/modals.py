"""Forms, and what was filled in. An input's block id is its field's name."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import Invalid, Refusal
from bot.domain.ids import as_incident_number
from bot.domain.incident import COMMENT_LIMIT, MOVES, TITLE_LIMIT, needs_comment
from bot.domain.organization import Organization, Service
from bot.domain.overview import Overview
from bot.domain.postmortem import FACT_LIMIT, REQUIRED, PostmortemLevel
from bot.domain.sla import Severity
from bot.slack.grammar import Verb
from bot.slack.views import card, kit
from bot.slack.views.kit import Block, Element

View = dict[str, Any]

VALUE = "value"
_TITLE = 24
_INPUT = 3000
#: Slack's menus hold a hundred choices.
_MORE_SERVICES = "Not all fit here. Name another one with: /incident declare --service NAME"
_WORST_TO_LEAST = {
    Severity.SEV0: "everything is down",
    Severity.SEV1: "critical: customers are hit",
    Severity.SEV2: "major: a part is broken",
    Severity.SEV3: "minor: there is a way around",
    Severity.SEV4: "low: cosmetic, or a question",
}


@dataclass(frozen=True)
class Metadata:
    """What a form carries along: its incident, and where it was asked for."""

    number: str | None
    channel_id: str | None

    def dumps(self) -> str:
        return json.dumps({"number": self.number, "channel_id": self.channel_id})

    @staticmethod
    def loads(text: str) -> "Metadata":
        """Raises Invalid for what no form of ours carries."""
        try:
            found = json.loads(text)
            number, channel_id = found["number"], found["channel_id"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise Invalid(form="is not one of Tocsin's") from None
        if number is not None and (not isinstance(number, str) or as_incident_number(number) is None):
            raise Invalid(form="names no incident")
        return Metadata(number, channel_id if isinstance(channel_id, str) else None)


def declare(
    organization: Organization,
    *,
    title: str,
    severity: Severity | None,
    services: Sequence[str],
    metadata: Metadata,
) -> View:
    named = dict.fromkeys(organization.service_named(name) for name in services)
    chosen = [one for one in named if one is not None and one.is_active][: kit.OPTIONS]
    active = [one for one in organization.services.values() if one.is_active and one not in chosen]
    offered = [*chosen, *active][: kit.OPTIONS]
    hint = _MORE_SERVICES if len(offered) < len(chosen) + len(active) else None
    severities = [kit.option(f"{one}: {what}", one) for one, what in _WORST_TO_LEAST.items()]
    picked = [one for one in severities if one["value"] == severity]
    blocks = [
        _input(
            "title", "What is wrong?", _text(title[:TITLE_LIMIT], limit=TITLE_LIMIT, hint="checkout is down")
        ),
        *([_services(offered, chosen, hint)] if offered else []),
        _input(
            "severity",
            "How bad is it?",
            _select(severities, picked[0] if picked else None, "As the services say"),
            optional=True,
        ),
        _input("description", "What do you see?", _text("", multiline=True), optional=True),
    ]
    return _modal(Verb.DECLARE, "Declare an incident", "Declare", blocks, metadata)


def _services(offered: Sequence[Service], chosen: Sequence[Service], hint: str | None) -> Block:
    element: Element = {
        "type": "multi_static_select",
        "action_id": VALUE,
        "options": [kit.option(one.name, one.key) for one in offered],
        "placeholder": kit.plain_text("Which services?", 150),
    }
    if chosen:
        element["initial_options"] = [kit.option(one.name, one.key) for one in chosen]
    return _input("services", "Services", element, optional=True, hint=hint)


def resolve(overview: Overview, metadata: Metadata) -> View:
    blocks = [_about(overview), _comment("What fixed it?")]
    return _modal(Verb.RESOLVE, "Resolve", "Resolve", blocks, metadata)


def close(overview: Overview, metadata: Metadata) -> View:
    blocks = [_about(overview), _comment("Why is it closed?", optional=not overview.incident.is_open)]
    return _modal(Verb.CLOSE, "Close", "Close", blocks, metadata)


def reopen(overview: Overview, metadata: Metadata) -> View:
    blocks = [_about(overview), _comment("Why is it reopened?")]
    return _modal(Verb.REOPEN, "Reopen", "Reopen", blocks, metadata)


def page(overview: Overview, metadata: Metadata) -> View:
    blocks = [
        _about(overview),
        _input("person", "Whom?", _person()),
        _input("message", "Message", _text("", multiline=True, limit=COMMENT_LIMIT), optional=True),
    ]
    return _modal(Verb.PAGE, "Page somebody", "Page", blocks, metadata)


def status(overview: Overview, metadata: Metadata) -> View:
    """Only statuses that are allowed from here."""
    was = overview.incident.status
    options = [kit.option(card.STATUS_WORD[to], to) for to in MOVES[was]]
    must_explain = all(needs_comment(was, to) for to in MOVES[was])
    blocks = [
        _about(overview),
        _input("status", "Status", _select(options, None, "Choose")),
        _comment("Comment", optional=not must_explain, hint="Required to resolve or close."),
    ]
    return _modal(Verb.STATUS, "Change status", "Change", blocks, metadata)


def severity(overview: Overview, metadata: Metadata) -> View:
    options = [kit.option(f"{one}: {what}", one) for one, what in _WORST_TO_LEAST.items()]
    current = next(one for one in options if one["value"] == overview.incident.severity)
    hint = "Raising it begins the escalation anew."
    blocks = [
        _about(overview),
        _input("severity", "Severity", _select(options, current, "Choose"), hint=hint),
    ]
    return _modal(Verb.SEVERITY, "Change severity", "Change", blocks, metadata)


def assign(overview: Overview, metadata: Metadata) -> View:
    return _modal(
        Verb.ASSIGN, "Assign", "Assign", [_about(overview), _input("person", "To whom?", _person())], metadata
    )


def note(overview: Overview, metadata: Metadata, text: str = "") -> View:
    blocks = [_about(overview), _input("note", "What happened?", _text(text[:_INPUT], multiline=True))]
    return _modal(Verb.NOTE, "Add a note", "Add", blocks, metadata)


def postmortem(
    overview: Overview, level: PostmortemLevel, resolution: str | None, metadata: Metadata
) -> View:
    """Asks for what the level requires; what the incident knows is filled in when it is written."""
    required = REQUIRED[level]

    def ask(field: str, label: str, initial: str = "", hint: str | None = None, limit: int = _INPUT) -> Block:
        text = _text(initial[:limit], multiline=True, limit=limit)
        return _input(field, label, text, optional=field not in required, hint=hint)

    blocks = [
        _about(overview),
        ask("summary", "What happened?"),
        ask("root_cause", "Why did it happen?"),
        ask("resolution", "What fixed it?", resolution or ""),
        ask("impact", "Who was affected, and how?", limit=FACT_LIMIT),
        ask("action_items", "What will be done about it?", hint="One item on each line."),
    ]
    return _modal(Verb.POSTMORTEM, "Postmortem", "Write", blocks, metadata)


def values(view: View) -> dict[str, Any]:
    """What was filled in, by field: texts, chosen values, Slack user ids, lists of values, or None."""
    state = (view.get("state") or {}).get("values") or {}
    return {field: _value(next(iter(inputs.values()))) for field, inputs in state.items() if inputs}


def _value(filled: dict[str, Any]) -> Any:
    if "selected_options" in filled:
        return [option["value"] for option in filled["selected_options"] or []]
    if option := filled.get("selected_option"):
        return option["value"]
    return filled.get("selected_user") or filled.get("value")


def errors_for(view: View, refusal: Refusal) -> dict[str, str]:
    """The refusal beside the inputs it speaks of, else beside the first one."""
    inputs = [block.get("block_id", "") for block in view.get("blocks", ()) if block.get("type") == "input"]
    named = {_FIELDS.get(field, field): what for field, what in refusal.details.items()}
    beside = {field: what[:1].upper() + what[1:] + "." for field, what in named.items() if field in inputs}
    return beside or {inputs[0] if inputs else "": refusal.sentence}


#: Where a refusal's field has another name in the form.
_FIELDS = {"service_ids": "services"}


def _modal(verb: Verb, title: str, submit: str, blocks: Sequence[Block], metadata: Metadata) -> View:
    return {
        "type": "modal",
        "callback_id": verb.value,
        "title": kit.plain_text(title, _TITLE),
        "submit": kit.plain_text(submit, _TITLE),
        "close": kit.plain_text("Cancel", _TITLE),
        "private_metadata": metadata.dumps(),
        "blocks": list(blocks),
    }


def _about(overview: Overview) -> Block:
    return kit.section(f"*{card.headline(overview.incident)}*")


def _comment(label: str, *, optional: bool = False, hint: str | None = None) -> Block:
    element = _text("", multiline=True, limit=COMMENT_LIMIT)
    return _input("comment", label, element, optional=optional, hint=hint)


def _input(
    field: str, label: str, element: Element, *, optional: bool = False, hint: str | None = None
) -> Block:
    block: Block = {
        "type": "input",
        "block_id": field,
        "label": kit.plain_text(label, 2000),
        "element": element,
        "optional": optional,
    }
    return block | {"hint": kit.plain_text(hint, 2000)} if hint else block


def _text(initial: str, *, multiline: bool = False, limit: int = _INPUT, hint: str | None = None) -> Element:
    element: Element = {
        "type": "plain_text_input",
        "action_id": VALUE,
        "multiline": multiline,
        "max_length": limit,
    }
    if initial:
        element["initial_value"] = initial
    if hint:
        element["placeholder"] = kit.plain_text(hint, 150)
    return element


def _select(options: list[Element], initial: Element | None, placeholder: str) -> Element:
    element: Element = {
        "type": "static_select",
        "action_id": VALUE,
        "options": options,
        "placeholder": kit.plain_text(placeholder, 150),
    }
    return element | {"initial_option": initial} if initial else element


def _person() -> Element:
    return {"type": "users_select", "action_id": VALUE, "placeholder": kit.plain_text("Choose a person", 150)}
