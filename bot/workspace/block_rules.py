"""Block Kit's vocabulary: which fields each block and element has, and how long they may be.

Source: https://docs.slack.dev/reference/block-kit/ and the limits beside our specification.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class Check(Protocol):
    """What a rule needs of the walk over the blocks."""

    def fail(self, message: str, pointer: str) -> None: ...
    def text(self, value: Any, pointer: str, longest: int, kinds: tuple[str, ...]) -> None: ...
    def options(self, value: Any, pointer: str, most: int, kinds: tuple[str, ...]) -> None: ...
    def groups(self, value: Any, pointer: str) -> None: ...
    def confirm(self, value: Any, pointer: str) -> None: ...
    def elements(self, value: Any, pointer: str, most: int, kinds: frozenset[str]) -> None: ...
    def element(self, value: Any, pointer: str, kinds: frozenset[str]) -> None: ...
    def fields(self, value: Any, pointer: str) -> None: ...


Rule = Callable[[Check, Any, str], None]
PLAIN, ANY = ("plain_text",), ("plain_text", "mrkdwn")


@dataclass(frozen=True)
class Field:
    rule: Rule
    required: bool = False


def text(longest: int, kinds: tuple[str, ...] = PLAIN, *, required: bool = False) -> Field:
    return Field(lambda check, value, at: check.text(value, at, longest, kinds), required)


def string(longest: int, *, required: bool = False, shortest: int = 1) -> Field:
    def rule(check: Check, value: Any, at: str) -> None:
        if not isinstance(value, str):
            check.fail("must be a string", at)
        elif len(value) < shortest:
            check.fail(f"must be more than {shortest - 1} characters", at)
        elif len(value) > longest:
            check.fail(f"must be less than {longest + 1} characters", at)

    return Field(rule, required)


def one_of(*allowed: str) -> Field:
    def rule(check: Check, value: Any, at: str) -> None:
        if value not in allowed:
            check.fail(f"must be one of: {', '.join(allowed)}", at)

    return Field(rule)


def integer(low: int, high: int) -> Field:
    def rule(check: Check, value: Any, at: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            check.fail("must be an integer", at)
        elif not low <= value <= high:
            check.fail(f"must be between {low} and {high}", at)

    return Field(rule)


def _flag(check: Check, value: Any, at: str) -> None:
    if not isinstance(value, bool):
        check.fail("must be a boolean", at)


def _object(check: Check, value: Any, at: str) -> None:
    if not isinstance(value, dict):
        check.fail("must be an object", at)


def _array(check: Check, value: Any, at: str) -> None:
    if not isinstance(value, list):
        check.fail("must be an array", at)


FLAG, OBJECT, ARRAY = Field(_flag), Field(_object), Field(_array)
CONFIRM = Field(lambda check, value, at: check.confirm(value, at))
GROUPS = Field(lambda check, value, at: check.groups(value, at))
FIELDS = Field(lambda check, value, at: check.fields(value, at))
ACTION_ID, ID = string(255), string(255)


def options(most: int, kinds: tuple[str, ...] = PLAIN, *, required: bool = False) -> Field:
    return Field(lambda check, value, at: check.options(value, at, most, kinds), required)


def elements(most: int, kinds: frozenset[str]) -> Field:
    return Field(lambda check, value, at: check.elements(value, at, most, kinds), required=True)


def element(kinds: frozenset[str], *, required: bool = False) -> Field:
    return Field(lambda check, value, at: check.element(value, at, kinds), required)


_MENU = {"placeholder": text(150), "confirm": CONFIRM, "focus_on_load": FLAG}
_MANY = {**_MENU, "max_selected_items": integer(1, 10_000)}
_TYPED = {"placeholder": text(150), "focus_on_load": FLAG, "dispatch_action_config": OBJECT}
_IMAGE = {"image_url": string(3000), "slack_file": OBJECT, "alt_text": string(2000, required=True)}

#: Elements that people act on; each may have an action_id besides these fields.
INTERACTIVE: dict[str, dict[str, Field]] = {
    "button": {
        "text": text(75, required=True),
        "url": string(3000),
        "value": string(2000, shortest=0),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
    "static_select": {**_MENU, "options": options(100), "option_groups": GROUPS, "initial_option": OBJECT},
    "external_select": {**_MENU, "initial_option": OBJECT, "min_query_length": integer(0, 100)},
    "users_select": {**_MENU, "initial_user": ID},
    "conversations_select": {
        **_MENU,
        "initial_conversation": ID,
        "default_to_current_conversation": FLAG,
        "response_url_enabled": FLAG,
        "filter": OBJECT,
    },
    "channels_select": {**_MENU, "initial_channel": ID, "response_url_enabled": FLAG},
    "multi_static_select": {
        **_MANY,
        "options": options(100),
        "option_groups": GROUPS,
        "initial_options": ARRAY,
    },
    "multi_external_select": {**_MANY, "initial_options": ARRAY, "min_query_length": integer(0, 100)},
    "multi_users_select": {**_MANY, "initial_users": ARRAY},
    "multi_conversations_select": {
        **_MANY,
        "initial_conversations": ARRAY,
        "default_to_current_conversation": FLAG,
        "filter": OBJECT,
    },
    "multi_channels_select": {**_MANY, "initial_channels": ARRAY},
    "overflow": {"options": options(5, required=True), "confirm": CONFIRM},
    "datepicker": {**_MENU, "initial_date": string(10)},
    "timepicker": {**_MENU, "initial_time": string(5), "timezone": string(100)},
    "datetimepicker": {
        "initial_date_time": integer(0, 9_999_999_999),
        "confirm": CONFIRM,
        "focus_on_load": FLAG,
    },
    "checkboxes": {
        "options": options(10, ANY, required=True),
        "initial_options": ARRAY,
        "confirm": CONFIRM,
        "focus_on_load": FLAG,
    },
    "radio_buttons": {
        "options": options(10, ANY, required=True),
        "initial_option": OBJECT,
        "confirm": CONFIRM,
        "focus_on_load": FLAG,
    },
    "plain_text_input": {
        **_TYPED,
        "multiline": FLAG,
        "initial_value": string(3000, shortest=0),
        "min_length": integer(0, 3000),
        "max_length": integer(1, 3000),
    },
    "number_input": {
        **_TYPED,
        "is_decimal_allowed": Field(_flag, required=True),
        "initial_value": string(100, shortest=0),
        "min_value": string(100),
        "max_value": string(100),
    },
    "email_text_input": {**_TYPED, "initial_value": string(3000, shortest=0)},
    "url_text_input": {**_TYPED, "initial_value": string(3000, shortest=0)},
    "rich_text_input": {**_TYPED, "initial_value": OBJECT},
    "file_input": {"filetypes": ARRAY, "max_files": integer(1, 10)},
}
TYPED = frozenset(name for name in INTERACTIVE if name.endswith("_input"))
PRESSABLE = frozenset(INTERACTIVE) - TYPED
ELEMENTS: dict[str, dict[str, Field]] = {**INTERACTIVE, "image": _IMAGE}

BLOCKS: dict[str, dict[str, Field]] = {
    "section": {
        "text": text(3000, ANY),
        "fields": FIELDS,
        "accessory": element(PRESSABLE | {"image"}),
        "expand": FLAG,
    },
    "header": {"text": text(150, required=True)},
    "divider": {},
    "context": {"elements": elements(10, frozenset({"image", "plain_text", "mrkdwn"}))},
    "actions": {"elements": elements(25, PRESSABLE)},
    "input": {
        "label": text(2000, required=True),
        "element": element((PRESSABLE | TYPED) - {"button", "overflow"}, required=True),
        "hint": text(2000),
        "optional": FLAG,
        "dispatch_action": FLAG,
    },
    "image": {**_IMAGE, "title": text(2000)},
    "rich_text": {"elements": Field(_array, required=True)},
    "markdown": {"text": string(12_000, required=True)},
}

MODAL: dict[str, Field] = {
    "title": text(24, required=True),
    "submit": text(24),
    "close": text(24),
    "private_metadata": string(3000, shortest=0),
    "callback_id": string(255, shortest=0),
    "external_id": string(255, shortest=0),
    "clear_on_close": FLAG,
    "notify_on_close": FLAG,
    "submit_disabled": FLAG,
}
HOME = {name: MODAL[name] for name in ("private_metadata", "callback_id", "external_id")}
CONFIRM_FIELDS: dict[str, Field] = {
    "title": text(100, required=True),
    "text": text(300, ANY, required=True),
    "confirm": text(30, required=True),
    "deny": text(30, required=True),
    "style": one_of("primary", "danger"),
}
OPTION_FIELDS: dict[str, Field] = {
    "value": string(150, required=True),
    "description": text(75, ANY),
    "url": string(3000),
}
