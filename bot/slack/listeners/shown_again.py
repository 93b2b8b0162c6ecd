"""What somebody acted in is shown to them as it is now, where no delivery brings it up to date."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog

from bot.domain.errors import Refusal, UnknownPerson
from bot.domain.timeline import Actor
from bot.operations import look_up, rota
from bot.slack.listeners.asked import Body, user_of
from bot.slack.listeners.commands import shown
from bot.slack.listeners.front import UNHEARD, Front
from bot.slack.views import home
from storage.database import Connection

#: How many incidents the home tab shows.
SHOWN_AT_HOME = 10

log = structlog.get_logger()


async def show_card(front: Front, body: Body, card_url: str | None, number: str | None) -> None:
    """Put the incident's card in the place of the one that only they see; its response URL may be used up."""
    if card_url is None or number is None:
        return
    with suppress(Refusal):
        await front.replace(card_url, await shown(front, body, number))


async def show_home(front: Front, body: Body) -> None:
    """Bring the home tab up to date for who looks at it."""

    def query(tx: Connection, now: datetime, actor: Actor) -> dict[str, Any]:
        person = look_up.organization(tx).person(actor.person_id)
        if person is None:
            raise UnknownPerson
        mine = look_up.worst(tx, now, SHOWN_AT_HOME, assignee_id=actor.person_id)
        everything = look_up.worst(tx, now, SHOWN_AT_HOME)
        return home.home(person, mine, everything, rota.rota(tx, now, actor), now)

    try:
        view = await front.look(body, query)
    except Refusal as refusal:
        view = home.stranger(refusal)
    user_id, _ = user_of(body)
    try:
        await front.client.views_publish(user_id=user_id, view=view)
    except UNHEARD as error:
        log.warning("the home tab could not be shown", error=str(error))
