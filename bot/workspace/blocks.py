"""Block Kit as Slack checks it: every problem with a pointer to its place, in Slack's words."""

import copy
import json
from typing import Any

from bot.workspace import block_rules as rules
from bot.workspace.errors import SlackError
from bot.workspace.state import Json, State

MESSAGE_BLOCKS, VIEW_BLOCKS, ATTACHMENTS = 50, 100, 100
#: All blocks of a message together, as JSON: not documented, but met by many, with `chat.postMessage` only.
#: https://github.com/slackapi/bolt-js/issues/2509
MESSAGE_TEXT = 13_200


def checked_message(state: State, blocks: Any) -> list[Json]:
    """Blocks ready to keep, each with a block_id. Raises `invalid_blocks` or `invalid_blocks_format`."""
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    check = _Check("message")
    check.blocks(blocks, "/blocks", MESSAGE_BLOCKS)
    if check.problems:
        raise SlackError(
            "invalid_blocks",
            errors=check.problems,
            response_metadata={"messages": [f"[ERROR] {problem}" for problem in check.problems]},
        )
    return with_ids(state, blocks)


def check_size(blocks: Any) -> None:
    """Raises `msg_blocks_too_long`."""
    if len(json.dumps(blocks, ensure_ascii=False)) > MESSAGE_TEXT:
        raise SlackError("msg_blocks_too_long")


def checked_content(state: State, text: Any, blocks: Any, attachments: Any) -> Json:
    """Text, blocks and attachments of a message, checked; None for what was not given."""
    if attachments is not None:
        whole = isinstance(attachments, list) and all(isinstance(one, dict) for one in attachments)
        if not whole:
            raise SlackError("invalid_attachments")
        if len(attachments) > ATTACHMENTS:
            raise SlackError("too_many_attachments")
        attachments = [
            {**one, "blocks": checked_message(state, one["blocks"])} if one.get("blocks") is not None else one
            for one in attachments
        ]
    return {
        "text": None if text is None else str(text),
        "blocks": checked_message(state, blocks) if blocks is not None else None,
        "attachments": attachments,
    }


def checked_view(state: State, view: Any, kind: str) -> Json:
    """A view ready to keep. Raises `invalid_arguments` with what is wrong; `kind` is modal or home."""
    problems = view_problems(view, kind)
    if problems:
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise SlackError("invalid_arguments", response_metadata={"messages": messages})
    return {**view, "blocks": with_ids(state, view["blocks"])}


def view_problems(view: Any, kind: str) -> list[str]:
    check = _Check(kind)
    if not isinstance(view, dict):
        check.fail("must provide an object", "/view")
    elif view.get("type") != kind:
        check.fail(f"must be {kind}", "/view/type")
    else:
        fields = rules.MODAL if kind == "modal" else rules.HOME
        check.object(view, "/view", fields, extra={"type", "blocks"})
        check.blocks(view.get("blocks"), "/view/blocks", VIEW_BLOCKS)
        has_input = any(isinstance(b, dict) and b.get("type") == "input" for b in view.get("blocks") or [])
        if kind == "modal" and has_input and not view.get("submit"):
            check.fail("must define `submit` to use an `input` block in modals", "/view")
    return check.problems


def with_ids(state: State, blocks: list[Json]) -> list[Json]:
    """A copy in which every block has a block_id and every interactive element an action_id."""
    kept = copy.deepcopy(blocks)
    for block in kept:
        block.setdefault("block_id", state.new_id("b"))
        for element in interactive(block):
            element.setdefault("action_id", state.new_id("a"))
    return kept


def interactive(block: Json) -> list[Json]:
    """The elements of a block that a person can act on."""
    found = [block.get("accessory"), block.get("element")]
    if block.get("type") == "actions":
        found += block.get("elements") or []
    return [e for e in found if isinstance(e, dict) and e.get("type") in rules.INTERACTIVE]


