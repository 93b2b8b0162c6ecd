"""What somebody acted in is shown to them as it is now, where no delivery brings it up to date."""

from contextlib import suppress

from bot.domain.errors import Refusal
from bot.slack.listeners.commands import shown
from bot.slack.listeners.front import Body, Front


async def show_card(front: Front, body: Body, card_url: str | None, number: str | None) -> None:
    """Put the incident's card in the place of the one that only they see; its response URL may be used up."""
    if card_url is None or number is None:
        return
    with suppress(Refusal):
        await front.replace(card_url, await shown(front, body, number))
