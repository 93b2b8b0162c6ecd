"""Slack's events and shortcuts."""

from datetime import datetime
from typing import Any

import aiohttp
import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError

from bot.domain.errors import Refusal, UnknownPerson
from bot.domain.incident import OPEN
from bot.domain.overview import Wanted
from bot.domain.timeline import Actor
from bot.operations import look_up, rota
from bot.slack.grammar import Command, Verb
from bot.slack.listeners.forms import ask, show_declare
from bot.slack.listeners.front import Body, Front, react, user_of
from bot.slack.views import home, kit
from bot.slack.words import words
from storage.database import Connection

#: How many incidents the home tab shows.
SHOWN_AT_HOME = 10
#: How much of a message becomes the title of an incident declared from it.
_TITLE_FROM_MESSAGE = 150

log = structlog.get_logger()


def register(app: AsyncApp, front: Front) -> None:
    @app.event("app_home_opened")
    async def home_opened(body: Body, event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            await show_home(front, body)

    @app.shortcut("declare")
    async def declare(ack: AsyncAck, body: Body) -> None:
        await react(front, body, ack, _show_declare(front, body))

    @app.shortcut("declare_message")
    async def declare_message(ack: AsyncAck, body: Body) -> None:
        await react(front, body, ack, _show_declare(front, body))

    @app.shortcut("note_message")
    async def note_message(ack: AsyncAck, body: Body) -> None:
        await react(front, body, ack, _show_note(front, body))


async def show_home(front: Front, body: Body) -> None:
    """Bring the home tab up to date for who opened it."""

    def query(tx: Connection, now: datetime, actor: Actor) -> dict[str, Any]:
        person = look_up.organization(tx).person(actor.person_id)
        if person is None:
            raise UnknownPerson
        mine, _ = look_up.overviews(tx, now, Wanted(tuple(OPEN), assignee_id=actor.person_id), SHOWN_AT_HOME)
        everything, _ = look_up.overviews(tx, now, Wanted(tuple(OPEN)), SHOWN_AT_HOME)
        return home.home(person, mine, everything, rota.rota(tx, now, actor), now)

    try:
        view = await front.look(body, query)
    except Refusal as refusal:
        view = home.stranger(refusal)
    user_id, _ = user_of(body)
    try:
        await front.client.views_publish(user_id=user_id, view=view)
    except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
        log.warning("the home tab could not be shown", error=str(error))


async def _show_declare(front: Front, body: Body) -> None:
    """What does not fit the title stands in the description, with the rest."""
    said = words(body.get("message") or {})
    line = " ".join(said.split())
    command = Command(Verb.DECLARE, text=kit.shortened(line, _TITLE_FROM_MESSAGE))
    await show_declare(front, body, command, said if len(line) > _TITLE_FROM_MESSAGE else "")


async def _show_note(front: Front, body: Body) -> None:
    number = await front.number(body, None)
    await ask(front, body, number, Verb.NOTE, text=words(body.get("message") or {}))
