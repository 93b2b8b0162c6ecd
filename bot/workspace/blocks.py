"""Block Kit: what Slack refuses, and why. Source: Slack's Block Kit reference, limits of 2026."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Json = dict[str, Any]
Problems = Iterator[str]

_SURFACES = {"message": 50, "modal": 100, "home": 100}
_SELECTS = {
    "static_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "external_select",
}
_MULTI_SELECTS = {f"multi_{name}" for name in _SELECTS}
_PICKERS = {"datepicker", "timepicker", "datetimepicker"}
_CHOICES = {"checkboxes", "radio_buttons"}
_INPUTS = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"}
_IN_ACTIONS = {"button", "overflow", *_SELECTS, *_MULTI_SELECTS, *_PICKERS, *_CHOICES}
_IN_INPUT = {*_INPUTS, *_SELECTS, *_MULTI_SELECTS, *_PICKERS, *_CHOICES}


def problems(blocks: Any, surface: str) -> list[str]:
    """Everything Slack would refuse in these blocks on a `message`, `modal` or `home`."""
    if not isinstance(blocks, list):
        return ["must be an array of blocks"]
    if len(blocks) > _SURFACES[surface]:
        return [f"no more than {_SURFACES[surface]} items allowed [json-pointer:/blocks]"]
    found: list[str] = []
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        where = f"/blocks/{place}"
        if not isinstance(block, dict):
            found.append(f"must be an object [json-pointer:{where}]")
            continue
        block_id = block.get("block_id")
        if block_id is not None and (str(block_id) in seen or len(str(block_id)) > 255):
            found.append(
                f"block_id must be unique and at most 255 characters [json-pointer:{where}/block_id]"
            )
        seen.add(str(block_id))
        check = _BLOCKS.get(str(block.get("type")))
        if check is None or (block["type"] == "input" and surface == "message"):
            found.append(f"unsupported type: {block.get('type')} [json-pointer:{where}]")
        else:
            found += [f"{what} [json-pointer:{where}]" for what in check(block)]
    return found


def view_problems(view: Json) -> list[str]:
    """Everything Slack would refuse in a view."""
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return ["type must be modal or home"]
    found = problems(view.get("blocks"), kind)
    if kind == "modal":
        found += _text(view, "title", 24, plain=True, required=True)
        found += [*_text(view, "submit", 24, plain=True), *_text(view, "close", 24, plain=True)]
        blocks = view.get("blocks")
        has_input = isinstance(blocks, list) and any(
            b.get("type") == "input" for b in blocks if isinstance(b, dict)
        )
        if has_input and "submit" not in view:
            found.append("submit is required when an input block is present")
    for name, limit in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if len(str(view.get(name) or "")) > limit:
            found.append(f"{name} must be at most {limit} characters")
    return found


def _text(holder: Json, name: str, limit: int, *, plain: bool = False, required: bool = False) -> Problems:
    text = holder.get(name)
    if text is None:
        if required:
            yield f"missing required field: {name}"
        return
    if not isinstance(text, dict) or text.get("type") not in (
        ("plain_text",) if plain else ("plain_text", "mrkdwn")
    ):
        yield f"{name} must be a {'plain_text' if plain else 'text'} object"
    elif not isinstance(text.get("text"), str) or not 1 <= len(text["text"]) <= limit:
        yield f"{name} must be 1 to {limit} characters"


def _section(block: Json) -> Problems:
    if "text" not in block and not block.get("fields"):
        yield "section needs text or fields"
    yield from _text(block, "text", 3000)
    fields = block.get("fields") or []
    if len(fields) > 10:
        yield "no more than 10 fields allowed"
    for field in fields:
        yield from _text({"field": field}, "field", 2000)
    if accessory := block.get("accessory"):
        yield from _element(accessory, _IN_ACTIONS | {"image"})


def _header(block: Json) -> Problems:
    return _text(block, "text", 150, plain=True, required=True)


def _context(block: Json) -> Problems:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
        yield "context needs 1 to 10 elements"
        return
    for element in elements:
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _image(element)
        else:
            yield from _text({"element": element}, "element", 2000)


def _actions(block: Json) -> Problems:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 25:
        yield "actions needs 1 to 25 elements"
        return
    ids = [element.get("action_id") for element in elements if isinstance(element, dict)]
    if len(set(ids)) != len(ids):
        yield "action_id must be unique in a block"
    for element in elements:
        yield from _element(element, _IN_ACTIONS)


def _input(block: Json) -> Problems:
    yield from _text(block, "label", 2000, plain=True, required=True)
    yield from _text(block, "hint", 2000, plain=True)
    yield from _element(block.get("element"), _IN_INPUT)


def _image(block: Json) -> Problems:
    if not block.get("alt_text") or not (block.get("image_url") or block.get("slack_file")):
        yield "image needs image_url and alt_text"


def _nothing(block: Json) -> Problems:
    return iter(())


_BLOCKS: Mapping[str, Callable[[Json], Problems]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "image": _image,
    "divider": _nothing,
    "rich_text": _nothing,
}


def _element(element: Any, allowed: set[str]) -> Problems:
    if not isinstance(element, dict) or element.get("type") not in allowed:
        yield f"unsupported element: {element.get('type') if isinstance(element, dict) else element}"
        return
    kind = element["type"]
    if kind == "image":
        yield from _image(element)
        return
    if len(str(element.get("action_id") or "")) > 255:
        yield "action_id must be at most 255 characters"
    yield from _text(element, "placeholder", 150, plain=True)
    if "confirm" in element:
        yield from _confirm(element["confirm"])
    if kind == "button":
        yield from _button(element)
    elif kind in ("overflow", *_CHOICES):
        yield from _options(element.get("options"), 5 if kind == "overflow" else 10)
    elif kind.endswith("static_select"):
        yield from _static_select(element)
    elif kind in _INPUTS and len(str(element.get("initial_value") or "")) > 3000:
        yield "initial_value must be at most 3000 characters"


def _button(element: Json) -> Problems:
    yield from _text(element, "text", 75, plain=True, required=True)
    if len(str(element.get("value") or "")) > 2000:
        yield "value must be at most 2000 characters"
    if element.get("style") not in (None, "primary", "danger"):
        yield "style must be primary or danger"
    if len(str(element.get("url") or "")) > 3000:
        yield "url must be at most 3000 characters"


def _static_select(element: Json) -> Problems:
    groups = element.get("option_groups")
    if groups is not None:
        if not 1 <= len(groups) <= 100:
            yield "option_groups must hold 1 to 100 groups"
        for group in groups:
            yield from _text(group, "label", 75, plain=True, required=True)
            yield from _options(group.get("options"), 100)
        return
    yield from _options(element.get("options"), 100)
    known = [option.get("value") for option in element.get("options") or ()]
    initial = [*element.get("initial_options", ()), *filter(None, [element.get("initial_option")])]
    if any(option.get("value") not in known for option in initial):
        yield "initial option must be one of the options"


def _options(options: Any, most: int) -> Problems:
    if not isinstance(options, Sequence) or not 1 <= len(options) <= most:
        yield f"must have 1 to {most} options"
        return
    for option in options:
        yield from _text(option, "text", 75, required=True)
        yield from _text(option, "description", 75)
        if not 1 <= len(str(option.get("value") or "")) <= 150:
            yield "option value must be 1 to 150 characters"


def _confirm(confirm: Any) -> Problems:
    if not isinstance(confirm, dict):
        yield "confirm must be an object"
        return
    yield from _text(confirm, "title", 100, plain=True, required=True)
    yield from _text(confirm, "text", 300, required=True)
    yield from _text(confirm, "confirm", 30, plain=True, required=True)
    yield from _text(confirm, "deny", 30, plain=True, required=True)
