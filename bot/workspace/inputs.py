"""What stands in inputs and menus: initial values, what a person enters, and what Slack's client refuses."""

import re
from typing import Any

from bot.workspace.blocks import all_options, interactive
from bot.workspace.errors import InputsRefused, WorkspaceError
from bot.workspace.state import Json

_KEY = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "overflow": ("selected_option", ""),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", ""),
}
_STATELESS = ("button", "overflow")


def initial(blocks: list[Json]) -> Json:
    """`state.values` of freshly shown blocks."""
    values: Json = {}
    for block in blocks:
        for element in interactive(block):
            if element["type"] not in _STATELESS:
                values.setdefault(block["block_id"], {})[element["action_id"]] = _initial(element)
    return values


def carried(fresh: Json, kept: Json) -> Json:
    """Fresh values, with what a person entered before wherever the same input is still there."""
    return {
        block_id: {
            action_id: old
            if (old := kept.get(block_id, {}).get(action_id)) and old["type"] == value["type"]
            else value
            for action_id, value in actions.items()
        }
        for block_id, actions in fresh.items()
    }


def _initial(element: Json) -> Json:
    key, source = _KEY[element["type"]]
    value = element.get(source) if source else None
    if value is None and key.endswith("s"):
        value = []
    return {"type": element["type"], key: value}


def entered(element: Json, value: Any) -> Json:
    """What a person put into an element, as it stands in `state.values` and in an action.

    `value` is a string (text, id, date, or the value or text of an option), a list of them, or Slack's own
    shape. Raises WorkspaceError for an option that is not there.
    """
    kind = element["type"]
    key, _ = _KEY[kind]
    if isinstance(value, dict) and (key in value or "value" in value):
        value = value.get(key, value.get("value"))
    elif isinstance(value, dict) and set(value) <= {"type"}:
        value = None
    if key == "selected_option" and value is not None:
        value = _option(element, value)
    elif key == "selected_options":
        value = [_option(element, one) for one in _many(value)]
    elif key.endswith("s"):
        value = [str(one) for one in _many(value)]
    elif key == "value" and value is not None:
        value = str(value)
    return {"type": kind, key: value}


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _option(element: Json, wanted: Any) -> Json:
    if isinstance(wanted, dict):
        if "external" in element["type"]:
            return wanted
        wanted = wanted.get("value")
    for option in all_options(element):
        if wanted in (option.get("value"), option["text"]["text"]):
            return option
    if "external" in element["type"]:
        return {"text": {"type": "plain_text", "text": str(wanted)}, "value": str(wanted)}
    there = ", ".join(str(option.get("value")) for option in all_options(element))
    raise WorkspaceError(f"{element.get('action_id')} has no option {wanted!r}, only: {there}.")


def fill(blocks: list[Json], values: Json, wanted: Json) -> Json:
    """`values` with what a person enters: block_id → a value, or block_id → action_id → a value."""
    filled = {block_id: dict(actions) for block_id, actions in values.items()}
    known = {
        block["block_id"]: [e for e in interactive(block) if e["type"] not in _STATELESS] for block in blocks
    }
    for block_id, value in wanted.items():
        elements = known.get(block_id)
        if not elements:
            raise WorkspaceError(
                f"The view has no input {block_id}, only: {', '.join(b for b in known if known[b])}."
            )
        ids = {element["action_id"] for element in elements}
        by_action = isinstance(value, dict) and bool(value) and set(value) <= ids
        for element in elements:
            action_id = element["action_id"]
            if not by_action and element is elements[0]:
                filled[block_id][action_id] = entered(element, value)
            elif by_action and action_id in value:
                filled[block_id][action_id] = entered(element, value[action_id])
    return filled


def refuse_incomplete(blocks: list[Json], values: Json) -> None:
    """Raise InputsRefused for what Slack's own client does not let through."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        value = values[block["block_id"]][element["action_id"]].get(_KEY[element["type"]][0])
        if value in (None, "", []) or (isinstance(value, str) and not value.strip()):
            sentence = "" if block.get("optional") else "Please complete this required field."
        else:
            sentence = _wrong(element, value)
        if sentence:
            errors[block["block_id"]] = sentence
    if errors:
        raise InputsRefused(errors)


def _wrong(element: Json, value: Any) -> str:
    """Why a filled input is refused; "" when it is fine."""
    match element["type"]:
        case "plain_text_input":
            low, high = element.get("min_length", 0), element.get("max_length", 3000)
            if len(value) > high:
                return f"Must be at most {high} characters."
            return f"Must be at least {low} characters." if len(value) < low else ""
        case "number_input":
            return _wrong_number(element, str(value))
        case "email_text_input":
            return "" if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value) else "Enter a valid email address."
        case "url_text_input":
            return "" if re.fullmatch(r"https?://\S+", value) else "Enter a valid URL."
        case _:
            most = element.get("max_selected_items")
            return f"Choose at most {most}." if most and len(value) > most else ""


def _wrong_number(element: Json, value: str) -> str:
    pattern = r"-?\d+(\.\d+)?" if element.get("is_decimal_allowed") else r"-?\d+"
    if not re.fullmatch(pattern, value):
        return "Enter a valid number."
    if element.get("min_value") is not None and float(value) < float(element["min_value"]):
        return f"Must be at least {element['min_value']}."
    if element.get("max_value") is not None and float(value) > float(element["max_value"]):
        return f"Must be at most {element['max_value']}."
    return ""
