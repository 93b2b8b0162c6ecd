"""What the command box proposes while one types."""

import re

from bot.workspace.state import Json, State

_MOST = 12


def items(state: State, text: str) -> list[Json]:
    """Commands, then the words of the command's usage hint, then people and channels."""
    word = re.split(r"\s", text)[-1]
    if word.startswith("@"):
        return _people(state, word[1:])
    if word.startswith("#"):
        return _channels(state, word[1:])
    commands = [command for app in state.apps for command in app.commands]
    if " " not in text:
        found = [one for one in commands if text.startswith("/") and one["command"].startswith(text)]
        return [{"text": one["command"], "description": one.get("description", "")} for one in found]
    name, _, typed = text.partition(" ")
    hint = next((one.get("usage_hint", "") for one in commands if one["command"] == name), "")
    words = re.findall(r"[\w-]+", hint.split("]")[0])
    if " " in typed.lstrip():
        return []
    return [{"text": one, "description": ""} for one in words if one.startswith(typed.strip())]


def _people(state: State, start: str) -> list[Json]:
    found = [
        {"text": f"@{user.name}", "description": user.real_name}
        for user in state.users.values()
        if user.name.startswith(start.lower()) and not user.is_bot and not user.deleted
    ]
    return found[:_MOST]


def _channels(state: State, start: str) -> list[Json]:
    found = [
        {"text": f"#{channel.name}", "description": channel.topic}
        for channel in state.channels.values()
        if not channel.is_im and channel.name.startswith(start.lower())
    ]
    return found[:_MOST]


def with_mentions(state: State, text: str) -> str:
    """What was typed as Slack sends it to an app that asks for escaping: `@ada` becomes `<@U1|ada>`."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    people = {user.name: user for user in state.users.values()}
    channels = {channel.name: channel for channel in state.channels.values() if channel.name}

    def person(match: re.Match[str]) -> str:
        user = people.get(match[1].lower())
        return f"<@{user.id}|{user.name}>" if user else match[0]

    def channel(match: re.Match[str]) -> str:
        found = channels.get(match[1].lower())
        return f"<#{found.id}|{found.name}>" if found else match[0]

    return re.sub(r"(?<![\w<])#([\w-]+)", channel, re.sub(r"(?<![\w<])@([\w.-]+)", person, text))
