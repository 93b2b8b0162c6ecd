"""The pieces of a form, and what was filled in. An input's block id is its field's name."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bot.domain.errors import Invalid, Refusal
from bot.domain.ids import SlackUserId, as_incident_number
from bot.slack.verbs import Verb
from bot.slack.views import kit
from bot.slack.views.kit import Block, Element

View = dict[str, Any]

VALUE = "value"
#: Where the values of a form say what it showed; no field of ours is called so.
SHOWN = "shown"
LONGEST = 3000
_TITLE = 24


@dataclass(frozen=True)
class Metadata:
    """What a form carries along: its incident, and where it was asked for."""

    number: str | None
    channel_id: str | None
    #: The response URL of a card that only this person sees.
    card_url: str | None = None
    is_from_home: bool = False

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def loads(text: str) -> "Metadata":
        """Raises Invalid for what no form of ours carries."""
        try:
            found = json.loads(text)
            number, channel_id, card_url = found["number"], found["channel_id"], found.get("card_url")
        except (ValueError, TypeError, KeyError, RecursionError):
            raise Invalid(form="is not one of Tocsin's") from None
        if number is not None and (not isinstance(number, str) or as_incident_number(number) is None):
            raise Invalid(form="names no incident")
        is_from_home = found.get("is_from_home") is True
        return Metadata(number, _text_or_none(channel_id), _text_or_none(card_url), is_from_home)


def _text_or_none(found: object) -> str | None:
    return found if isinstance(found, str) else None


def modal(verb: Verb, title: str, submit: str, blocks: Sequence[Block], metadata: Metadata) -> View:
    return {
        "type": "modal",
        "callback_id": verb.value,
        "title": kit.plain_text(title, _TITLE),
        "submit": kit.plain_text(submit, _TITLE),
        "close": kit.plain_text("Cancel", _TITLE),
        "private_metadata": metadata.dumps(),
        "blocks": list(blocks),
    }


def field(
    name: str, label: str, element: Element, *, optional: bool = False, hint: str | None = None
) -> Block:
    block: Block = {
        "type": "input",
        "block_id": name,
        "label": kit.plain_text(label, 2000),
        "element": element,
        "optional": optional,
    }
    return block | {"hint": kit.plain_text(hint, 2000)} if hint else block


def text(initial: str, *, multiline: bool = False, limit: int = LONGEST, hint: str | None = None) -> Element:
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


def select(options: list[Element], initial: Element | None, placeholder: str) -> Element:
    """A menu of at most a hundred choices."""
    element: Element = {
        "type": "static_select",
        "action_id": VALUE,
        "options": options,
        "placeholder": kit.plain_text(placeholder, 150),
    }
    return element | {"initial_option": initial} if initial else element


def grouped(groups: Sequence[tuple[str, list[Element]]], placeholder: str) -> Element:
    """A menu whose choices stand under headings."""
    return {
        "type": "static_select",
        "action_id": VALUE,
        "option_groups": [
            {"label": kit.plain_text(heading, kit.OPTION_TEXT), "options": options[: kit.OPTIONS]}
            for heading, options in groups[: kit.OPTIONS]
        ],
        "placeholder": kit.plain_text(placeholder, 150),
    }


def person(initial: SlackUserId | None = None) -> Element:
    element: Element = {
        "type": "users_select",
        "action_id": VALUE,
        "placeholder": kit.plain_text("Choose a person", 150),
    }
    return element | {"initial_user": initial} if initial else element


def moment(initial: datetime) -> Element:
    """A date and a time, which Slack shows in the reader's own zone."""
    seconds = int(initial.timestamp())
    return {"type": "datetimepicker", "action_id": VALUE, "initial_date_time": seconds}


def values(view: View) -> dict[str, Any]:
    """What was filled in, by field: texts, chosen values or lists of them, Slack user ids, Unix seconds.

    None where nothing was. Raises Invalid for what an input of ours does not give: whatever is returned has
    the type of its field.
    """
    state = (view.get("state") or {}).get("values") or {}
    found = {field: _value(next(iter(filled.values()))) for field, filled in state.items() if filled}
    strange = [field for field, value in found.items() if not _belongs(field, value)]
    if strange:
        raise Invalid(**dict.fromkeys(strange, "is not what this form asks for"))
    return found


def shown(view: View) -> dict[str, str]:
    """What stood in the texts of a form, and was chosen in its menus, when it was opened, by field."""
    found = {}
    for block in view.get("blocks", ()):
        element = block.get("element") or {}
        if element.get("type") == "plain_text_input":
            found[block.get("block_id", "")] = element.get("initial_value") or ""
        elif option := element.get("initial_option"):
            found[block.get("block_id", "")] = option.get("value") or ""
    return found


def _value(filled: dict[str, Any]) -> Any:
    if "selected_options" in filled:
        return [option.get("value") for option in filled["selected_options"] or []]
    if option := filled.get("selected_option"):
        return option.get("value")
    if "selected_date_time" in filled:
        return filled["selected_date_time"]
    return filled.get("selected_user") or filled.get("value")


#: Fields that are neither a text, a choice nor a person.
_LISTS, _MOMENTS = frozenset({"services"}), frozenset({"starts_at", "ends_at"})


def _belongs(field: str, value: object) -> bool:
    """Whether the field can hold this."""
    if field in _LISTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return value is None or isinstance(value, int if field in _MOMENTS else str)


def errors_for(view: View, refusal: Refusal) -> dict[str, str]:
    """The refusal beside the inputs it speaks of, else beside the first one."""
    inputs = [block.get("block_id", "") for block in view.get("blocks", ()) if block.get("type") == "input"]
    named = {_FIELDS.get(field, field): what for field, what in refusal.details.items()}
    beside = {field: what[:1].upper() + what[1:] + "." for field, what in named.items() if field in inputs}
    return beside or {inputs[0] if inputs else "": refusal.sentence}


#: Where a refusal's field has another name in the form.
_FIELDS = {"service_ids": "services"}