class _Check:
    """One walk over blocks, collecting problems; implements `block_rules.Check`."""

    def __init__(self, surface: str) -> None:
        self.surface = surface
        self.problems: list[str] = []

    def fail(self, message: str, pointer: str) -> None:
        self.problems.append(f"{message} [json-pointer:{pointer}]")

    def object(self, value: Json, at: str, fields: dict[str, rules.Field], extra: set[str]) -> None:
        for name, field in fields.items():
            if value.get(name) is not None:
                field.rule(self, value[name], f"{at}/{name}")
            elif field.required:
                self.fail(f"missing required field: {name}", at)
        for name in value:
            if name not in fields and name not in extra:
                self.fail(f"invalid additional property: {name}", at)

    def array(self, value: Any, at: str, most: int) -> list[Any]:
        if not isinstance(value, list):
            self.fail("must provide an array", at)
            return []
        if not value:
            self.fail("no fewer than 1 items allowed", at)
        if len(value) > most:
            self.fail(f"no more than {most} items allowed", at)
        return value

    def blocks(self, blocks: Any, at: str, most: int) -> None:
        if blocks == [] and self.surface != "modal":
            return
        seen: set[str] = set()
        for index, block in enumerate(self.array(blocks, at, most)):
            here = f"{at}/{index}"
            if not isinstance(block, dict):
                self.fail("must provide an object", here)
            elif str(block.get("type")) not in rules.BLOCKS or self._misplaced(block):
                self.fail(f"unsupported type: {block.get('type')}", f"{here}/type")
            else:
                self._block(block, here, seen)

    def _misplaced(self, block: Json) -> bool:
        return block["type"] == "markdown" and self.surface != "message"

    def _block(self, block: Json, at: str, seen: set[str]) -> None:
        self.object(block, at, rules.BLOCKS[block["type"]], extra={"type", "block_id"})
        block_id = block.get("block_id")
        if block_id is not None:
            rules.string(255, shortest=0).rule(self, block_id, f"{at}/block_id")
            if isinstance(block_id, str) and block_id in seen:
                self.fail(f"`block_id` already exists: {block_id}", f"{at}/block_id")
            seen.add(str(block_id))
        if block["type"] == "section" and not block.get("text") and not block.get("fields"):
            self.fail("must define either `text` or `fields`", at)
        if block["type"] == "image":
            self._image(block, at)
        ids = [e["action_id"] for e in interactive(block) if isinstance(e.get("action_id"), str)]
        for action_id in sorted({one for one in ids if ids.count(one) > 1}):
            self.fail(f"`action_id` already exists: {action_id}", at)

    def _image(self, image: Json, at: str) -> None:
        if not image.get("image_url") and not image.get("slack_file"):
            self.fail("must define either `image_url` or `slack_file`", at)

    # what the rules call
    def text(self, value: Any, pointer: str, longest: int, kinds: tuple[str, ...]) -> None:
        if not isinstance(value, dict):
            return self.fail("must provide an object", pointer)
        kind, words = value.get("type"), value.get("text")
        if kind not in kinds:
            return self.fail(f"must be one of: {', '.join(kinds)}", f"{pointer}/type")
        switches = {"plain_text": {"emoji"}, "mrkdwn": {"verbatim"}}[str(kind)]
        fields = {"text": rules.string(longest, required=True), **dict.fromkeys(switches, rules.FLAG)}
        if words == "":
            return self.fail("must be more than 0 characters", f"{pointer}/text")
        return self.object(value, pointer, fields, extra={"type"})

    def fields(self, value: Any, pointer: str) -> None:
        for index, field in enumerate(self.array(value, pointer, 10)):
            self.text(field, f"{pointer}/{index}", 2000, rules.ANY)

    def options(self, value: Any, pointer: str, most: int, kinds: tuple[str, ...]) -> None:
        for index, option in enumerate(self.array(value, pointer, most)):
            here = f"{pointer}/{index}"
            if not isinstance(option, dict):
                self.fail("must provide an object", here)
                continue
            self.object(
                option, here, {"text": rules.text(75, kinds, required=True), **rules.OPTION_FIELDS}, set()
            )

    def groups(self, value: Any, pointer: str) -> None:
        for index, group in enumerate(self.array(value, pointer, 100)):
            here = f"{pointer}/{index}"
            if not isinstance(group, dict):
                self.fail("must provide an object", here)
                continue
            fields = {"label": rules.text(75, required=True), "options": rules.options(100, required=True)}
            self.object(group, here, fields, set())

    def confirm(self, value: Any, pointer: str) -> None:
        if isinstance(value, dict):
            self.object(value, pointer, rules.CONFIRM_FIELDS, set())
        else:
            self.fail("must provide an object", pointer)

    def elements(self, value: Any, pointer: str, most: int, kinds: frozenset[str]) -> None:
        for index, element in enumerate(self.array(value, pointer, most)):
            self.element(element, f"{pointer}/{index}", kinds)

    def element(self, value: Any, pointer: str, kinds: frozenset[str]) -> None:
        if not isinstance(value, dict):
            return self.fail("must provide an object", pointer)
        kind = str(value.get("type"))
        if kind not in kinds:
            return self.fail(f"unsupported type: {kind}", f"{pointer}/type")
        if kind in rules.ANY:
            return self.text(value, pointer, 3000, rules.ANY)
        extra = {"type", "action_id"} if kind in rules.INTERACTIVE else {"type"}
        self.object(value, pointer, rules.ELEMENTS[kind], extra)
        if value.get("action_id") is not None and kind in rules.INTERACTIVE:
            rules.ACTION_ID.rule(self, value["action_id"], f"{pointer}/action_id")
        if kind == "image":
            self._image(value, pointer)
        return self._choices(value, pointer)

    def _choices(self, element: Json, pointer: str) -> None:
        if element["type"] in ("static_select", "multi_static_select"):
            given = [name for name in ("options", "option_groups") if element.get(name) is not None]
            if len(given) != 1:
                return self.fail("must define either `options` or `option_groups`", pointer)
        initial = element.get("initial_options")
        chosen = [element.get("initial_option"), *(initial if isinstance(initial, list) else [])]
        known = [option.get("value") for option in all_options(element)]
        for option in chosen:
            if option is None or "external" in element["type"]:
                continue
            if not isinstance(option, dict) or option.get("value") not in known:
                self.fail("initial option is not one of the options", pointer)
        return None


def all_options(element: Json) -> list[Json]:
    """The options of a menu, also those inside groups."""
    groups = element.get("option_groups")
    inside = [g.get("options") for g in groups if isinstance(g, dict)] if isinstance(groups, list) else []
    lists = [element.get("options"), *inside]
    return [o for options in lists if isinstance(options, list) for o in options if isinstance(o, dict)]
