"""Slack's events and shortcuts."""

import re
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.slack.command import Command
from bot.slack.listeners.asked import Body
from bot.slack.listeners.forms import ask, show_declare
from bot.slack.listeners.front import Front, react
from bot.slack.listeners.shown_again import show_home
from bot.slack.verbs import Verb
from bot.slack.views import kit
from bot.slack.words import words

#: How much of a message becomes the title of an incident declared from it.
_TITLE_FROM_MESSAGE = 150


def register(app: AsyncApp, front: Front) -> None:
    @app.event("app_home_opened")
    async def home_opened(body: Body, event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            await show_home(front, body)

    @app.event(re.compile(""))
    async def anything_else() -> None:
        """It is acknowledged: Slack sends no events any more to an app that leaves too many unanswered."""

    @app.shortcut("declare")
    async def declare(ack: AsyncAck, body: Body) -> None:
        await react(front, body, ack, _show_declare(front, body))

    @app.shortcut("declare_message")
    async def declare_message(ack: AsyncAck, body: Body) -> None:
        await react(front, body, ack, _show_declare(front, body))

    @app.shortcut("note_message")
    async def note_message(ack: AsyncAck, body: Body) -> None:
        await react(front, body, ack, _show_note(front, body))


async def _show_declare(front: Front, body: Body) -> None:
    """What does not fit the title stands in the description, with the rest."""
    said = await _said(front, body)
    line = " ".join(said.split())
    command = Command(Verb.DECLARE, text=kit.shortened(line, _TITLE_FROM_MESSAGE))
    await show_declare(front, body, command, said if len(line) > _TITLE_FROM_MESSAGE else "")


async def _show_note(front: Front, body: Body) -> None:
    said = await _said(front, body)
    number = await front.number(body, None)
    await ask(front, body, number, Verb.NOTE, text=said)


async def _said(front: Front, body: Body) -> str:
    """The message that the shortcut was called on, as people see it."""
    message = body.get("message") or {}
    return words(message, await front.names(str(message)))
