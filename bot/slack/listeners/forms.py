"""Open the forms, to those who may submit them and while that can be done."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.domain.incident import Incident, Status, check_open
from bot.domain.organization import Organization
from bot.domain.overview import Overview
from bot.domain.rights import Right
from bot.domain.timeline import Actor
from bot.operations import look_up, respond
from bot.operations.permit import permit
from bot.slack.command import Command
from bot.slack.listeners.asked import Body, asked_in
from bot.slack.listeners.front import Front
from bot.slack.verbs import Verb
from bot.slack.views import modals
from storage.database import Connection

Form = Callable[..., dict[str, Any]]
Check = Callable[[Connection, datetime, Incident], None]


def _any(tx: Connection, now: datetime, incident: Incident) -> None:
    """Whatever has become of it."""


def _can(wanted: str) -> Check:
    return lambda tx, now, incident: check_open(incident, wanted)


def _can_end(to: Status) -> Check:
    return lambda tx, now, incident: respond.check_is_news(tx, now, incident, to)


#: The forms about an incident, the right without which nobody is asked to fill one in, and what refuses
#: where submitting it could only fail. Submitting is checked by the operation, whatever was shown.
FORMS: Mapping[Verb, tuple[Form, Right, Check]] = {
    Verb.RESOLVE: (modals.resolve, Right.RESOLVE, _can_end(Status.RESOLVED)),
    Verb.CLOSE: (modals.close, Right.CLOSE, _can_end(Status.CLOSED)),
    Verb.REOPEN: (modals.reopen, Right.REOPEN, respond.check_is_over),
    Verb.STATUS: (modals.status, Right.CHANGE_STATUS, _any),
    Verb.SEVERITY: (modals.severity, Right.CHANGE_SEVERITY, _any),
    Verb.RENAME: (modals.rename, Right.REWORD, _any),
    Verb.ASSIGN: (modals.assign, Right.ASSIGN, _can("be assigned")),
    Verb.PAGE: (modals.page, Right.PAGE, _can("be paged about")),
    Verb.NOTE: (modals.note, Right.NOTE, _any),
}


async def ask(front: Front, body: Body, number: str, verb: Verb, **words: Any) -> None:
    """The form is open. Raises NotFound, LacksRight, and what the operation would in any case."""
    form, right, check = FORMS[verb]

    def query(tx: Connection, now: datetime, actor: Actor) -> Overview:
        permit(actor, right, number)
        incident = look_up.incident(tx, number)
        check(tx, now, incident)
        return look_up.overview(tx, incident, now)

    overview = await front.look(body, query)
    view = form(overview, asked_in(body, overview.incident.number), **words)
    await front.show_modal(body, view)


async def show_declare(front: Front, body: Body, command: Command, description: str = "") -> None:
    """Ask for what a declaration needs, with what was said already filled in. Raises NotFound (a service)."""

    def query(tx: Connection, now: datetime, actor: Actor) -> Organization:
        permit(actor, Right.DECLARE)
        organized = look_up.organization(tx)
        for name in command.services:
            look_up.service(organized, name)
        return organized

    view = modals.declare(
        await front.look(body, query),
        title=command.text,
        severity=command.severity,
        services=command.services,
        description=description,
        metadata=asked_in(body),
    )
    await front.show_modal(body, view)
