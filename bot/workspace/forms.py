"""What stands in a view's inputs: initial values, what was filled in, and what is missing."""

from typing import Any

from bot.workspace.state import Json

_KEYS = {
    "static_select": "selected_option",
    "radio_buttons": "selected_option",
    "multi_static_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
_INITIAL = {
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_conversation": "initial_conversation",
    "selected_channel": "initial_channel",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_date_time": "initial_date_time",
    "value": "initial_value",
}


def filled_in(view: Json, given: Json) -> Json:
    """`state.values` of the view: what was given by block id, else the initial values."""
    values: Json = {}
    for block in view["blocks"]:
        if block.get("type") != "input":
            continue
        element, block_id = block["element"], block["block_id"]
        key = _KEYS.get(element["type"], "value")
        value = (
            _as_slack_has_it(element, key, given[block_id]) if block_id in given else _initial(element, key)
        )
        values[block_id] = {element["action_id"]: {"type": element["type"], key: value}}
    return values


def _initial(element: Json, key: str) -> Any:
    return element.get(_INITIAL[key], [] if key.endswith("s") else None)


def _as_slack_has_it(element: Json, key: str, given: Any) -> Any:
    options = {option["value"]: option for option in _options(element)}
    if isinstance(given, dict):
        return given.get(key, given.get("value"))
    if key == "selected_option":
        return options.get(given, {"text": {"type": "plain_text", "text": str(given)}, "value": given})
    if key == "selected_options":
        return [options[value] for value in given]
    return given


def _options(element: Json) -> list[Json]:
    groups = element.get("option_groups") or []
    return [*element.get("options", ()), *[option for group in groups for option in group["options"]]]


def missing(view: Json, values: Json) -> dict[str, str]:
    """What Slack itself refuses before it asks the app: required inputs that are empty, texts too long."""
    wrong: dict[str, str] = {}
    for block in view["blocks"]:
        if block.get("type") != "input":
            continue
        (filled,) = values[block["block_id"]].values()
        value = next(iter([filled[key] for key in filled if key != "type"]), None)
        if not block.get("optional") and value in (None, "", []):
            wrong[block["block_id"]] = "Please complete this required field."
        longest = block["element"].get("max_length", 3000)
        if isinstance(value, str) and len(value) > longest:
            wrong[block["block_id"]] = f"Please shorten this to {longest} characters."
    return wrong


def state_in_page_shape(given: Json) -> Json:
    """From what the page sends (`state.values`) to what was given by block id."""
    return {block_id: next(iter(inputs.values())) for block_id, inputs in given.items() if inputs}
