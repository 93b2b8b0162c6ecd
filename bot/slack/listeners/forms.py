"""Open the forms, to those who may submit them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.domain.organization import Organization
from bot.domain.overview import Overview
from bot.domain.rights import Right
from bot.domain.timeline import Actor
from bot.operations import look_up
from bot.operations.permit import permit
from bot.slack.grammar import Command
from bot.slack.listeners.front import Body, Front, asked_in
from bot.slack.verbs import Verb
from bot.slack.views import modals
from storage.database import Connection

Form = Callable[..., dict[str, Any]]

#: The forms about an incident, and the right without which nobody is asked to fill one in. Submitting is
#: checked by the operation, whatever was shown.
FORMS: Mapping[Verb, tuple[Form, Right]] = {
    Verb.RESOLVE: (modals.resolve, Right.RESOLVE),
    Verb.CLOSE: (modals.close, Right.CLOSE),
    Verb.REOPEN: (modals.reopen, Right.REOPEN),
    Verb.STATUS: (modals.status, Right.CHANGE_STATUS),
    Verb.SEVERITY: (modals.severity, Right.CHANGE_SEVERITY),
    Verb.ASSIGN: (modals.assign, Right.ASSIGN),
    Verb.PAGE: (modals.page, Right.PAGE),
    Verb.NOTE: (modals.note, Right.NOTE),
}


async def ask(front: Front, body: Body, number: str, verb: Verb, **words: Any) -> None:
    """The form is open. Raises NotFound, LacksRight."""
    form, right = FORMS[verb]

    def query(tx: Connection, now: datetime, actor: Actor) -> Overview:
        permit(actor, right, number)
        return look_up.overview(tx, look_up.incident(tx, number), now)

    overview = await front.look(body, query)
    view = form(overview, asked_in(body, overview.incident.number), **words)
    await front.show_modal(body, view)


async def show_declare(front: Front, body: Body, command: Command, description: str = "") -> None:
    """Ask for what a declaration needs, with what was said already filled in."""

    def query(tx: Connection, now: datetime, actor: Actor) -> Organization:
        permit(actor, Right.DECLARE)
        return look_up.organization(tx)

    view = modals.declare(
        await front.look(body, query),
        title=command.text,
        severity=command.severity,
        services=command.services,
        description=description,
        metadata=asked_in(body),
    )
    await front.show_modal(body, view)
