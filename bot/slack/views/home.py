"""The home tab."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.domain.errors import Refusal
from bot.domain.organization import Person
from bot.domain.overview import Overview
from bot.domain.rota import Rota
from bot.slack.command import Command
from bot.slack.verbs import Verb
from bot.slack.views import actions, answers, kit
from bot.slack.views import rota as rota_view
from bot.slack.views.kit import Block

#: Incidents that are shown, and how many there are.
Listed = tuple[Sequence[Overview], int]


def home(
    person: Person,
    mine: Listed,
    open_incidents: Listed,
    rota: Rota,
    now: datetime,
) -> dict[str, Any]:
    """What is mine, what is open, and who is on call. The worst comes first."""
    blocks: list[Block] = [
        kit.header(f"Hello {person.name}"),
        kit.row(kit.button("Declare incident", actions.OPEN_DECLARE, style="primary")),
        kit.divider(),
        *answers.listing(*mine, Command(Verb.LIST, mine=True), now, first="worst").blocks,
        kit.divider(),
        *answers.listing(*open_incidents, Command(Verb.LIST), now, first="worst").blocks,
        kit.divider(),
        *rota_view.oncall(rota).blocks,
    ]
    return {"type": "home", "blocks": blocks[: kit.BLOCKS_IN_VIEW]}


def stranger(refusal: Refusal) -> dict[str, Any]:
    """The home tab of somebody whom Tocsin does not serve: why not."""
    return {"type": "home", "blocks": [kit.section(kit.escape(refusal.sentence))]}
